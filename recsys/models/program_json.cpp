#include <nlohmann/json.hpp>

#include "recsys/models/program.hpp"

namespace automodel::recsys {
namespace {

using nlohmann::json;

json to_json(const LookUp& l) {
  return {{"name", l.name},
          {"shape", l.shape},
          {"init", l.init},
          {"fields", l.fields == LookUp::all ? "all" : "categorical"},
          {"int8", l.int8}};
}

LookUp look_up(const json& j) {
  LookUp out{j.at("name"), j.at("shape"), j.at("init")};
  const std::string fields = j.at("fields");
  if (fields != "all" && fields != "categorical") throw std::runtime_error("fields '" + fields + "'");
  out.fields = fields == "all" ? LookUp::all : LookUp::categorical;
  out.int8 = j.at("int8");
  return out;
}

}  // namespace

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
  for (const auto& n : noise)
    out["noise"].push_back({{"name", n.name}, {"width", n.width}, {"rate", n.rate}});
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Program> Program::from_json(std::string_view text) try {
  const auto j = json::parse(text);
  Program out;
  j.at("script").get_to(out.script);
  for (const auto& l : j.at("look_ups")) out.look_ups.push_back(look_up(l));
  for (const auto& p : j.at("parameters"))
    out.parameters.push_back({p.at("name"), p.at("shape"), p.at("init")});
  for (const auto& n : j.at("noise")) out.noise.push_back({n.at("name"), n.at("width"), n.at("rate")});
  j.at("penalised").get_to(out.penalised);
  return out;
} catch (const std::exception& e) {
  return fail("models.bad_program", std::string("this is no program: ") + e.what());
}

}  // namespace automodel::recsys
