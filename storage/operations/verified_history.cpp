#include "storage/operations/verified_history.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace automodel::storage {

Result<VerifiedHistory> VerifiedHistory::open(std::vector<std::filesystem::path> files) {
  VerifiedHistory history;
  history.files_ = std::move(files);
  for (const auto& file : history.files_) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (!failed) history.bytes_total_ += size;
  }
  auto started = history.start_next_file();
  if (!started) return fail(started.error());
  if (!*started) return fail("usage.no_file", "no file was given");
  return history;
}

Result<VerifiedHistory> VerifiedHistory::open(std::istream& in, std::string name) {
  VerifiedHistory history;
  if (auto started = history.start(in, std::move(name)); !started) return fail(started.error());
  return history;
}

Result<void> VerifiedHistory::start(std::istream& in, std::string name) {
  auto reader = HistoryReader::open(in, std::move(name));
  if (!reader) return fail(reader.error());
  const HistoryHeader& header = (*reader)->header();
  const bool first = reader_ == nullptr;
  if (first) {
    header_ = header;
    check_ = HistoryCheck({header.from - 1, header.previous_commit});
  } else if (header.node != header_.node || header.from != check_.at().sequence + 1 ||
             header.previous_commit != check_.at().commit_hash) {
    return fail(
        "storage.malformed",
        "it does not go on where the file before ended, at event " + std::to_string(check_.at().sequence),
        (*reader)->where(), "give the parts of one export in their order");
  }
  reader_ = std::move(*reader);
  return {};
}

Result<bool> VerifiedHistory::start_next_file() {
  if (next_file_ == files_.size()) return false;
  const auto& path = files_[next_file_++];
  bytes_before_ = bytes_read();
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  std::error_code failed;
  if (!*file || std::filesystem::is_directory(path, failed))
    return fail("storage.io", std::string("cannot read the file: ") + std::strerror(*file ? EISDIR : errno),
                path.string());
  if (auto started = start(*file, path.string()); !started) return fail(started.error());
  file_ = std::move(file);
  return true;
}

Result<std::optional<VerifiedHistory::Next>> VerifiedHistory::next() {
  for (;;) {
    auto record = reader_->next();
    if (!record) return fail(record.error());
    if (!*record) {
      const auto more = start_next_file();
      if (!more) return fail(more.error());
      if (!*more) return std::optional<Next>();
      continue;
    }
    auto recorded = check_.next(**record);
    if (!recorded) {
      Error error = recorded.error();
      error.where = reader_->where();
      if (error.hint.empty()) error.hint = "the file is not as automodel export wrote it";
      return fail(std::move(error));
    }
    if (auto agrees = reader_->agrees(*recorded); !agrees) return fail(agrees.error());
    return std::optional(Next{std::move(*recorded), std::move(**record)});
  }
}

std::uint64_t VerifiedHistory::bytes_read() const {
  if (!file_) return bytes_before_;
  const auto at = file_->tellg();
  return bytes_before_ + (at < 0 ? 0 : static_cast<std::uint64_t>(at));
}

}  // namespace automodel::storage
