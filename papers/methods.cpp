#include "papers/methods.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "papers/library.hpp"
#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

constexpr std::size_t kLargestCard = 1U << 20U;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("papers.no_such_card", "cannot read the card", path, "give a file, or a name from `automodel paper list`");
  std::string text(kLargestCard + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Error unknown_method(const std::string& name, const Cards& added) {
  std::vector<std::string> known;
  for (const auto& card : library()) known.emplace_back(card.name);
  for (const auto& [other, text] : added) known.push_back(other);
  for (const auto& other : recsys::methods()) {
    if (!other.trained_by_gradient) known.push_back(other.name);
  }
  const auto near = nearest(name, known);
  return {"models.unknown_method", "there is no method '" + name + "'", {},
          near.empty() ? "`automodel paper list` shows them; a card's file ends in .md" : "did you mean '" + near[0] + "'?"};
}

}  // namespace

InputCounts counts_of(const recsys::InputSpec& inputs) {
  InputCounts out;
  out.fields = static_cast<std::int64_t>(inputs.fields.size());
  out.categorical_fields = static_cast<std::int64_t>(inputs.singles() + inputs.bags());
  out.dense_features = static_cast<std::int64_t>(inputs.denses());
  out.values = inputs.table_rows + out.dense_features;
  out.users = inputs.users.rows();
  out.items = inputs.items.rows();
  return out;
}

recsys::Program to_program(const Script& script) {
  recsys::Program out;
  out.script = script.text;
  for (const auto& look_up : script.look_ups) {
    recsys::LookUp entry;
    entry.name = look_up.name;
    entry.shape = look_up.shape;
    entry.init = look_up.init;
    entry.fields = look_up.owner == Owner::user   ? recsys::LookUp::users
                   : look_up.owner == Owner::item ? recsys::LookUp::items
                   : look_up.categorical_only     ? recsys::LookUp::categorical
                                                  : recsys::LookUp::all;
    out.look_ups.push_back(std::move(entry));
  }
  for (const auto& parameter : script.parameters) out.parameters.push_back({parameter.name, parameter.shape, parameter.init});
  for (const auto& noise : script.noise) {
    const auto kind = noise.key.empty() ? recsys::NoiseSpec::mask : recsys::NoiseSpec::normal;
    out.noise.push_back({noise.name, noise.width, noise.rate, kind});
  }
  out.sources = sources_of(script);
  out.loss = recsys::loss_of(script.loss).value_or(recsys::Loss::logloss);
  out.negatives = script.negatives;
  out.adds_to_loss = script.adds_to_loss;
  return out;
}

recsys::Sources sources_of(const Script& script) {
  recsys::Sources out;
  out.users = script.sources.users;
  out.items = script.sources.items;
  out.history = static_cast<std::uint32_t>(script.sources.history);
  out.fields = script.sources.fields;
  out.graph = script.sources.graph;
  return out;
}

Result<recsys::Sources> sources_of(const CompiledCard& card) {
  // What it looks at does not depend on how much of it there is.
  const auto script = script_for(card, {4, 3, 1, 100, 10, 10});
  if (!script) return fail(script.error());
  return sources_of(*script);
}

Result<std::string> card_text(std::string_view name_or_file, const Cards& added) {
  if (const auto card = find_in_library(name_or_file)) return std::string(card->text);
  if (const auto card = added.find(name_or_file); card != added.end()) return card->second;
  const std::string name(name_or_file);
  if (name.ends_with(".md")) return read_file(name);
  return fail(unknown_method(name, added));
}

FindCard relatives_of(std::string_view name_or_file, const Cards& added) {
  const std::filesystem::path file(name_or_file);
  const auto folder = file.extension() == ".md" ? std::optional(file.parent_path()) : std::nullopt;
  return [folder, added](const std::string& name) -> Result<std::string> {
    if (const auto card = find_in_library(name)) return std::string(card->text);
    if (const auto card = added.find(name); card != added.end()) return card->second;
    if (folder && std::filesystem::exists(*folder / (name + ".md"))) return read_file((*folder / (name + ".md")).string());
    auto error = unknown_method(name, added);
    error.code = "papers.no_such_card";
    return fail(std::move(error));
  };
}

Result<recsys::Configured> configure(std::string_view method, const recsys::Settings& settings, const Cards& added) {
  if (const auto counted = recsys::find_method(method); counted && !(*counted)->trained_by_gradient) {
    return recsys::configure(method, settings);
  }
  auto text = card_text(method, added);
  if (!text) return fail(text.error());
  CompileRequest request;
  recsys::Settings common;
  for (const auto& [key, value] : settings) {
    const auto& all = recsys::common_parameters();
    const bool is_common = std::any_of(all.begin(), all.end(), [&](const recsys::Parameter& p) { return p.name == key; });
    (is_common ? common : request.settings)[key] = value;
  }
  auto compiled = std::make_shared<const CompiledCard>(compile_card(std::string(method), std::move(*text), request,
                                                               relatives_of(method, added)));
  if (!compiled->problems.empty()) return fail(as_error(compiled->problems, compiled->method.card.source));
  for (const auto& [key, value] : compiled->settings) common.emplace(key, value);
  auto complete = recsys::complete_common(std::move(common));
  if (!complete) return fail(complete.error());
  const auto sources = sources_of(*compiled);
  if (!sources) return fail(sources.error());
  recsys::Configured out;
  out.sources = *sources;
  out.settings = std::move(*complete);
  out.program = [compiled](const recsys::InputSpec& inputs) -> Result<recsys::Program> {
    const auto script = script_for(*compiled, counts_of(inputs));
    if (!script) return fail(script.error());
    return to_program(*script);
  };
  return out;
}

}  // namespace automodel::papers
