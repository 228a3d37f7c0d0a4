// Whatever the file is: an error, or records that are a verified history; never a crash.
#include <cstdlib>
#include <sstream>

#include "storage/operations/verified_history.hpp"

using namespace automodel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  auto history = storage::VerifiedHistory::open(in, "input");
  if (!history) return 0;
  std::uint64_t expected = history->header().from;
  for (;;) {
    const auto next = history->next();
    if (!next && next.error().where.empty()) std::abort();
    if (!next || !*next) return 0;
    if ((*next)->recorded.sequence != expected++) std::abort();
    // What was read can be written again, and is then the same.
    auto line = storage::history_record(storage::HistoryForm::json_lines, (*next)->recorded, (*next)->record);
    if (line.empty() || line.back() != '\n') std::abort();
  }
}
