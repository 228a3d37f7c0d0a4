#include "tools/automodel/line_editor.hpp"

#include <editline/readline.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <iostream>
#include <iterator>
#include <utility>

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

volatile std::sig_atomic_t interrupted = 0;
// Ctrl-C also writes here: a signal just before the wait for a key, or on another thread, would not end it.
int wake[2] = {-1, -1};

extern "C" void note_interrupt(int) {
  const int code = errno;
  interrupted = 1;
  [[maybe_unused]] const auto full_is_fine = ::write(wake[1], "", 1);
  errno = code;
}

/// Ctrl-C ends the reading of a line, not the program, while an object of this type lives.
class CatchInterrupt {
 public:
  CatchInterrupt() {
    interrupted = 0;
    if (::pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) wake[0] = wake[1] = -1;  // then the signal has to do
    struct sigaction action {};
    action.sa_handler = note_interrupt;  // without SA_RESTART: the wait for a key returns
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before_);
  }
  ~CatchInterrupt() {
    sigaction(SIGINT, &before_, nullptr);
    for (int& end : wake)
      if (end >= 0) ::close(std::exchange(end, -1));
  }
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;

 private:
  struct sigaction before_ {};
};

/// The next character, -1 at the end of input or after Ctrl-C. libedit's own reader would take the
/// interrupted read up again.
extern "C" int next_character(FILE*) {
  std::mbstate_t state{};
  for (;;) {
    pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {wake[0], POLLIN, 0}};
    if (::poll(ready, std::size(ready), -1) < 0 && errno != EINTR) return -1;
    if (interrupted != 0) return -1;
    if (ready[0].revents == 0) continue;
    char byte = 0;
    const auto got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) return -1;
    wchar_t character = 0;
    const auto used = std::mbrtowc(&character, &byte, 1, &state);
    if (used == static_cast<std::size_t>(-2)) continue;  // the character goes on
    if (used != static_cast<std::size_t>(-1)) return static_cast<int>(character);
    state = {};  // no character of this locale: left out
  }
}

}  // namespace

LineEditor::LineEditor(std::filesystem::path history,
                       std::function<std::vector<std::string>(std::string_view)> complete)
    : history_(std::move(history)) {
  completer = std::move(complete);
  rl_getc_function = next_character;
  rl_attempted_completion_function = complete_word;
  using_history();
  stifle_history(1000);
  if (!history_.empty()) read_history(history_.c_str());
}

LineEditor::~LineEditor() { completer = nullptr; }

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  const CatchInterrupt caught;
  char* line = readline(prompt.c_str());
  if (interrupted != 0) {
    std::free(line);
    std::cout << "^C" << std::endl;
    return std::string();
  }
  if (!line) return std::nullopt;
  std::string text(line);
  std::free(line);
  if (text.empty()) return text;
  add_history(text.c_str());
  if (!history_.empty()) write_history(history_.c_str());  // SIGTERM ends the program without a destructor
  return text;
}

}  // namespace automodel::tools
