#include "recsys/models/method.hpp"

#include "recsys/evaluation/nearest.hpp"
#include "recsys/models/values.hpp"

namespace automodel::recsys {
namespace {

const Parameter kDim = {"dim", "10", {"4", "8", "10", "16", "32"}, "length of an embedding vector"};
const Parameter kHidden = {"hidden",
                           "128,128,128",
                           {"64", "64,64", "128,64", "128,128,128", "256,128"},
                           "widths of the hidden layers"};
const Parameter kDropout = {
    "dropout", "0.2", {"0", "0.1", "0.2", "0.3", "0.5"}, "share of hidden units silenced in training"};

struct Range {
  const char* name;
  double low, high;
  bool whole;
};
constexpr Range kRanges[] = {
    {"lr", 1e-8, 10, false},      {"batch", 1, 1 << 20, true},    {"l2", 0, 10, false},
    {"dim", 1, 1024, true},       {"dropout", 0, 0.9, false},     {"unknown", 0, 0.9, false},
    {"layers", 1, 16, true},      {"neighbours", 1, 10000, true}, {"shrink", 0, 1e6, false},
    {"lambda", 1e-3, 1e7, false},
};

/// Empty where the value is good, else what is wrong.
std::string problem(const std::string& name, const std::string& value) {
  if (name == "hidden") return whole_list(value) ? "" : "must be widths from 1 to 4096 such as 128,64";
  for (const auto& range : kRanges) {
    if (name != range.name) continue;
    const auto number = to_number(value);
    if (number && *number >= range.low && *number <= range.high &&
        (!range.whole || *number == static_cast<double>(static_cast<std::int64_t>(*number)))) {
      return "";
    }
    return std::string("must be a ") + (range.whole ? "whole " : "") + "number from " +
           short_text(range.low) + " to " + short_text(range.high);
  }
  return "";
}

}  // namespace

const std::vector<Parameter>& common_parameters() {
  static const std::vector<Parameter> list = {
      {"lr", "0.001", {"0.0003", "0.001", "0.003", "0.01", "0.03"}, "learning rate of Adam"},
      {"batch", "2048", {"512", "1024", "2048", "4096"}, "rows in a mini-batch"},
      {"l2", "0", {"0", "1e-6", "1e-5", "1e-4", "1e-3"}, "weight of half the squared length of all weights"},
      {"unknown",
       "0",
       {"0", "0.05", "0.1", "0.2", "0.4"},
       "share of ids hidden in training, so that the model learns what to say of users and items it never "
       "saw"}};
  return list;
}

const std::vector<Method>& methods() {
  static const std::vector<Method> list = {
      {"popularity", "Popularity: an item's smoothed share of positives", "", false, {}},
      {"itemknn",
       "Item-kNN: what was liked together",
       "Sarwar et al., WWW 2001",
       false,
       {{"neighbours", "100", {"20", "50", "100", "200"}, "similar items that count"},
        {"shrink", "10", {"0", "5", "10", "50"}, "users in common that halve a similarity's weight"}}},
      {"ease",
       "EASE: an item from all that the user liked, solved in closed form",
       "Steck, WWW 2019, arXiv 1905.03375",
       false,
       {{"lambda", "200", {"50", "100", "200", "500", "1000"}, "weight of the squared weights"}}},
      {"lr", "Logistic regression", "Richardson et al., WWW 2007", true, {}},
      {"fm", "Factorization machine", "Rendle, ICDM 2010", true, {kDim}},
      {"deepfm", "DeepFM", "Guo et al., IJCAI 2017, arXiv 1703.04247", true, {kDim, kHidden, kDropout}},
      {"dcnv2",
       "DCN-v2, parallel",
       "Wang et al., WWW 2021, arXiv 2008.13535",
       true,
       {kDim, {"layers", "2", {"1", "2", "3", "4"}, "cross layers"}, kHidden, kDropout}}};
  return list;
}

Result<const Method*> find_method(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& method : methods()) {
    if (method.name == name) return &method;
    names.push_back(method.name);
  }
  return fail("models.unknown_method", "there is no method '" + std::string(name) + "'", {},
              suggest(name, names));
}

Result<Settings> complete_settings(const Method& method, const Settings& given) {
  std::vector<Parameter> known = method.parameters;
  if (method.trained_by_gradient) {
    known.insert(known.end(), common_parameters().begin(), common_parameters().end());
  }
  Settings out;
  std::vector<std::string> names;
  for (const auto& parameter : known) {
    out.emplace(parameter.name, parameter.default_value);
    names.push_back(parameter.name);
  }
  // Weights that begin at zero and have no layers behind them need longer steps to get anywhere in a few
  // epochs.
  if (method.name == "lr") out["lr"] = "0.01";
  for (const auto& [name, value] : given) {
    if (!out.contains(name)) {
      return fail("models.unknown_setting", method.name + " has no setting '" + name + "'", {},
                  suggest(name, names));
    }
    if (const auto wrong = problem(name, value); !wrong.empty()) {
      return fail("models.bad_setting", name + " = '" + value + "' " + wrong, method.name);
    }
    out[name] = value;
  }
  return out;
}

Result<Settings> complete_common(Settings given) {
  for (const auto& parameter : common_parameters()) {
    const auto& value = given.emplace(parameter.name, parameter.default_value).first->second;
    if (const auto wrong = problem(parameter.name, value); !wrong.empty())
      return fail("models.bad_setting", parameter.name + " = '" + value + "' " + wrong);
  }
  return given;
}

Result<Configured> configure(std::string_view method, const Settings& given) {
  const auto known = find_method(method);
  if (!known) return fail(known.error());
  auto settings = complete_settings(**known, given);
  if (!settings) return fail(settings.error());
  Configured out{std::move(*settings), {}};
  if ((*known)->trained_by_gradient) {
    out.program = [name = std::string(method), chosen = out.settings](const InputSpec& inputs) {
      return program(name, chosen, inputs);
    };
  }
  return out;
}

}  // namespace automodel::recsys
