#include <algorithm>
#include <nlohmann/json.hpp>

#include "recsys/features/inputs.hpp"

namespace automodel::recsys {

namespace {

constexpr const char* kinds[] = {"single", "bag", "dense"};

/// Sorted codes as runs [first, length]: nearly all codes are seen in training, so there are few runs.
nlohmann::json runs_of(const std::vector<std::uint32_t>& codes) {
  nlohmann::json runs = nlohmann::json::array();
  for (std::size_t i = 0; i < codes.size();) {
    std::size_t end = i + 1;
    while (end < codes.size() && codes[end] == codes[end - 1] + 1) ++end;
    runs.push_back({codes[i], end - i});
    i = end;
  }
  return runs;
}

/// `least`: fields have no code 0, users and items have.
std::vector<std::uint32_t> codes_from(const nlohmann::json& runs, std::uint64_t least,
                                      const std::string& of) {
  std::vector<std::uint32_t> codes;
  for (const auto& run : runs) {
    const std::uint64_t first = run.at(0), length = run.at(1);
    if (first < least || length == 0 || length > (1u << 28) || first + length > (1ull << 32) ||
        (!codes.empty() && first <= codes.back()))
      throw std::runtime_error("codes of '" + of + "' are not ascending");
    for (std::uint64_t code = first; code < first + length; ++code)
      codes.push_back(static_cast<std::uint32_t>(code));
  }
  return codes;
}

Field field_from(const nlohmann::json& json) {
  Field field;
  const std::string kind = json.at("kind");
  const auto at = std::find(std::begin(kinds), std::end(kinds), kind);
  if (at == std::end(kinds)) throw std::runtime_error("unknown kind '" + kind + "'");
  field.kind = static_cast<Field::Kind>(at - std::begin(kinds));
  field.source = json.at("source");
  field.feature = json.at("feature");
  field.mean = json.at("mean");
  field.scale = json.at("scale");
  field.codes = codes_from(json.at("codes"), 1, field.source);
  field.cardinality = static_cast<std::uint32_t>(field.codes.size());
  return field;
}

}  // namespace

std::string InputSpec::to_json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const Field& field : fields)
    list.push_back({{"kind", kinds[static_cast<std::size_t>(field.kind)]},
                    {"source", field.source},
                    {"feature", field.feature},
                    {"mean", field.mean},
                    {"scale", field.scale},
                    {"codes", runs_of(field.codes)}});
  nlohmann::json out = {{"fields", list}, {"max_bag", max_bag}};
  if (users.rows() > 0) out["users"] = runs_of(users.codes);
  if (items.rows() > 0) out["items"] = runs_of(items.codes);
  if (history > 0) out["history"] = history;
  return out.dump();
}

Result<InputSpec> InputSpec::from_json(std::string_view text) try {
  const auto json = nlohmann::json::parse(text);
  InputSpec spec;
  spec.max_bag = json.at("max_bag");
  for (const auto& field : json.at("fields")) spec.fields.push_back(field_from(field));
  if (json.contains("users")) spec.users.codes = codes_from(json.at("users"), 0, "users");
  if (json.contains("items")) spec.items.codes = codes_from(json.at("items"), 0, "items");
  spec.history = json.value("history", 0U);
  if (spec.history > longest_history || (spec.history > 0 && spec.items.rows() == 0))
    throw std::runtime_error("a history of " + std::to_string(spec.history) + " items");
  spec.lay_out();
  return spec;
} catch (const std::exception& error) {
  return fail("features.bad_inputs",
              std::string("the description of a model's inputs cannot be read: ") + error.what());
}

}  // namespace automodel::recsys
