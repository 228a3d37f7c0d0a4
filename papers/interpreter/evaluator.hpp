// Private to interpreter.
#pragma once

#include <optional>

#include "papers/interpreter/interpreter.hpp"

namespace automodel::papers {

struct InterpreterFailure {
  Error error;
};

class Evaluator {
 public:
  Evaluator(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given);
  double answer();
  double added_loss();

 private:
  /// A letter's value, and what else it runs over: alone, or increasing together with others.
  struct Bound {
    std::int64_t value = 0, low = 0, high = 0;
    std::vector<std::string> together;  // i < j < …
    bool history = false;               // its values are positions of the history
  };
  struct Scope {
    std::map<std::string, Bound> letters;
    std::map<std::string, Array> formals;
    std::map<std::string, Range> ranges;
    std::string wrapped;
    std::size_t wrapped_definition = 0;
    bool absent = false;  // of rounds: there is nothing at this position, or a condition does not hold
  };
  using Indices = std::vector<std::int64_t>;
  using Rounds = std::vector<Scope>;  // one for each value of what an index runs over

  double last_definition(const Quantity& quantity, bool without_sigma);
  Array value(const Node& node, const Scope& scope, int rank = -1);
  Array symbol(const Node& node, const Scope& scope);
  bool of_earlier_round(const Quantity& quantity, const Indices& indices, const Scope& scope) const;
  Array instance(const Quantity& quantity, Indices indices, std::size_t upto, bool of_history);
  Array look_up(const Quantity& quantity, Indices indices, bool of_history);
  bool over_history(const Dimension& high) const;
  bool is_absent(const Quantity& quantity, Indices& indices);
  Array call_function(const Quantity& quantity, const Node& name, const Node& arguments, const Scope& scope);
  Array definition(const Quantity& quantity, const Definition& definition, Scope scope);
  const Definition* pick(const Quantity& quantity, const Indices& indices, std::size_t upto, std::size_t& number);
  bool match(const Definition& definition, const Indices& indices, Scope& scope);
  Array at(const Array& whole, const std::vector<Range>& ranges, const Indices& indices);

  Array product(const Node& node, const Scope& scope);
  Array multiply(const Array& a, const Array& b);
  Array call(const Node& node, const Scope& scope, int rank);
  Array mlp(const Node& node, const Scope& scope, int rank);
  Array layer_norm(const Node& node, const Scope& scope);
  Array gru(const Node& node, const Scope& scope);
  Array attention(const Node& node, const Scope& scope);
  Array attended(const Node& node, const Array& q, const Array& k, const Array& v, const Scope& scope);
  Array multi_head(const Node& node, const Scope& scope);
  bool is_matrix_condition(const std::vector<Node>& sub, const Scope& scope) const;
  Scope at_row(const Node& relation, std::int64_t row, std::int64_t column, Scope scope) const;
  Array softmax(const Node& node, const Scope& scope);
  Array big(const std::string& name, const std::vector<Node>& sub, const std::vector<Node>& sup, const Node& body,
            const Scope& scope, int rank);
  Array family(const Node& node, const Scope& scope, int rank);
  Array list(const Node& node, const Scope& scope, int rank);
  Array power(const Node& scripts, Array base, const Scope& scope);
  Array neighbours(Naming::Side side, const Node& body, const Scope& scope, int rank);
  const std::vector<std::int64_t>& neighbours_of(Naming::Side side) const;
  Rounds rounds(std::vector<Node> sub, const std::vector<Node>& sup, const Node& body, const Scope& scope);
  Array weight(const std::string& key, const Indices& indices);

  static Array both(const Array& a, const Array& b, double (*f)(double, double));
  static Array joined(const std::vector<Array>& parts);
  static Array side_by_side(const std::vector<Array>& parts);
  static Array laid_out(const std::vector<Array>& parts, int rank, std::int64_t absent);
  static Array transposed(Array value);
  std::int64_t index(const Node& node, const Scope& scope);
  std::int64_t size(const Dimension& dimension) const;
  [[noreturn]] void stop(const std::string& message, Span span) const;

  const Method& method_;
  const Typed& typed_;
  const SizeValues& sizes_;
  Sizes whole_;
  const GivenValues& given_;
  std::map<std::string, Array> known_;  // instances of definitions
  std::int64_t user_ = 0, item_ = 0;    // of a graph: whom u and v stand for
  std::optional<std::int64_t> item_is_;  // the position of the history whose item stands for the candidate
  std::int64_t first_ = 0;              // position of the history that there really is
  int depth_ = 0;
};

}  // namespace automodel::papers
