#include <algorithm>
#include <nlohmann/json.hpp>

#include "recsys/models/program.hpp"

namespace automodel::recsys {
namespace {

using nlohmann::json;

constexpr const char* kFields[] = {"all", "categorical", "users", "items"};   // as in LookUp::Fields
constexpr std::string_view kLosses[] = {"logloss", "bpr", "softmax", "mse"};  // as in Loss

json to_json(const LookUp& l) {
  return {{"name", l.name},
          {"shape", l.shape},
          {"init", l.init},
          {"fields", kFields[l.fields]},
          {"int8", l.int8}};
}

LookUp look_up(const json& j) {
  LookUp out{j.at("name"), j.at("shape"), j.at("init")};
  const std::string fields = j.at("fields");
  const auto at = std::find(std::begin(kFields), std::end(kFields), fields);
  if (at == std::end(kFields)) throw std::runtime_error("fields '" + fields + "'");
  out.fields = static_cast<LookUp::Fields>(at - std::begin(kFields));
  out.int8 = j.at("int8");
  return out;
}

json to_json(const Sources& s) {
  json out = {{"users", s.users}, {"items", s.items}, {"history", s.history}, {"fields", s.fields}};
  if (s.graph) out["graph"] = true;
  return out;
}

Sources sources(const json& j) {
  return {j.at("users"), j.at("items"), j.at("history"), j.at("fields"), j.value("graph", false)};
}

}  // namespace

std::string_view loss_name(Loss loss) { return kLosses[static_cast<std::size_t>(loss)]; }

std::optional<Loss> loss_of(std::string_view name) {
  const auto at = std::find(std::begin(kLosses), std::end(kLosses), name);
  if (at == std::end(kLosses)) return std::nullopt;
  return static_cast<Loss>(at - std::begin(kLosses));
}

std::string Program::to_json() const {
  json out = {{"script", script},
              {"look_ups", json::array()},
              {"parameters", json::array()},
              {"noise", json::array()},
              {"penalised", penalised}};
  for (const auto& l : look_ups) out["look_ups"].push_back(recsys::to_json(l));
  for (const auto& p : parameters) {
    out["parameters"].push_back({{"name", p.name}, {"shape", p.shape}, {"init", p.init}});
  }
  for (const auto& n : noise) {
    out["noise"].push_back({{"name", n.name}, {"width", n.width}, {"rate", n.rate}});
    if (n.kind == NoiseSpec::normal) out["noise"].back()["kind"] = "normal";
  }
  // What is not there is as it was before programs had it.
  if (sources != Sources{}) out["sources"] = recsys::to_json(sources);
  if (loss != Loss::logloss) out["loss"] = loss_name(loss);
  if (negatives > 0) out["negatives"] = negatives;
  if (adds_to_loss) out["adds_to_loss"] = true;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Program> Program::from_json(std::string_view text) try {
  const auto j = json::parse(text);
  Program out;
  j.at("script").get_to(out.script);
  for (const auto& l : j.at("look_ups")) out.look_ups.push_back(look_up(l));
  for (const auto& p : j.at("parameters"))
    out.parameters.push_back({p.at("name"), p.at("shape"), p.at("init")});
  for (const auto& n : j.at("noise")) {
    const std::string kind = n.value("kind", "mask");
    if (kind != "mask" && kind != "normal") throw std::runtime_error("noise '" + kind + "'");
    out.noise.push_back(
        {n.at("name"), n.at("width"), n.at("rate"), kind == "normal" ? NoiseSpec::normal : NoiseSpec::mask});
  }
  j.at("penalised").get_to(out.penalised);
  if (j.contains("sources")) out.sources = recsys::sources(j.at("sources"));
  if (j.contains("loss")) {
    const auto loss = loss_of(j.at("loss").get<std::string>());
    if (!loss) throw std::runtime_error("loss '" + j.at("loss").get<std::string>() + "'");
    out.loss = *loss;
  }
  out.negatives = j.value("negatives", 0U);
  out.adds_to_loss = j.value("adds_to_loss", false);
  return out;
} catch (const std::exception& e) {
  return fail("models.bad_program", std::string("this is no program: ") + e.what());
}

}  // namespace automodel::recsys
