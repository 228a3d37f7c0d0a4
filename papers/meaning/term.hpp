// A method as typed terms over named axes: what the code generator reads. A term's value is a tensor whose axes are those of its
// indices, in the order in which they were bound, and then those of its mathematical shape (none for a number, one for a
// vector, two for a matrix). The batch is an axis that no formula writes: `batched`. Another are the candidate items of a row,
// kCandidates: what depends on the item has it first among its indices.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "papers/document/source.hpp"
#include "papers/meaning/dimension.hpp"
#include "papers/meaning/method.hpp"

namespace automodel::papers {

using AxisId = std::uint32_t;
using TermId = std::uint32_t;
using LoopId = std::uint32_t;

// Of every method; how many there are is known when the program runs.
constexpr AxisId kCandidates = 0;
/// Of what is worked out for the whole graph at once, without a batch: all users, all items, all that was chosen by whom.
constexpr AxisId kAllUsers = 1, kAllItems = 2, kEdges = 3;

struct Axis {
  Dimension size;
  std::string name;  // the index letter, or empty
  Span origin;       // what gives it its size
  /// Entries along it are positions of the history, from this one on: those that are padding do not count.
  std::optional<Dimension> first_position = {};
};

enum class Op : std::uint8_t {
  number,      // `value`
  size,        // `dimension` as a number
  counter,     // the index itself as a number: `dimension`, `dimension` + 1, … along axes[0]
  loop_index,  // `loop`'s letter + `dimension` as a number
  look_up,     // quantity `name` of `place`: axes [field | kCandidates | position, further indices …, shape …]; of the user none first
  real,        // along axes[0], whether there is something at positions `dimension`, `dimension` + 1, … of the history
  dense,       // the dense features
  ages,        // of the items of the history, in days, along axes[0]; 0 where there is none
  parameter,   // `name`
  rename,      // args[0] with other axes: args[0]'s axes in order are now `axes`
  map,         // function `name` of args, element by element; args lack axes over which they are the same
  contract,    // product of args, summed over their axes that are not in `axes`
  reduce,      // `name` (max, min, prod, mean) of args[0] over axis `over`, where the other args are all true; 0 (prod: 1) where none is
  softmax,     // of args[0] over axis `over`, where the other args are all true; 0 elsewhere
  join,        // args one after the other along axes.back(); of args[i], axes `joined[i]` (the last ones) are laid out flat
  subset,      // args[0] at all increasing `order`-tuples of an axis' positions: `picks` says which axis takes which member of
               // the tuple; the tuples' axis `over` stands first instead
  at,          // args[0] at position `dimension` (plus `loop`'s letter, if `in_loop`) of axis `over`
  narrow,      // args[0] from position `dimension` on along the axis picks[0], as axis `over`; zeros outside
  state,       // of a loop: what it was before this round
  loop_last,   // what state `component` of `loop` is after the last round
  loop_all,    // all rounds' values of state `component`, the first value before them, along axis `over`
  definition,  // args[0], with a name: a statement of the code
  dropout,     // of args[0]; `value` is the rate
  noise,       // quantity `name`: in training numbers of the standard normal distribution for each row, else 0
  degree,      // how many neighbours each has, along kAllUsers or kAllItems
  gather,      // args[0], of which kAllUsers or kAllItems is the first axis, for `place`: the row's user or its candidates, or along kEdges
  sum_edges,   // args[0] along kEdges (or the same on all), summed for each of kAllUsers or kAllItems, the first axis
  norm_layer,  // args[0] with mean 0 and variance 1 along `over`
  attention,   // of queries, keys and values, args[0] to args[2], whose last two axes are rows and columns, the rows of the last two
               // `over`: each query's mean of the values, by the softmax over `over` of its products with the keys, divided by the
               // root of their width, where all other args are true; 0 where none is
};

enum class Place : std::uint8_t { field, user, candidate, history, all_users, all_items, edges };

struct Term {
  Op op = Op::number;
  std::string name;
  double value = 0;
  Dimension dimension;
  std::vector<TermId> args;
  std::vector<AxisId> axes;
  bool batched = false;
  AxisId over = 0;
  std::uint32_t component = 0, order = 0;
  std::vector<std::pair<AxisId, std::uint32_t>> picks;
  std::vector<std::vector<AxisId>> joined;
  LoopId loop = 0;
  bool in_loop = false;        // at
  Place place = Place::field;  // look_up, gather
  std::set<LoopId> loops;      // whose rounds this differs in
  Span span;                   // of what it stands for
};

struct LoopState {
  std::string name;  // in code
  bool has_first = true;  // else it is only collected, round by round
  TermId first = 0, before = 0, next = 0;
};

/// `x_{l+1} = f(x_l)`, for l from low to high.
struct Loop {
  std::string letter;
  Range range;
  std::vector<LoopState> states;
  std::set<LoopId> inside;  // loops whose rounds this one differs in
};

/// Something learnt. Its tensor has a size for every index, then its mathematical shape.
struct ParameterTerm {
  std::string name;            // in code
  std::string latex;           // as it stands in the card; empty for those of built-in functions
  std::vector<Range> indices;
  std::vector<Dimension> shape;
  std::string init;
  Span span;                   // where it is first seen
  std::vector<Dimension> sizes() const;  // of the tensor
};

struct LookUpTerm {
  std::string name, latex, init;
  std::vector<Range> indices;  // after the field, where it is of one
  std::vector<Dimension> shape;
  bool categorical_only = false;
  Owner owner = Owner::field;
  Span span;
};

/// Everything typed. Owns nothing of the card; spans point into its text.
struct Typed {
  std::vector<Axis> axes;
  std::vector<Term> terms;
  std::vector<Loop> loops;
  std::map<std::string, ParameterTerm> parameters;  // by key, see Quantity; of built-in functions by their place
  std::vector<std::string> parameter_order;         // keys, as first met
  std::map<std::string, LookUpTerm> look_ups;       // by key
  DimensionSolver solver;
  TermId output = 0;
  bool output_of_item = false;         // one for each candidate
  bool output_is_probability = false;  // `output` is the argument of the answer's sigma
  std::optional<TermId> added_loss;    // what training adds to each row's loss: one number, or one for each candidate, in their mean
  std::vector<Problem> problems;       // papers.shape_conflict, papers.ambiguous_product, papers.unknown_range, …
};

/// Types a method: every size as a formula. With problems `output` may be missing.
Typed type(const Method& method);

}  // namespace automodel::papers
