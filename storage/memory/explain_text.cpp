// How an explanation is shown.
#include "storage/memory/explain.hpp"
#include "storage/memory/query.hpp"
#include "storage/memory/words.hpp"

namespace automodel::storage {

namespace {

/// Words of `text` in lines of at most `columns` characters, each after `margin` spaces.
void wrap(std::string& out, const std::string& text, std::size_t margin, std::size_t columns) {
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(margin, ' ') + line + "\n";
    line.clear();
  };
  std::size_t start = 0;
  while (start < text.size()) {
    auto end = text.find_first_of(" \n", start);
    if (end == std::string::npos) end = text.size();
    const auto word = text.substr(start, end - start);
    if (!line.empty() && margin + line.size() + 1 + word.size() > columns) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + word;
    start = end + 1;
  }
  flush();
}

}  // namespace

std::string as_text(const Explanation& explanation, std::size_t columns) {
  constexpr std::size_t margin = 4;
  std::string out =
      explanation.title + "\n" + words::counted(explanation.steps.size(), "step") + ", oldest first\n";
  std::size_t number = 0;
  for (const auto& step : explanation.steps) {
    out += "\n" + std::to_string(++number) + ". " + step.kind + "  " + step.ref + "  (sequence " +
           std::to_string(step.sequence) + ", " + time_text(step.time) + ")\n";
    wrap(out, step.text, margin, columns);
    if (!step.evidence.empty()) wrap(out, "evidence: " + words::joined(step.evidence), margin, columns);
  }
  return out;
}

nlohmann::json as_json(const Explanation& explanation) {
  auto steps = nlohmann::json::array();
  for (const auto& step : explanation.steps)
    steps.push_back({{"sequence", step.sequence},
                     {"ref", step.ref},
                     {"time", time_text(step.time)},
                     {"kind", step.kind},
                     {"text", step.text},
                     {"evidence", step.evidence}});
  return {{"id", explanation.id}, {"title", explanation.title}, {"steps", std::move(steps)}};
}

}  // namespace automodel::storage
