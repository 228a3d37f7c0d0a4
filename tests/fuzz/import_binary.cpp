// Histories in the binary form.
#include "tests/fuzz/import_history.hpp"

using namespace automodel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The magic number is no use to a fuzzer that has to guess it.
  std::string content =
      "\x89"
      "AMH\r\n\x1a\n";
  content.append(reinterpret_cast<const char*>(data), size);
  return fuzz::read_history(
      content, storage::HistoryForm::binary,
      [](const events::Bytes& record, const auto& frame) { return frame.size() == record.size() + 5; });
}
