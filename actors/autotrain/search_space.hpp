// What AutoTrain may choose among: methods and, for each setting, a short ladder of values. A few methods
// open every goal of their kind; every other card of the library may be tried later, with the
// hyper-parameters that it declares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/codec.hpp"
#include "papers/document/family.hpp"

namespace automodel::actors::autotrain {

using Settings = std::map<std::string, std::string>;

/// One setting: its values from small to large.
struct Knob {
  std::string name;
  std::string default_value;  // one of `choices`
  std::vector<std::string> choices;
};

struct SearchMethod {
  std::string name;
  std::vector<Knob> knobs;
  bool opens = false;  // is among the baselines of every goal of its kind
  bool ranks = false;  // learns from who took what, not from labels of rows: for goals that ask for rankings
};

/// Methods that are trained by gradient: those that open a goal, simple ones first; then the library's others, by name.
const std::vector<SearchMethod>& library_methods();
/// Null where the library has no such method.
const SearchMethod* find_library_method(std::string_view name);
/// Methods that count instead of training: only baselines, of goals that ask for the labels of rows.
const std::vector<std::string>& counting_methods();
/// All methods that this program brings without a card: a card by such a name would never be read. Each is a
/// baseline of goals that ask for rankings.
const std::vector<std::string>& methods_without_card();

/// What a card that was added offers to a search; nothing where it cannot be read (any more).
std::optional<SearchMethod> search_method(const events::CardT& card, const papers::FindCard& find);

/// All methods that can be trained by gradient: the library's, then the cards that were added, in their order.
class SearchSpace {
 public:
  explicit SearchSpace(const std::vector<std::unique_ptr<events::CardT>>& added);
  const std::vector<SearchMethod>& methods() const { return methods_; }
  /// Null where there is no such method.
  const SearchMethod* find(std::string_view name) const;

 private:
  std::vector<SearchMethod> methods_;
};

/// What a card can extend: cards of the library and those that were added.
papers::FindCard find_card(const std::vector<std::unique_ptr<events::CardT>>& added);

Settings default_settings(const SearchMethod& method);

/// A point in the unit cube: each knob's place on its ladder. A value that is not on it counts as the
/// default.
std::vector<double> position(const SearchMethod& method, const Settings& settings);

/// A method's settings where another's are known: of its parent, say. Knobs that have no value there, or one that is not on
/// their ladder, keep their defaults.
Settings carried_over(const SearchMethod& method, const Settings& settings);

/// Settings that differ from `settings` in one knob by one rung.
std::vector<Settings> neighbours(const SearchMethod& method, const Settings& settings);

}  // namespace automodel::actors::autotrain
