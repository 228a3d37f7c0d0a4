#include "tools/automodel/hindsight_text.hpp"

#include <nlohmann/json.hpp>

#include "storage/memory/query.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using actors::ScoredOption;
using nlohmann::json;

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string score(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string choices_text(const std::vector<ScoredOption>& choices) {
  std::vector<std::string> parts;
  for (const auto& choice : choices)
    parts.push_back(choice.name + " (score " + score(choice.recorded) +
                    (choice.recorded == choice.other ? "" : " → " + score(choice.other)) + ")");
  return parts.empty() ? "nothing" : joined(parts);
}

json choices_json(const std::vector<ScoredOption>& choices) {
  json list = json::array();
  for (const auto& choice : choices)
    list.push_back({{"name", choice.name}, {"recorded_score", choice.recorded}, {"score", choice.other}});
  return list;
}

}  // namespace

std::string hindsight_text(const actors::Hindsight& account, const std::vector<std::string>& changes) {
  std::string text = "policy: " + (changes.empty() ? "as nodes have it" : joined(changes)) + "\n";
  text += grouped(account.judged) + " of " + grouped(account.decisions) +
          " decisions re-decided: " + grouped(account.agreed) + " as recorded, " +
          grouped(account.partings.size()) + " otherwise\n";
  for (const auto& parting : account.partings)
    text += "\n" + parting.ref + "  (sequence " + std::to_string(parting.sequence) + ", " +
            storage::time_text(parting.time) + ")  " + parting.question +
            (parting.subject.empty() ? "" : "  [" + parting.subject + "]") + "\n  recorded  " +
            choices_text(parting.recorded) + "\n  instead   " + choices_text(parting.other) +
            "\n  because   " + parting.why + "\n";
  if (account.others.empty()) return text;
  text += "\n" + grouped(account.decisions - account.judged) + " not re-decided:\n";
  for (const auto& kind : account.others)
    text += "  " + pad_left(grouped(kind.count), 5) + "  " + kind.by + ", \"" + kind.question +
            "\": " + kind.why + "\n";
  return text;
}

json hindsight_json(const actors::Hindsight& account, const std::vector<std::string>& changes) {
  json differ = json::array(), others = json::array();
  for (const auto& parting : account.partings)
    differ.push_back({{"sequence", parting.sequence},
                      {"ref", parting.ref},
                      {"time", storage::time_text(parting.time)},
                      {"by", parting.by},
                      {"question", parting.question},
                      {"subject", parting.subject},
                      {"recorded", choices_json(parting.recorded)},
                      {"other", choices_json(parting.other)},
                      {"why", parting.why}});
  for (const auto& kind : account.others)
    others.push_back(
        {{"by", kind.by}, {"question", kind.question}, {"count", kind.count}, {"why", kind.why}});
  return {{"policy", changes},       {"decisions", account.decisions}, {"redecided", account.judged},
          {"agree", account.agreed}, {"differ", std::move(differ)},    {"not_redecided", std::move(others)}};
}

}  // namespace automodel::tools
