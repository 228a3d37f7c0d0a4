// What a card says, with names given: quantities, their shapes, ranges and definitions. Between the syntax tree and the
// typed terms.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "papers/document/card.hpp"
#include "papers/meaning/dimension.hpp"
#include "papers/meaning/naming.hpp"

namespace automodel::papers {

/// From `low` to `high`, both included.
struct Range {
  Dimension low, high;
  Dimension size() const { return high - low + Dimension(1); }
  friend bool operator==(const Range&, const Range&) = default;
};

/// An index in a definition's left side: `i`, `l+1`, or a constant `0`.
struct IndexPattern {
  std::string letter;  // empty: a constant
  Dimension offset;    // added to the letter; or the constant
};

struct Definition {
  Node left, right;
  std::vector<IndexPattern> indices;    // one a position of the quantity
  std::vector<Node> formals;            // of a function: `E_i(x_l) = …` has {x_l}
  std::map<std::string, Range> ranges;  // said beside this equation: "for l = 0, …, L-1"
  bool wraps = false;                   // `left \leftarrow right`: `left` on the right is what it was before
  Span span;
};

/// Whose values a look-up belongs to.
enum class Owner : std::uint8_t { field, user, item };

struct Quantity {
  enum class Role : std::uint8_t {
    look_up,    // belongs to the values of fields: "the value of each field has …", the first index is the field; or to users or items
    dense,      // the vector of dense features
    defined,    // by one equation, or several for different indices
    function,   // by an equation with arguments
    parameter,  // never defined: learnt
    age,        // of the history's items, in days; by position
    noise,      // drawn in training from the standard normal distribution, for each row; 0 otherwise
    constant,   // a hyper-parameter that stands in an equation as a number
  };
  std::string key;   // see Naming
  std::string name;  // in code
  Role role = Role::parameter;
  std::size_t positions = 0;                      // how many indices
  std::optional<std::vector<Dimension>> shape;    // as declared by \in \mathbb{R}^{…}; {}: a number
  Span declared, first;                           // declared: empty where it is not
  std::vector<Definition> definitions;
  std::vector<IndexPattern> declared_indices;     // look_up, or declared with indices: `\mathbf{e}_i \in …`
  bool categorical_only = false;                  // look_up
  Owner owner = Owner::field;                     // look_up
  std::optional<Naming::Side> side;               // defined: `\mathbf{p}_u = …` belongs to each user
  /// Where no shape is said: a bold small letter, or one that is transposed, is a vector; a capital is a matrix.
  std::uint8_t rank_by_letter = 0;
  bool multiplied = false;  // somewhere it is no mere summand: a weight, not an offset
};

/// What the data, not the card, gives the size of.
enum class InputSize : std::uint8_t { fields, categorical_fields, dense_features };

/// `d = n k`, or an answer to a question.
struct SizeEquation {
  Dimension left, right;
  Span span;  // empty: not of the card
};

struct Method {
  Card card;
  Naming naming;
  std::map<std::string, Quantity> quantities;        // by key
  std::map<std::string, Range> ranges;               // of letters, card-wide
  std::map<std::string, InputSize> input_sizes;      // by the size's name
  std::vector<SizeEquation> size_equations;
  std::string output;                                // key of the answer; empty: none found (a problem)
  /// Key of what the card adds to the loss of its task: `\mathcal{L} = \mathcal{L}_\mathrm{task} + …`. Empty: nothing.
  std::string added_loss;

  const HyperParameter* parameter(const std::string& name) const;
  /// The card's own definition of a function that is called by a built-in one's name; null where it has none.
  const Quantity* own_function(const Node& call) const;
  /// The positions of the history, 1 to T; nothing where the card has none.
  std::optional<Range> history() const;
  /// The range of an index letter of a definition: said beside it, else anywhere.
  const Range* range_of(const std::string& letter, const std::map<std::string, Range>& beside) const;
  /// What position `p` of a quantity runs over, by its equations; nothing where it has a first value there, as recurrences have.
  const Range* free_range(const Quantity& quantity, std::size_t p, IndexPattern& pattern) const;
};

struct ReadMethod {
  Method method;
  std::vector<Problem> problems;
};

/// Problems: papers.not_a_definition, papers.range_conflict, papers.shape, papers.defined_twice, papers.no_output,
/// papers.too_large.
ReadMethod read_method(Card card);

/// `[M_{t,j}]_{t,j}` of an `M` whose entries or rows one equation defines, `M_{t,j} = …`; nothing unless it is a capital or bold.
std::optional<Node> whole_of(const Quantity& quantity);
/// `\infty`, which stands for 10^9: a mask of 0 and -\infty makes a softmax leave entries out.
bool is_infinity(const Node& node);
constexpr double kInfinity = 1e9;

/// What may be meant otherwise than it is read: a letter that is an index here and a hyper-parameter there. papers.ambiguous_index.
std::vector<Problem> doubts_of(const Method& method);
/// A symbol that nothing defines, where the same letter in another font is defined: `e_i` beside `\mathbf{e}_i`. papers.unknown_symbol.
std::optional<Problem> doubt_of_font(const Method& method, const Quantity& quantity, Span span);

/// The range of the index of a quantity in `body` that `letter` stands for there; `beside`: ranges said beside the equation.
std::optional<Range> range_from_use(const Method& method, const std::string& letter, const Node& body,
                                    const std::map<std::string, Range>& beside);

/// A built-in function that has weights, at one place: `\mathrm{MLP}_1` is known by its label everywhere, one without label by
/// its place; index letters in its scripts give it weights of their own for each index.
struct Occurrence {
  std::string key, name;
  std::vector<std::string> letters;
};
bool has_weights(const Node& call);
Occurrence occurrence(const Node& call, const Naming& naming);

/// The rank of what an equation defines, where its right side leaves it open (an MLP's answer): as declared, else by the letter:
/// bold small ones are vectors, other small ones numbers; a capital whose equation lays things out is a matrix. -1: open.
int expected_rank(const Quantity& quantity, const Definition& definition);

/// A size as written: numbers, sizes, sums, products, quotients. Nothing where it is something else.
std::optional<Dimension> to_dimension(const Node& node, const Naming& naming);

}  // namespace automodel::papers
