// Histories as JSON lines.
#include "tests/fuzz/import_history.hpp"

using namespace automodel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  return fuzz::read_history(content, storage::HistoryForm::json_lines,
                            [](const events::Bytes&, const auto& line) { return line.ends_with('\n'); });
}
