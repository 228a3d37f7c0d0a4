// Whatever the file is: an error, or records that are a verified history; never a crash.
#include <cstdlib>
#include <sstream>

#include "storage/operations/verified_history.hpp"

using namespace automodel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The magic number is no use to a fuzzer that has to guess it.
  std::string content =
      "\x89"
      "AMH\r\n\x1a\n";
  content.append(reinterpret_cast<const char*>(data), size);
  std::istringstream in(content);
  auto history = storage::VerifiedHistory::open(in, "input");
  if (!history) return 0;
  std::uint64_t expected = history->header().from;
  for (;;) {
    const auto next = history->next();
    if (!next && next.error().where.empty()) std::abort();
    if (!next || !*next) return 0;
    if ((*next)->recorded.sequence != expected++) std::abort();
    const auto again =
        storage::history_record(storage::HistoryForm::binary, (*next)->recorded, (*next)->record);
    if (again.size() != (*next)->record.size() + 5) std::abort();
  }
}
