#include "tools/automodel/answer_text.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "storage/memory/format.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

std::string rows_text(const json& rows, std::vector<std::string> columns) {
  std::vector<json> list;
  for (const auto& row : rows)
    if (row.is_object()) list.push_back(row);
  if (columns.empty() && !list.empty())
    for (const auto& [name, value] : list[0].items())
      if (!value.is_structured()) columns.push_back(name);
  return storage::as_table(list, columns);
}

/// Text of a member; empty where there is none, or it is no text.
std::string text_of(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return {};
  return object[name].get<std::string>();
}

std::string steps_text(const json& answer) {
  std::string text = text_of(answer, "title") + "\n";
  std::size_t number = 0;
  for (const auto& step : answer["steps"]) {
    text += pad_left(std::to_string(++number), 4) + ". " + text_of(step, "text") + "\n      " +
            text_of(step, "kind") + " " + text_of(step, "ref");
    if (step.is_object() && step.contains("evidence") && !step["evidence"].empty())
      text += ", evidence: " + storage::cell_text(step["evidence"]);
    text += "\n";
  }
  return text;
}

/// "id=trial-3 method=deepfm": one level, numbers short, without the deeper ones.
std::string inline_text(const json& object) {
  std::string text;
  for (const auto& [name, value] : object.items())
    if (!value.is_structured())
      text += (text.empty() ? "" : " ") + name + "=" + storage::cell_text(value, name);
  return text;
}

/// What people read first, where an answer's own order is the alphabet.
std::vector<std::string> columns_of(const std::string& name) {
  if (name == "proposals") return {"id", "agent", "action", "status", "expected_gain", "subject"};
  if (name == "nodes") return {"node", "state", "roles", "agents", "jobs", "silent_seconds", "encrypted", "endpoint"};
  if (name == "agents") return {"agent", "stream", "events", "decisions", "outcomes", "trials"};
  if (name == "decisions") return {"by", "question", "chosen", "rationale"};
  return {};
}

std::string object_text(const json& object) {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, columns(name));
  std::string text, tables;
  for (const auto& [name, value] : object.items()) {
    const bool table = value.is_array() && !value.empty() && value[0].is_object();
    if (table)
      tables += "\n" + name + "\n" + rows_text(value, columns_of(name));
    else if (value.is_object())
      text += pad_right(name, width) + "  " + inline_text(value) + "\n";
    else
      text += pad_right(name, width) + "  " + storage::cell_text(value, name) + "\n";
  }
  return text + tables;
}

}  // namespace

std::string answer_text(const std::string& topic, const std::string& text) {
  const json answer = json::parse(text, nullptr, false);
  if (answer.is_discarded()) return text + "\n";
  if (topic == "explain" && answer.is_object() && answer.contains("steps") && answer["steps"].is_array())
    return steps_text(answer);
  if (answer.is_object() && answer.contains("rows") && answer["rows"].is_array()) {
    std::vector<std::string> names;
    for (const auto& name :
         answer.contains("columns") && answer["columns"].is_array() ? answer["columns"] : json::array())
      if (name.is_string()) names.push_back(name.get<std::string>());
    return rows_text(answer["rows"], std::move(names));
  }
  if (answer.is_array())
    return answer.empty()          ? "nothing found\n"
           : answer[0].is_object() ? rows_text(answer, columns_of(topic))
                                   : storage::cell_text(answer) + "\n";
  return answer.is_object() ? object_text(answer) : storage::cell_text(answer) + "\n";
}

std::string order_text(std::span<const float> scores) {
  if (std::ranges::is_sorted(scores, std::greater())) return {};
  return "\nNot in the order of the scores: the list is spread over categories, so an item that is like one "
         "above "
         "it\ncomes later than its score alone would put it.\n";
}

std::string recommendations_text(const events::RecommendationsT& items) {
  std::vector<std::vector<std::string>> rows = {{"", "score", "by score", "title", "found by"}};
  std::vector<float> scores;
  for (const auto& item : items.items) {
    if (!item) continue;
    scores.push_back(item->score);
    rows.push_back({std::to_string(rows.size()), fixed(item->score, 4), std::to_string(item->place),
                    clip(item->title.empty() ? item->item : item->title, 70), item->from});
  }
  return "For user " + items.user + ", by " + items.model + ":\n\n" + table_text(rows) + order_text(scores);
}

}  // namespace automodel::tools
