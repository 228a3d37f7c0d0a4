// Which scripts are indices, which are labels, which are powers; and so what a symbol is called.
#pragma once

#include <functional>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "papers/document/card.hpp"

namespace automodel::papers {

/// A symbol with its scripts sorted.
struct Reference {
  std::string key;                    // font, letter, labels: the same quantity has the same key
  std::string name;                   // for code: letter and labels
  std::vector<const Node*> indices;   // below, then above; of the symbol that was looked at
  const Node* power = nullptr;        // `x^2`
  bool of_user = false, of_item = false;  // the letters of a user and of a candidate are no indices
};

/// What sentences call the data's users and items: "each user $u$", "each item $v$", "the user's history is
/// $s_1, \dots, s_T$". Empty: the card says nothing of them.
struct Interactions {
  std::string user, item;
  std::string history, length;  // s, T
  std::string ages;  // delta: of the history's items, in days; "their ages in days are $\delta_1, \dots, \delta_T$"
  std::string neighbours;  // N: calligraphic; N_u are the items that a user chose, N_v the users that chose an item
  Span user_at, item_at, history_at;
};

/// The rules, in order:
///  - an index letter is one that a sum, a product, a maximum, a softmax, an attention or a range runs over, or that stands as a script on
///    both sides of an equation, or on its left side and in a condition of its cases;
///  - a script made of index letters, numbers and sizes is an index where this symbol has an index letter in that place (below
///    or above) anywhere in the card; else a number below is a label (`W_1`), a number above a power (`x^2`);
///  - any other script (`W_Q`, `y_\mathrm{fm}`, `W^{(c)}`) is a label;
///  - a position of the history, `s_t`, is an index where an index letter would be; the letters of the user and of the candidate
///    item are indices that need not be written.
class Naming {
 public:
  Naming() = default;
  explicit Naming(const Card& card);

  bool is_index(const std::string& letter) const { return letters_.contains(letter); }
  bool is_size(const std::string& name) const { return sizes_.contains(name); }
  void add_size(const std::string& name) { sizes_.insert(name); }
  /// `node` is a symbol and must outlive what is returned.
  Reference reference(const Node& node) const;
  const Interactions& interactions() const { return interactions_; }
  /// Whose neighbours `\mathcal{N}_u` or `\mathcal{N}_v` are.
  enum class Side : std::uint8_t { user, item };
  std::optional<Side> neighbours_of(const Node& node) const;
  /// `v \in \mathcal{N}_u` below a sum: whose neighbours are summed over.
  std::optional<Side> sums_neighbours(const std::vector<Node>& script) const;
  /// `s_t`: an item of the history.
  bool is_history_item(const Node& node) const;
  /// A symbol that is only a letter: its text. Else empty.
  static std::string letter(const Node& node);

 private:
  void find_interactions(const Card& card);
  void find_letters(const Node& node);
  void find_equation_letters(const Statement& statement);
  void find_sizes(const Statement& statement);
  void find_indexed(const Node& node);
  bool made_of_indices(const Node& script, bool& has_letter) const;
  std::string base(const Node& node) const;

  std::set<std::string> letters_ = {"#"}, sizes_;  // "#" counts enumerations that name no letter
  std::set<std::string> indexed_below_, indexed_above_;  // by base
  Interactions interactions_;
};

/// A number as a part of a name: "3"; "0.5" and "1e+20" as they are written.
std::string number_label(double value);
/// A built-in function's name with its scripts, as a card that defines it itself would call it.
Node as_symbol(const Node& call);
/// Calls `visit` for a node and everything in it, scripts included.
void for_each_node(const Node& node, const std::function<void(const Node&)>& visit);
/// All nodes of a statement's sides.
void for_each_node(const Statement& statement, const std::function<void(const Node&)>& visit);
/// Of `1 \le i < j \le n`, or `1 \le i, j \le n`: 1 and n. Nothing where the first is no number.
struct Ends {
  Node low, high;
};
std::optional<Ends> ends_of(const std::vector<Node>& script);
/// The letters that the script of a sum, a softmax or a bracketed family runs over: `i=1`, `i<j`, `i`, `i \in …`, `ij`,
/// `1 \le i < j \le n`, `i \ne j`.
std::vector<std::string> bound_letters(const std::vector<Node>& script);

}  // namespace automodel::papers
