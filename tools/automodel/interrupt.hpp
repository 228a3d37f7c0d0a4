// Ctrl-C (SIGINT) and SIGTERM as something to look at, while an object of this type lives.
#pragma once

namespace automodel::tools {

/// One at a time. The handlers of before come back at the end.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// As if it had not been asked.
  void forget();
  /// How often it was asked to stop since construction.
  int count() const;
};

}  // namespace automodel::tools
