#include "tools/automodel/live_terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace automodel::tools {

LiveTerminal::LiveTerminal() {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  terminal_ = ::isatty(STDERR_FILENO) == 1 && term && std::string_view(term) != "dumb";
  color_ = terminal_ && !(no_color && *no_color);
  if (terminal_) std::cerr << "\x1b[?25l";  // the cursor would jump about
}

LiveTerminal::~LiveTerminal() {
  if (terminal_) std::cerr << "\x1b[?25h" << std::flush;
}

std::size_t LiveTerminal::width() const {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void LiveTerminal::draw(const std::vector<std::string>& lines) {
  if (!terminal_) return;
  std::string text;
  if (drawn_ > 0) text += "\x1b[" + std::to_string(drawn_) + "F";
  for (const std::string& line : lines) text += line + "\x1b[K\n";
  text += "\x1b[J";
  drawn_ = lines.size();
  std::cerr << text << std::flush;
}

void LiveTerminal::say(const std::string& line) {
  if (drawn_ > 0) std::cerr << "\x1b[" << drawn_ << "F\x1b[J";
  drawn_ = 0;
  std::cerr << line << std::endl;
}

}  // namespace automodel::tools
