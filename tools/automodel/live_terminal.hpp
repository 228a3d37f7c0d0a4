// Lines that are redrawn in place on a terminal, or plain lines where there is none. Writes to stderr.
#pragma once

#include <string>
#include <vector>

namespace automodel::tools {

class LiveTerminal {
 public:
  LiveTerminal();
  /// Leaves the last drawing where it is and shows the cursor again.
  ~LiveTerminal();
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;

  bool is_terminal() const { return terminal_; }
  /// With ANSI colours: on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb.
  bool color() const { return color_; }
  /// Columns of the terminal now; 80 where they are not known.
  std::size_t width() const;

  /// Replaces what was drawn before. Only on a terminal.
  void draw(const std::vector<std::string>& lines);
  /// One line that stays.
  void say(const std::string& line);

 private:
  bool terminal_;
  bool color_;
  std::size_t drawn_ = 0;
};

}  // namespace automodel::tools
