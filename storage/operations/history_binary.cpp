// The binary form: a magic number and a version, then frames: a kind (1 byte), a length (4 bytes, little
// endian), that many bytes.
#include <algorithm>
#include <array>
#include <istream>

#include "storage/frames.hpp"
#include "storage/operations/history_forms.hpp"

namespace automodel::storage {

namespace {

class BinaryReader final : public HistoryReader {
 public:
  BinaryReader(std::istream& in, std::string name) : in_(in), name_(std::move(name)) {}

  HistoryForm form() const override { return HistoryForm::binary; }
  std::string where() const override { return name_ + ", byte " + std::to_string(start_); }
  /// Nothing stands beside the record.
  Result<void> agrees(const events::Recorded&) const override { return {}; }

  Result<void> start() {
    std::array<char, 12> magic{};
    if (!fill(magic.data(), magic.size()) ||
        std::string_view(magic.data(), binary_magic.size()) != binary_magic)
      return fail(malformed("this is no history", where()));
    std::uint64_t version = 0;
    for (std::size_t i = 0; i < 4; ++i)
      version |= std::uint64_t{static_cast<unsigned char>(magic[8 + i])} << (8 * i);
    if (version > history_version) return fail(newer_history(version, name_));
    if (version == 0) return fail(malformed("it has no version", where()));
    auto header = read_frame(frames::header_bytes + frames::max_node_bytes);
    if (!header) return fail(header.error());
    if (kind_ != frames::header || header->size() < frames::header_bytes)
      return fail(malformed("its header cannot be read", where()));
    header_.from = frames::number_at(*header, 0, 8);
    header_.until = frames::number_at(*header, 8, 8);
    header_.previous_commit = frames::hash_at(*header, 16);
    header_.node.assign(header->begin() + frames::header_bytes, header->end());
    last_.last_sequence = header_.from - 1;
    last_.commit_hash = header_.previous_commit;
    return check_header(header_, where());
  }

  Result<std::optional<events::Bytes>> next() override {
    auto content = read_frame(events::max_message_bytes);
    if (!content) return fail(content.error());
    if (kind_ == frames::record) {
      if (last_.last_sequence == header_.until)
        return fail(malformed("there are more records than its header says", where()));
      ++last_.last_sequence;
      if (const auto envelope = events::view_envelope(*content); envelope && (*envelope)->commit_hash())
        std::copy_n((*envelope)->commit_hash()->bytes()->data(), 32, last_.commit_hash.begin());
      return std::optional(std::move(*content));
    }
    if (kind_ != frames::end || content->size() != frames::end_bytes)
      return fail(malformed("neither a record nor an end", where()));
    const HistoryEnd end{frames::number_at(*content, 0, 8), frames::hash_at(*content, 8)};
    if (auto fits = check_end(header_, end, last_, where()); !fits) return fail(fits.error());
    if (in_.peek() != std::istream::traits_type::eof()) {
      start_ = offset_;
      return fail(malformed("something follows the end", where()));
    }
    return std::optional<events::Bytes>();
  }

 private:
  bool fill(char* into, std::size_t count) {
    in_.read(into, static_cast<std::streamsize>(count));
    offset_ += static_cast<std::uint64_t>(in_.gcount());
    return static_cast<std::size_t>(in_.gcount()) == count;
  }

  Result<events::Bytes> read_frame(std::size_t most) {
    start_ = offset_;
    std::array<char, 5> head{};
    if (!fill(head.data(), head.size())) return fail(malformed("the file ends early", where()));
    kind_ = head[0];
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length |= std::uint64_t{static_cast<unsigned char>(head[1 + i])} << (8 * i);
    if (length > most) return fail(malformed("a part of " + std::to_string(length) + " bytes", where()));
    // A length that lies costs no memory: no more is taken than there is.
    events::Bytes content;
    while (content.size() < length) {
      const std::size_t had = content.size();
      content.resize(had + std::min<std::size_t>(length - had, 1u << 20));
      if (!fill(reinterpret_cast<char*>(content.data()) + had, content.size() - had))
        return fail(malformed("the file ends early", where()));
    }
    return content;
  }

  std::istream& in_;
  std::string name_;
  std::uint64_t offset_ = 0;
  std::uint64_t start_ = 0;  // of the frame read last
  char kind_ = 0;
  HistoryEnd last_;
};

}  // namespace

std::string binary_header(const HistoryHeader& header) {
  std::string out(binary_magic);
  frames::put_number(out, history_version, 4);
  return out + frames::header_frame(header.from, header.until, header.previous_commit, header.node);
}

std::string binary_record(events::ByteView record) {
  return frames::frame(frames::record, {reinterpret_cast<const char*>(record.data()), record.size()});
}

std::string binary_end(const HistoryEnd& end) {
  return frames::end_frame(end.last_sequence, end.commit_hash);
}

Result<std::unique_ptr<HistoryReader>> read_binary(std::istream& in, std::string name) {
  auto reader = std::make_unique<BinaryReader>(in, std::move(name));
  if (auto started = reader->start(); !started) return fail(started.error());
  return std::unique_ptr<HistoryReader>(std::move(reader));
}

Result<void> check_header(const HistoryHeader& header, const std::string& where) {
  if (header.from == 0 || header.until + 1 < header.from || header.until == ~std::uint64_t{0})
    return fail(malformed("its header names events that cannot be", where));
  if (header.from == 1 && header.previous_commit != events::Hash256{})
    return fail(malformed("its header names a commit before the first", where));
  return {};
}

Result<void> check_end(const HistoryHeader& header, const HistoryEnd& end, const HistoryEnd& last,
                       const std::string& where) {
  if (last.last_sequence != header.until)
    return fail(malformed("its last record is " + std::to_string(last.last_sequence) + ", its header says " +
                              std::to_string(header.until),
                          where));
  if (end.last_sequence != last.last_sequence || end.commit_hash != last.commit_hash)
    return fail(malformed("its end is not that of its last record", where));
  return {};
}

}  // namespace automodel::storage
