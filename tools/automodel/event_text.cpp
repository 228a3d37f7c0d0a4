#include "tools/automodel/event_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "actors/session/suggest.hpp"
#include "tools/automodel/live_view.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

void add_fields(const nlohmann::json& object, std::string& text) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      add_fields(value, text);
    } else if (!value.is_array()) {
      text += (text.empty() ? "" : " ") + name + "=";
      text += value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
}

/// The short values of a body that has no sentence of its own: "trial=trial-3 epoch=2".
std::string fields(const events::Recorded& event) {
  const auto whole = nlohmann::json::parse(events::to_json(event), nullptr, false);
  std::string text;
  if (whole.is_object() && whole.contains("body") && whole["body"].is_object())
    add_fields(whole["body"], text);
  return text;
}

}  // namespace

std::string event_line(const events::Recorded& event) {
  std::string what = noteworthy(LiveState{}, event);
  if (what.empty()) what = fields(event);
  return pad_left(std::to_string(event.sequence), 6) + "  " + time_text(event.time) + "  " +
         pad_right(events::reference(event.stream, event.version), 22) + " " +
         pad_right(std::string(events::kind_name(event.event.body.type)), 18) + " " + clip(what, 160);
}

Result<void> check_stream(const storage::EventStore& store, const std::string& stream) {
  auto known = store.streams();
  if (!known) return fail(known.error());
  if (std::ranges::find(*known, stream) != known->end()) return {};
  return fail("storage.no_such_stream", "no stream is called '" + stream + "'", store.path().string(),
              actors::suggestion(stream, *known));
}

}  // namespace automodel::tools
