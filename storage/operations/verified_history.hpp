// A history from files, every record of it verified before it is given out.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "storage/operations/history_check.hpp"
#include "storage/operations/history_file.hpp"

namespace automodel::storage {

/// Reads one file, or several of which each goes on where the one before ended.
class VerifiedHistory {
 public:
  /// Errors: storage.io, storage.malformed, storage.newer_format.
  static Result<VerifiedHistory> open(std::vector<std::filesystem::path> files);
  /// For tests: from memory. `in` must outlive it.
  static Result<VerifiedHistory> open(std::istream& in, std::string name);

  /// Of the first file.
  const HistoryHeader& header() const { return header_; }
  struct Next {
    events::Recorded recorded;
    events::Bytes record;
  };
  /// Errors: storage.malformed, storage.corrupt; `where` names file and line or offset.
  Result<std::optional<Next>> next();
  /// The place of what was read last: FILE:LINE.
  std::string where() const { return reader_->where(); }
  const HistoryPoint& at() const { return check_.at(); }
  std::uint64_t bytes_read() const;
  std::uint64_t bytes_total() const { return bytes_total_; }  // 0: not known

 private:
  VerifiedHistory() = default;
  Result<void> start(std::istream& in, std::string name);
  Result<bool> start_next_file();  // false: there is none

  std::vector<std::filesystem::path> files_;
  std::size_t next_file_ = 0;
  std::unique_ptr<std::ifstream> file_;
  std::unique_ptr<HistoryReader> reader_;
  HistoryHeader header_;
  HistoryCheck check_;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t bytes_before_ = 0;  // in files that are done
};

}  // namespace automodel::storage
