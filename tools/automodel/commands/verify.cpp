// automodel verify [--threads N] [--faults N]
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "storage/verification.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  unsigned threads = 0;
  std::size_t faults = 20;
};

/// Tells people who wait how far it is: a line that is written over at a terminal, else one every ten
/// seconds.
class Progress {
 public:
  void operator()(std::uint64_t done, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(500) : std::chrono::seconds(10));
    shown_ = true;
    std::cerr << (terminal_ ? "\r" : "") << grouped(done) << " of " << grouped(all) << " events checked"
              << (terminal_ ? "" : "\n") << std::flush;
  }
  ~Progress() {
    if (shown_ && terminal_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::seconds(2);
};

void print(const storage::Verification& found) {
  const double rate = found.seconds > 0 ? static_cast<double>(found.events) / found.seconds : 0;
  std::cout << grouped(found.events) << " events in " << fixed(found.seconds, 2) << " s ("
            << grouped(static_cast<std::uint64_t>(rate)) << " a second, " << found.threads
            << (found.threads == 1 ? " thread)\n" : " threads)\n");
  for (const auto& fault : found.faults)
    std::cout << "sequence " << fault.sequence << ": " << fault.message << '\n';
  if (found.fault_count > found.faults.size())
    std::cout << "… and " << grouped(found.fault_count - found.faults.size()) << " more\n";
  std::cout << (found.intact() ? "The history is as it was written."
                               : "The history is DAMAGED: restore the store from a backup.")
            << '\n';
}

Result<int> verify(const Program& program, const Options& options) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  storage::VerifyOptions how;
  how.threads = options.threads;
  how.max_faults = options.faults;
  const auto found = [&] {
    Progress progress;
    how.progress = [&progress](std::uint64_t done, std::uint64_t all) { progress(done, all); };
    return (*store)->verify(how);
  }();
  if (!found) return fail(found.error());
  if (program.json) {
    auto faults = nlohmann::json::array();
    for (const auto& fault : found->faults)
      faults.push_back({{"sequence", fault.sequence}, {"message", fault.message}});
    print_json({{"events", found->events},
                {"seconds", found->seconds},
                {"threads", found->threads},
                {"intact", found->intact()},
                {"fault_count", found->fault_count},
                {"faults", faults}});
  } else {
    print(*found);
  }
  return found->intact() ? 0 : 1;
}

}  // namespace

void add_verify(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "verify",
                                  "check every record, both chains of hashes, the index and the heads",
                                  "  automodel verify\n"
                                  "  automodel verify --threads 1 --json",
                                  [&program, options] { return verify(program, *options); });
  command->add_option("--threads", options->threads, "0: one for each core")->capture_default_str();
  command->add_option("--faults", options->faults, "name at most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
}

}  // namespace automodel::tools
