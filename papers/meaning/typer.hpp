// Private to meaning: syntax trees -> terms. Sizes are solved by unification on the way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "papers/meaning/term.hpp"

namespace automodel::papers {

/// A term with its mathematical shape: the last `rank` axes.
struct Shaped {
  TermId term = 0;
  std::uint8_t rank = 0;
  bool row = false;  // a transposed vector
};

/// What an index letter stands for where an expression is read.
struct IndexValue {
  enum class Kind : std::uint8_t { axis, component, loop, constant } kind = Kind::constant;
  AxisId axis = 0;                         // axis, component
  std::uint32_t component = 0, order = 0;  // component: of the subsets along `axis`
  LoopId loop = 0;
  Dimension offset;  // added to the letter; or the constant
  Range range;       // of the letter (not for constants)
  std::vector<TermId> conditions;  // axis: true where the letter takes the value, such as j <= t
  bool of_history = false;         // `s_t`: the item there
};

struct Scope {
  std::map<std::string, IndexValue> letters;
  std::map<std::string, Shaped> formals;  // arguments of a function that is being inlined, by key
  std::map<std::string, Range> ranges;    // said beside the equation
  std::string wrapped;                    // key of the quantity that the definition wraps, with …
  std::size_t wrapped_definition = 0;     // … the definition that it changes
};

/// Thrown within `meaning` only: one equation's error ends that equation.
struct Failure {
  Problem problem;
};

class Typer {
  friend class Hoister;

 public:
  explicit Typer(const Method& method) : method_(method) {}
  Typed type() &&;

 private:
  static constexpr int kUnknownRank = -1;
  using Values = std::vector<IndexValue>;

  // typer.cpp: whole definitions
  void give_sizes();
  void type_output();
  void type_added_loss();
  void ask_for_open_sizes();
  Shaped type_definition(const Quantity& quantity, const Definition& definition, Scope& scope);
  void check_declared(const Quantity& quantity, const Shaped& value, Span span);

  // expressions.cpp
  Shaped expression(const Node& node, Scope& scope, int rank = kUnknownRank);
  Shaped value_of(const Node& node, Scope& scope, int rank);
  Shaped sum_of(const Node& node, Scope& scope, int rank);
  Shaped to_each_row(const Node& node, Shaped matrix, Shaped vector);
  Shaped cases(const Node& node, Scope& scope, int rank);
  Shaped with_power(const Node& node, Shaped value, Scope& scope);
  Shaped norm(const Node& node, Scope& scope);
  std::optional<double> number_of(const Node& node) const;

  // products.cpp
  Shaped product(const Node& node, Scope& scope, int rank);
  Shaped multiply(const Node& where, Shaped a, Shaped b);
  Shaped elementwise_product(const Node& where, Shaped a, Shaped b);
  Shaped inner(const Node& node, Scope& scope);
  Shaped outer(const Node& where, Shaped a, Shaped b);
  Shaped dot(const Node& where, Shaped a, Shaped b);

  // sums.cpp: what runs over an index
  struct Bound {
    std::vector<std::string> letters;
    std::optional<Node> low, high;  // of a single letter
    bool increasing = false;        // i < j < …
    std::vector<Node> conditions;   // relations of the last letter with others that are bound already: j <= t, j != i
  };
  /// An axis that is reduced, and where what is along it counts.
  struct Running {
    AxisId axis = 0;
    std::vector<TermId> masks;
  };
  Bound bound_of(const std::vector<Node>& sub, const std::vector<Node>& sup, const Scope& scope, Span span) const;
  std::vector<Running> bind(const Bound& bound, const Node& body, Scope& scope, Span span);
  std::optional<Range> widest(const Bound& bound, const Scope& scope) const;
  Range range_of(const std::string& letter, const Node& body, const Scope& scope, Span span) const;
  Shaped big(const Node& node, Scope& scope, int rank);
  std::optional<Shaped> pair_sum(const Bound& bound, const Node& body, Scope& scope, Span span);
  Shaped sum_over(const Bound& bound, const Node& body, Scope& scope, int rank, Span span);
  Shaped reduce(const std::string& name, Shaped body, const Running& over, Span span);
  Shaped softmax(const Node& node, Scope& scope);
  Running softmax_over(const Node& node, Scope& scope);
  std::optional<TermId> condition_of(const Node& relation, const IndexValue& value, Scope& scope);

  // joins.cpp: what is laid out one after the other
  Shaped joined(const Node& node, Scope& scope, int rank);
  Shaped family(const Node& node, Scope& scope, int rank);
  std::optional<Shaped> enumerated(const Node& node, Scope& scope, int rank);
  Shaped join(const std::vector<Shaped>& parts, Span span);
  Shaped columns_of(Shaped value, AxisId over, Span span);
  Shaped side_by_side(std::vector<Shaped> parts, Span span);
  Shaped index_to_shape(Shaped value, AxisId axis);

  // histories.cpp: where there is a history, and where there is only padding
  bool over_history(const Range& range) const;
  TermId real_along(AxisId axis, const Dimension& first, Span span);
  TermId real_at(const IndexValue& position, Span span);
  std::vector<TermId> masks_of(const IndexValue& value, Span span);
  Shaped masked(Shaped value, const std::vector<TermId>& masks, Span span);
  std::vector<TermId> padding_of(AxisId axis, Span span);
  void leave_out_padding(std::vector<TermId>& factors, AxisId along, Span span);
  bool vanishes(TermId value, TermId mask, const std::map<AxisId, AxisId>& names) const;
  bool same_mask(TermId inner, TermId outer, const std::map<AxisId, AxisId>& names) const;
  Shaped narrowed(Shaped whole, AxisId& along, Range& there, const IndexValue& value, bool is_content, Span span);
  Shaped real_only(Shaped value, const Quantity& quantity, const Values& values, const Scope& scope, Span span);
  Shaped at_history_item(const Quantity& quantity, const Values& values, Span span);
  Shaped ages(const Quantity& quantity, const Values& values, Span span);
  Shaped item_look_up(const Quantity& quantity, const Values& values, Span span);
  void find_item_dependence();
  Shaped gru(const Node& node, Scope& scope);

  // graph.cpp: what is worked out for all users, all items or all edges at once, instead of for a row
  enum class Mode : std::uint8_t { rows, users, items, edges };
  static Mode mode_of(Naming::Side side) { return side == Naming::Side::user ? Mode::users : Mode::items; }
  static AxisId axis_of(Naming::Side side) { return side == Naming::Side::user ? kAllUsers : kAllItems; }
  template <class Work>
  auto in_mode(Mode mode, Work&& work) {
    struct Back {
      Mode &mode, before;
      ~Back() { mode = before; }
    } back{mode_, mode_};
    mode_ = mode;
    return work();
  }
  void find_graph();
  std::optional<Naming::Side> whole_side(const Quantity& quantity) const;
  Shaped placed(Shaped whole, Naming::Side side, Span span);
  Shaped degree(Naming::Side side, Span span);
  Shaped neighbour_sum(const Node& node, Naming::Side side, Scope& scope, int rank);

  // references.cpp: symbols
  Shaped symbol(const Node& node, Scope& scope);
  bool of_earlier_round(const Quantity& quantity, const Values& values, const Scope& scope) const;
  IndexValue index_value(const Node& node, const Scope& scope) const;
  Shaped instance(const Quantity& quantity, const Values& values, Span span);
  Shaped own_instance(const Quantity& quantity, const Values& values, Span span);
  Shaped look_up(const Quantity& quantity, const Values& values, Span span);
  Shaped noise(const Quantity& quantity, Span span);
  Shaped parameter(const Quantity& quantity, const Values& values, Span span);
  Shaped own_parameter(const std::string& key, const std::string& name, const std::string& latex,
                       const std::vector<Range>& ranges, const std::vector<Dimension>& dimensions, const std::string& init,
                       const Values& values, Span span);
  /// `is_content`: it belongs to the items of the history, so that there is none of it at positions that are padding.
  Shaped at_indices(Shaped whole, const std::vector<AxisId>& index_axes, const std::vector<Range>& ranges,
                    const Values& values, Span span, bool is_content = false);
  Shaped sorted(Shaped value);
  Shaped components(Shaped value, const Values& values, Span span);

  // definitions.cpp
  Shaped defined(const Quantity& quantity, const Values& values, Span span, std::size_t upto);
  std::set<std::string> own_softmax_letters(const Definition& definition) const;
  Shaped call_function(const Quantity& quantity, const Node& symbol, const Node& arguments, Scope& scope, Span span);
  const Definition* pick(const Quantity& quantity, const Values& values, std::size_t upto, std::size_t& index) const;
  bool match(const Definition& definition, const Values& values, Scope& scope) const;

  // recurrences.cpp
  struct Recurrence {
    std::size_t position = 0;          // of the index that counts the rounds
    const Definition* step = nullptr;  // x_{l+1} = …
    Range range;                       // of the step's letter
  };
  std::optional<Recurrence> recurrence(const Quantity& quantity, Span span);
  void find_uses();
  bool reaches(const std::string& from, const std::string& to);
  Shaped from_loop(const Quantity& quantity, const Recurrence& recurrence, const Values& values, Span span);
  Shaped in_loop(const Quantity& quantity, const Recurrence& recurrence, const Values& values, Span span);
  std::size_t loop_state(const Quantity& quantity, const Recurrence& recurrence, LoopId loop, const Values& values, Span span);
  std::string state_key(const Quantity& quantity, const Recurrence& recurrence, LoopId loop, const Values& values) const;
  void close_loop(LoopId loop);
  bool in_same_circle(LoopId loop, const Quantity& quantity);

  // hoisting.cpp
  void hoist();

  // functions.cpp: built-in functions
  Shaped call(const Node& node, Scope& scope, int rank);
  Shaped mlp(const Node& node, Scope& scope, int rank);
  Shaped layer_norm(const Node& node, Scope& scope);
  Shaped dropout(const Node& node, Scope& scope, int rank);
  const HyperParameter* rate_of(const std::string& label) const;
  Shaped noisy(Shaped x, const std::string& rate, Span span);
  std::string weights_of(const Node& call, const Scope& scope, Values& values, std::vector<Range>& ranges,
                         std::string& name) const;

  // attention.cpp
  Shaped attention(const Node& node, Scope& scope);
  Shaped attended(const Node& node, Shaped q, Shaped k, Shaped v, Scope& scope);
  Shaped multi_head(const Node& node, Scope& scope);
  bool is_matrix_condition(const std::vector<Node>& sub, const Scope& scope) const;
  TermId matrix_condition(const Node& node, AxisId rows, AxisId columns, const Scope& scope);

  // making.cpp: terms
  TermId add(Term term);
  AxisId axis(const Dimension& size, const std::string& name, Span origin);
  Shaped number(double value, Span span);
  Shaped map(const std::string& name, const std::vector<Shaped>& args, Span span);
  Shaped contract(const std::vector<TermId>& factors, const std::vector<AxisId>& shape, const std::set<AxisId>& summed, Span span);
  TermId renamed(TermId term, const std::map<AxisId, AxisId>& names);
  Shaped fresh(Shaped value);  // with a shape of new axes
  Shaped aligned(const Node& where, const Shaped& to, Shaped value);  // value's shape takes the axes of `to`
  void same_size(const Node& where, AxisId a, AxisId b, const std::string& what_a, const std::string& what_b);
  std::vector<AxisId> shape(const Shaped& value) const;
  std::vector<AxisId> indices(const Shaped& value) const;
  std::string shape_text(const Shaped& value) const;
  std::string size_text(const Dimension& size) const;
  std::string origin_text(AxisId axis) const;
  [[noreturn]] void shapes_differ(std::string message, const Shaped& a, const Shaped& b, Span span) const;
  const Term& at(TermId id) const { return typed_.terms[id]; }
  const Dimension& size(AxisId id) const { return typed_.axes[id].size; }
  [[noreturn]] void stop(std::string code, std::string message, Span span, std::vector<std::string> candidates = {}) const;
  std::string text_of(Span span) const { return std::string(method_.card.source.text_of(span)); }
  std::string quoted(Span span) const;  // "line 12: 'x + y'"

  const Method& method_;
  Typed typed_;
  std::map<std::string, Shaped> made_;              // instances of definitions, by what they are of
  int depth_ = 0;                                   // of functions that are being inlined
  std::size_t nested_ = 0;                          // expressions in expressions, through definitions too
  std::vector<std::uint32_t> depths_;               // of terms: how many lie below
  std::set<std::string> making_;                    // definitions in work: meeting one again is a circle
  std::map<std::string, LoopId> loop_of_;           // by the quantity that was asked for first
  std::vector<std::string> loop_roots_;             // that quantity, by loop
  std::map<std::string, std::optional<Recurrence>> recurrences_;
  std::set<std::string> of_graph_;                   // keys of what depends on neighbours
  Mode mode_ = Mode::rows;
  std::optional<IndexValue> item_is_;                // `\mathbf{z}_{s_t}`: the position of the history whose item stands for the candidate
  std::set<std::string> of_item_;                    // keys of what depends on the candidate item
  std::map<std::string, std::set<std::string>> uses_, reached_;  // by key: next to it; through any number of equations
  std::map<std::string, std::size_t> state_of_;     // by quantity and loop
  std::vector<std::pair<LoopId, std::size_t>> open_states_;
  std::map<std::tuple<LoopId, std::size_t, std::uint32_t>, TermId> all_rounds_;  // of a state, with its first value or without
  struct StatePlan {
    const Quantity* quantity = nullptr;
    Recurrence recurrence;
    Values values;                    // with axes of its own, and the round
    std::vector<AxisId> index_axes;   // those axes
    std::vector<Range> ranges;
    std::uint8_t rank = 0;
    Mode mode = Mode::rows;
    Span span;
    /// Of the indices that someone asks for, those that are axes here.
    Values asked(const Values& by, std::size_t position) const;
  };
  std::map<std::pair<LoopId, std::size_t>, StatePlan> plans_;
  std::map<std::string, std::vector<AxisId>> canonical_;  // index axes of whole look-ups and parameters
  std::map<std::string, Shaped> whole_;                   // whole look-ups and parameters
};

}  // namespace automodel::papers
