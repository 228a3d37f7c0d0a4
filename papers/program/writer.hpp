// Private to program: writes the statements of one script.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "papers/program/script.hpp"

namespace automodel::papers {

/// Thrown within `program` only.
struct GenerateFailure {
  Error error;
};

/// A number as TorchScript reads it: with a point.
std::string number_text(double value);

/// An expression of the script and how its tensor's dimensions are laid out: the batch first where `batched`, then `axes`.
struct Code {
  std::string text;
  std::vector<AxisId> axes;
  bool batched = false;
  bool atom = false;  // a name: can be used twice

  std::size_t dimensions() const { return axes.size() + (batched ? 1 : 0); }
};

class ScriptWriter {
 public:
  ScriptWriter(const Method& method, const Typed& typed, const SizeValues& values, const ScriptLimits& limits);
  Script write() &&;

 private:
  /// Statements of one loop's body, or of the function.
  struct Block {
    std::optional<LoopId> loop;
    std::string text;
    int indent = 1;
  };

  // sizes
  std::int64_t number(const Dimension& dimension, Span span) const;
  std::int64_t size(AxisId axis) const { return sizes_[axis]; }
  std::string size_text(AxisId axis) const;
  void find_sizes();
  void count_uses();
  void visit(TermId id, std::vector<bool>& seen);
  void need_axes(const Term& term);
  std::optional<double> constant(TermId id) const;
  std::optional<double> constant_of_map(const Term& term) const;

  // writer.cpp
  Code value(TermId id);
  Code make(TermId id);
  Block& block_for(const std::set<LoopId>& loops);
  void line(Block& block, const std::string& text) const;
  std::string unique(const std::string& name);
  Code as_name(Block& block, Code code, const std::string& hint);
  std::string where(Span span) const;
  std::string latex(Span span) const;
  void declare(const Term& term);
  std::int64_t rounds(LoopId id) const;
  [[noreturn]] void fail_at(std::string code, std::string message, Span span, std::string hint = {}) const;
  const std::string& counter_of(LoopId loop, Span span) const;

  // layout.cpp
  Code permuted(Code code, const std::vector<AxisId>& order) const;
  std::string broadcast(Code code, const std::vector<AxisId>& target) const;
  Code full(Code code, const std::vector<AxisId>& target) const;
  int position(const Code& code, AxisId axis) const;

  // operations.cpp
  Code map(const Term& term);
  Code join(const Term& term);
  Code subset(const Term& term);
  Code at(const Term& term);
  Code reduce(const Term& term);
  Code softmax(const Term& term);
  Code dropout(const Term& term);
  Code normal(const Term& term);
  Code definition(const Term& term);
  Code norm_layer(const Term& term);
  std::string tuples(std::int64_t count, std::uint32_t order);

  // histories.cpp
  Code look_up(const Term& term);
  Code real(const Term& term);
  Code narrow(const Term& term);
  struct Conditions {
    std::string text;
    std::set<LoopId> loops;
    bool batched = false;
  };
  Conditions conditions_of(const Term& term, std::size_t first, const std::vector<AxisId>& target);
  Code hidden(const Term& term, const std::vector<AxisId>& target);
  std::int64_t history_length() const;

  // attention.cpp
  Code attention(const Term& term);

  // graph.cpp
  Code degree(const Term& term);
  Code gather(const Term& term);
  Code sum_edges(const Term& term);
  Code spread(Code code, const std::vector<AxisId>& target) const;

  // contraction.cpp
  Code contract(const Term& term);
  Code pair(const Code& a, const Code& b, const std::set<AxisId>& keep);
  Code sum(Code code, const std::vector<AxisId>& over) const;
  double cost(const Code& a, const Code& b) const;

  // loops.cpp
  void write_loop(LoopId id);
  std::string round(LoopId id, const std::string& letter, const std::set<std::size_t>& wanted, int indent);
  Code all_rounds(const Term& term);

  const Method& method_;
  const Typed& typed_;
  SizeValues values_;
  ScriptLimits limits_;
  Sizes whole_values_;
  Script out_;
  std::vector<std::int64_t> sizes_;  // of axes
  std::vector<std::uint32_t> uses_;  // of terms
  std::vector<Code> done_;           // of terms, where text is not empty
  std::vector<Block> blocks_;        // the function, then the loops that are open
  std::set<std::string> names_;      // of variables
  std::set<LoopId> written_;
  bool has_real_ = false;            // `real` is written
  std::map<std::string, std::string> parameter_names_;  // in the script, by key
  std::set<std::string> declared_;   // parameters and look-ups, by key
  std::map<LoopId, std::string> loop_letters_;  // as variables
  std::map<std::pair<LoopId, std::size_t>, std::string> state_names_;
  std::set<std::pair<LoopId, std::size_t>> asked_;      // states whose last value is asked for
  std::map<const Term*, std::string> masks_;            // of dropouts
  std::set<std::pair<LoopId, std::size_t>> collected_;  // states whose every value is asked for
};

}  // namespace automodel::papers
