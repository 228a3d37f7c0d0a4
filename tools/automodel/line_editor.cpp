#include "tools/automodel/line_editor.hpp"

#include <editline/readline.h>
#include <cstdlib>
#include <cstring>

namespace automodel::tools {
namespace {

std::function<std::vector<std::string>(std::string_view)> completer;
std::vector<std::string> candidates;
std::size_t next_candidate = 0;

extern "C" char* one_candidate(const char*, int state) {
  if (state == 0) next_candidate = 0;
  return next_candidate < candidates.size() ? ::strdup(candidates[next_candidate++].c_str()) : nullptr;
}

// libedit asks for words, the completer gives lines: what was typed before the word is taken off.
extern "C" char** complete_word(const char* text, int start, int) {
  const std::string head(rl_line_buffer, static_cast<std::size_t>(start));
  candidates.clear();
  for (const std::string& line : completer(head + text))
    if (line.starts_with(head)) candidates.push_back(line.substr(head.size()));
  rl_attempted_completion_over = 1;  // no file names
  return candidates.empty() ? nullptr : rl_completion_matches(text, one_candidate);
}

}  // namespace

LineEditor::LineEditor(std::filesystem::path history,
                       std::function<std::vector<std::string>(std::string_view)> complete)
    : history_(std::move(history)) {
  completer = std::move(complete);
  rl_attempted_completion_function = complete_word;
  using_history();
  stifle_history(1000);
  if (!history_.empty()) read_history(history_.c_str());
}

LineEditor::~LineEditor() { completer = nullptr; }

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  char* line = readline(prompt.c_str());
  if (!line) return std::nullopt;
  std::string text(line);
  std::free(line);
  if (text.empty()) return text;
  add_history(text.c_str());
  if (!history_.empty()) write_history(history_.c_str());  // Ctrl-C ends the program without a destructor
  return text;
}

}  // namespace automodel::tools
