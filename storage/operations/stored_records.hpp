// The history as it lies in a store, byte for byte. Private to storage/.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/event_store.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// A store that is only read: through its interface, and as it lies. Writers may go on.
struct ReadStore {
  std::filesystem::path path;  // absolute
  std::unique_ptr<EventStore> store;
  std::shared_ptr<Environment> environment;
};
/// Errors: those of EventStore::open.
Result<ReadStore> open_to_read(const std::filesystem::path& given);

/// What a store is and where it stands, seen in one transaction.
struct StoreIdentity {
  std::string node;
  std::uint64_t format = 0;
  std::uint64_t last_sequence = 0;
  events::Hash256 commit_hash{};  // of the last commit; zeros before the first
};
Result<StoreIdentity> identity_of(const Environment& environment);

/// Pages inside the file that hold nothing and will be used again.
Result<std::uint64_t> free_pages(const Transaction& transaction);

/// The record of one event: an Envelope. Errors: storage.corrupt where it is missing.
Result<events::Bytes> record_of(const Environment& environment, std::uint64_t sequence);

/// Records `from` and so on, at most up to `until`: about so many bytes, at least one unless there is none to
/// read, at most 512. They are not checked. Errors: storage.corrupt where one is missing.
Result<std::vector<events::Bytes>> read_records(const Environment& environment, std::uint64_t from,
                                                std::uint64_t until, std::size_t most_bytes);

/// Visits the records `from` … `until` in order, outside of any transaction. They are not checked: that is
/// HistoryCheck's. An error of `visit` ends it and is returned.
Result<void> visit_records(const Environment& environment, std::uint64_t from, std::uint64_t until,
                           const std::function<Result<void>(std::uint64_t, events::ByteView)>& visit);

}  // namespace automodel::storage
