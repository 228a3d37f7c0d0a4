#include "actors/autotrain/search_space.hpp"

#include <algorithm>

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
SearchMethod method_of(const papers::LibraryCard& entry) {
  const auto card = papers::read_card(std::string(entry.name), std::string(entry.text)).card;
  std::vector<Knob> own;
  for (const auto& parameter : card.head.parameters) {
    Knob knob{parameter.name, papers::setting_text(parameter.value), {}};
    for (const auto& choice : parameter.choices) knob.choices.push_back(papers::setting_text(choice));
    if (!knob.choices.empty()) own.push_back(std::move(knob));
  }
  return {std::string(entry.name), with_common(std::move(own), "0.001")};
}

std::vector<SearchMethod> with_library(std::vector<SearchMethod> opening) {
  auto all = std::move(opening);
  const auto count = all.size();
  for (const auto& entry : papers::library()) {
    const auto same = [&](const SearchMethod& method) { return method.name == entry.name; };
    if (std::none_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), same)) all.push_back(method_of(entry));
  }
  return all;
}

}  // namespace

const std::vector<SearchMethod>& search_methods() {
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

const SearchMethod* find_search_method(std::string_view name) {
  for (const auto& method : search_methods())
    if (method.name == name) return &method;
  return nullptr;
}

Settings default_settings(const SearchMethod& method) {
  Settings settings;
  for (const auto& knob : method.knobs) settings[knob.name] = knob.default_value;
  return settings;
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
