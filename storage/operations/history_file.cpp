#include "storage/operations/history_file.hpp"

#include <istream>

#include "storage/operations/history_forms.hpp"

namespace automodel::storage {

std::string history_header(HistoryForm form, const HistoryHeader& header) {
  return form == HistoryForm::binary ? binary_header(header) : json_header(header);
}

std::string history_record(HistoryForm form, const events::Recorded& recorded, events::ByteView record) {
  return form == HistoryForm::binary ? binary_record(record) : json_record(recorded, record);
}

std::string history_end(HistoryForm form, std::uint64_t last_sequence, const events::Hash256& commit_hash) {
  const HistoryEnd end{last_sequence, commit_hash};
  return form == HistoryForm::binary ? binary_end(end) : json_end(end);
}

Result<std::unique_ptr<HistoryReader>> HistoryReader::open(std::istream& in, std::string name) {
  const int first = in.peek();
  if (first == std::istream::traits_type::eof())
    return fail("storage.malformed", "the file is empty", std::move(name),
                "give a file that automodel export wrote");
  if (first == static_cast<unsigned char>(binary_magic.front())) return read_binary(in, std::move(name));
  return read_json_lines(in, std::move(name));
}

}  // namespace automodel::storage
