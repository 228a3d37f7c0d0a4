// A line from a terminal, with editing, history and completion (libedit).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace automodel::tools {

/// One at a time: libedit keeps its state in globals.
class LineEditor {
 public:
  /// `complete` gives whole lines that a beginning could go on as. The history is read from `history` and
  /// written back after each line; a file that cannot be read or written only means no history.
  LineEditor(std::filesystem::path history,
             std::function<std::vector<std::string>(std::string_view)> complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Nothing at the end of input (Ctrl-D). Ctrl-C clears the line: what was typed is gone, and "" is read.
  std::optional<std::string> read(const std::string& prompt);

 private:
  std::filesystem::path history_;
};

}  // namespace automodel::tools
