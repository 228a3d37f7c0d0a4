#include "actors/autotrain/search_space.hpp"

#include <algorithm>
#include <set>

#include "papers/compile.hpp"
#include "papers/library.hpp"

namespace automodel::actors::autotrain {
namespace {

std::size_t rung_of(const Knob& knob, const Settings& settings) {
  const auto given = settings.find(knob.name);
  const auto place = [&](const std::string& value) {
    return std::find(knob.choices.begin(), knob.choices.end(), value) - knob.choices.begin();
  };
  auto at = place(given == settings.end() ? knob.default_value : given->second);
  if (at == static_cast<std::ptrdiff_t>(knob.choices.size())) at = place(knob.default_value);
  return static_cast<std::size_t>(at);
}

std::vector<Knob> with_common(std::vector<Knob> own, std::string lr) {
  std::vector<Knob> knobs{{"lr", std::move(lr), {"0.0003", "0.001", "0.003", "0.01", "0.03"}},
                          {"batch", "2048", {"512", "1024", "2048", "4096"}},
                          {"l2", "0", {"0", "1e-6", "1e-5", "1e-4", "1e-3"}},
                          {"unknown", "0", {"0", "0.05", "0.1", "0.2", "0.4"}}};
  for (auto& knob : own) {  // what the method says of a common one counts
    const auto common = std::find_if(knobs.begin(), knobs.end(), [&](const Knob& other) { return other.name == knob.name; });
    if (common == knobs.end()) {
      knobs.push_back(std::move(knob));
    } else {
      *common = std::move(knob);
    }
  }
  return knobs;
}

/// What a card's head declares; a hyper-parameter without choices stays as it is.
SearchMethod method_of(const std::string& name, const papers::Head& head) {
  std::vector<Knob> own;
  for (const auto& parameter : head.parameters) {
    Knob knob{parameter.name, papers::setting_text(parameter.value), {}};
    for (const auto& choice : parameter.choices) knob.choices.push_back(papers::setting_text(choice));
    if (!knob.choices.empty()) own.push_back(std::move(knob));
  }
  // Of rankings: one that factorises the matrix, one that reads sequences, one that encodes users' sets. They
  // are the quick ones.
  static const std::set<std::string> openers{"mf-bpr", "caser", "mult-dae"};
  return {name, with_common(std::move(own), "0.001"), openers.contains(name), head.task == "ranking"};
}

std::vector<SearchMethod> with_library(std::vector<SearchMethod> opening) {
  auto all = std::move(opening);
  const auto count = all.size();
  for (const auto& entry : papers::library()) {
    const auto same = [&](const SearchMethod& method) { return method.name == entry.name; };
    if (std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), same)) continue;
    const std::string name(entry.name);
    all.push_back(method_of(name, papers::read_card(name, std::string(entry.text)).card.head));
  }
  return all;
}

}  // namespace

const std::vector<SearchMethod>& library_methods() {
  static const Knob dim{"dim", "10", {"4", "8", "10", "16", "32"}};
  static const Knob hidden{"hidden", "128,128,128", {"64", "64,64", "128,64", "128,128,128", "256,128"}};
  static const Knob dropout{"dropout", "0.2", {"0", "0.1", "0.2", "0.3", "0.5"}};
  static const auto all = with_library({
      {"lr", with_common({}, "0.01"), true},
      {"fm", with_common({dim}, "0.001"), true},
      {"deepfm", with_common({dim, hidden, dropout}, "0.001"), true},
      {"dcnv2", with_common({dim, hidden, dropout, {"layers", "2", {"1", "2", "3", "4"}}}, "0.001"), true},
  });
  return all;
}

const std::vector<std::string>& counting_methods() {
  static const std::vector<std::string> all{"popularity", "itemknn"};
  return all;
}

const std::vector<std::string>& methods_without_card() {
  static const std::vector<std::string> all{"popularity", "itemknn", "ease"};
  return all;
}

const SearchMethod* find_library_method(std::string_view name) {
  for (const auto& method : library_methods())
    if (method.name == name) return &method;
  return nullptr;
}

papers::FindCard find_card(const std::vector<std::unique_ptr<events::CardT>>& added) {
  return [&added](const std::string& name) -> Result<std::string> {
    if (const auto card = papers::find_in_library(name)) return std::string(card->text);
    for (const auto& card : added)
      if (card->name == name) return card->text;
    return fail("papers.no_such_card", "no card is called '" + name + "'", {}, "add it first, or extend one of `automodel paper list`");
  };
}

std::optional<SearchMethod> search_method(const events::CardT& card, const papers::FindCard& find) {
  const auto read = papers::read_family(card.name, card.text, find);
  if (!read.problems.empty()) return {};
  return method_of(card.name, read.card.head);
}

SearchSpace::SearchSpace(const std::vector<std::unique_ptr<events::CardT>>& added) : methods_(library_methods()) {
  const auto find = find_card(added);
  for (const auto& card : added)
    if (auto method = search_method(*card, find)) methods_.push_back(std::move(*method));
}

const SearchMethod* SearchSpace::find(std::string_view name) const {
  for (const auto& method : methods_)
    if (method.name == name) return &method;
  return nullptr;
}

Settings default_settings(const SearchMethod& method) {
  Settings settings;
  for (const auto& knob : method.knobs) settings[knob.name] = knob.default_value;
  return settings;
}

Settings carried_over(const SearchMethod& method, const Settings& settings) {
  // Methods that open a goal have words where cards have letters.
  static const std::map<std::string, std::string> words{{"k", "dim"}, {"dim", "k"}, {"L", "layers"}, {"layers", "L"}};
  Settings out;
  for (const auto& knob : method.knobs) {
    auto value = settings.find(knob.name);
    if (const auto word = words.find(knob.name); value == settings.end() && word != words.end()) value = settings.find(word->second);
    const bool known = value != settings.end() && std::find(knob.choices.begin(), knob.choices.end(), value->second) != knob.choices.end();
    out[knob.name] = known ? value->second : knob.default_value;
  }
  return out;
}

std::vector<double> position(const SearchMethod& method, const Settings& settings) {
  std::vector<double> point;
  for (const auto& knob : method.knobs) {
    const auto last = knob.choices.size() - 1;
    point.push_back(last == 0 ? 0 : static_cast<double>(rung_of(knob, settings)) / static_cast<double>(last));
  }
  return point;
}

std::vector<Settings> neighbours(const SearchMethod& method, const Settings& settings) {
  std::vector<Settings> found;
  for (const auto& knob : method.knobs) {
    const auto rung = rung_of(knob, settings);
    for (const auto next : {rung - 1, rung + 1}) {  // rung 0 - 1 wraps to past the end
      if (next >= knob.choices.size()) continue;
      auto changed = settings;
      changed[knob.name] = knob.choices[next];
      found.push_back(std::move(changed));
    }
  }
  return found;
}

}  // namespace automodel::actors::autotrain
