// A store's history as a file that other programs, other stores and other people can read.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>

#include "storage/operations/artifacts_of.hpp"
#include "storage/operations/history_file.hpp"

namespace automodel::storage {

struct ExportOptions {
  HistoryForm form = HistoryForm::json_lines;
  std::uint64_t from = 1;
  std::uint64_t until = 0;                         // 0: the last event at the beginning of the call
  std::optional<std::filesystem::path> artifacts;  // a directory for the artifacts that the events refer to
  Watch watch;
};

struct ExportResult {
  std::uint64_t from = 1;
  std::uint64_t until = 0;
  std::uint64_t events = 0;
  events::Hash256 commit_hash{};  // of the last event
  std::uint64_t bytes = 0;
  CopiedArtifacts artifacts;
};

/// Writes the events `from` … `until` of the store in directory `store`; both chains are checked on the way.
/// Writers may go on meanwhile. Errors: storage.no_such_event, storage.corrupt, storage.full, storage.io,
/// storage.interrupted; `out` then has a beginning without an end, which no reader accepts.
Result<ExportResult> export_history(const std::filesystem::path& store, std::ostream& out,
                                    const ExportOptions& options = {});

/// The same into a new file, which has its name only when it is whole and synced. Errors: also
/// storage.exists, storage.no_such_directory; on any error no file is left.
Result<ExportResult> export_history_to(const std::filesystem::path& store, const std::filesystem::path& file,
                                       const ExportOptions& options = {});

}  // namespace automodel::storage
