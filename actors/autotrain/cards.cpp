// Methods that were added: someone's cards, and changes of known ones.
#include <algorithm>

#include "actors/autotrain/internal.hpp"
#include "papers/compile.hpp"
#include "papers/library.hpp"

namespace automodel::actors::autotrain {
namespace {

constexpr std::size_t longest_card = 64 * 1024;

const events::CardT* find_added(const State& state, std::string_view name) {
  for (const auto& card : state.cards)
    if (card->name == name) return card.get();
  return nullptr;
}

tl::unexpected<Error> name_taken(const std::string& name, const std::string& by) {
  return fail("autotrain.name_taken", "'" + name + "' is " + by + " already", name,
              "a name never changes its equations: call yours something else");
}

}  // namespace

bool is_added(const State& state, std::string_view name) { return find_added(state, name) != nullptr; }

Result<void> check_card(const State& state, const events::CardT& card) {
  if (card.text.size() > longest_card)
    return fail("papers.too_large", "a card has at most 64 KiB", card.name, "leave out what is no method");
  const auto& native = methods_without_card();
  if (papers::find_in_library(card.name)) return name_taken(card.name, "a card of the library");
  if (std::find(native.begin(), native.end(), card.name) != native.end())
    return name_taken(card.name, "a method of this program");
  if (const auto* known = find_added(state, card.name))
    return known->text == card.text ? Result<void>() : name_taken(card.name, "another card that was added");
  const auto compiled = papers::compile_card(card.name, card.text, {}, find_card(state.cards));
  if (!compiled.problems.empty())
    return fail(papers::as_error(compiled.problems, compiled.method.card.source));
  if (compiled.method.card.head.method != card.name)
    return fail("autotrain.bad_command", "the card calls itself '" + compiled.method.card.head.method + "'",
                card.name, "add it by that name");
  return {};
}

void add_card(Draft& draft, const events::CardT& card, const std::string& by, const std::string& goal) {
  if (is_added(draft.state(), card.name)) return;
  const auto read = papers::read_card(card.name, card.text);
  events::MethodAddedT added;
  added.card = std::make_unique<events::CardT>(card);
  if (added.card->parent.empty()) added.card->parent = read.card.head.extends;
  added.title = read.card.head.title;
  added.source = read.card.head.source;
  added.by = by;
  added.goal = goal;
  draft.record(std::move(added));
}

std::vector<events::CardT> cards_of(const State& state, const std::string& method) {
  std::vector<events::CardT> family;
  for (const auto* card = find_added(state, method); card && family.size() <= state.cards.size();
       card = find_added(state, card->parent))
    family.push_back(*card);
  return family;
}

}  // namespace automodel::actors::autotrain
