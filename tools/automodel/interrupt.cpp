#include "tools/automodel/interrupt.hpp"

#include <atomic>
#include <csignal>

namespace automodel::tools {
namespace {

std::atomic<int> asked = 0;
static_assert(std::atomic<int>::is_always_lock_free);
struct sigaction before_int;
struct sigaction before_term;

extern "C" void count_signal(int) { asked.fetch_add(1); }

}  // namespace

Interrupt::Interrupt() {
  asked = 0;
  struct sigaction action {};
  action.sa_handler = count_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_int);
  sigaction(SIGTERM, &action, &before_term);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int, nullptr);
  sigaction(SIGTERM, &before_term, nullptr);
}

void Interrupt::forget() { asked = 0; }
int Interrupt::count() const { return asked.load(); }

}  // namespace automodel::tools
