// What the archive's tests share: stores whose history may be archived, and everything that anybody can read
// of a store.
#pragma once

#include <sstream>

#include "storage/archive/segments.hpp"
#include "storage/filter.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/operations/archive.hpp"
#include "storage/operations/export.hpp"
#include "storage/verification.hpp"
#include "tests/storage/operations/sample.hpp"
#include "tests/storage/proof/forked.hpp"

namespace automodel::storage::testing {

/// Stores of these tests are written anew again and again, and what they prove needs no real sync.
struct FastDirectory : TemporaryDirectory {
  FastDirectory() : TemporaryDirectory(fast_place()) {}
};

/// A snapshot of every stream as it is now.
inline void take_snapshots(EventStore& store) {
  for (const auto& stream : value(store.streams()))
    value(store.save_snapshot(stream, {value(store.stream_version(stream)), "sample/1", {1, 2, 3}}));
}

/// `count` appends of `fill`, all projections up to date, snapshots of all streams.
inline void make_store(const std::filesystem::path& path, int count) {
  auto store = open_or_throw(path);
  value(store->attach(memory_projection()));
  value(store->attach(std::make_shared<Counting>()));
  fill(*store, count);
  value(store->wait_for("counting", store->last_sequence(), std::chrono::seconds(60)));
  value(store->wait_for(memory_projection()->name(), store->last_sequence(), std::chrono::seconds(60)));
  take_snapshots(*store);
}

inline std::string before(std::uint64_t sequence) { return std::to_string(sequence); }

/// Archives in segments of a few events.
inline ArchiveResult archive_before(const std::filesystem::path& path, std::uint64_t sequence,
                                    std::uint64_t segment_events = 16) {
  ArchiveOptions options;
  options.segment_events = segment_events;
  return value(archive_history(path, before(sequence), options));
}

inline std::string digest_of(const std::string& text) { return events::hex(events::blake2b(view(text))); }

/// Everything that can be read of a store, each way of reading: a line for each that says what it gave.
inline std::string all_that_is_read(const std::filesystem::path& path) {
  StoreOptions reading;
  reading.read_only = true;
  const auto store = open_or_throw(path, reading);
  std::ostringstream out;
  std::string seen;
  const auto note = [&](const std::string& how) {
    out << how << ' ' << digest_of(seen) << '\n';
    seen.clear();
  };
  const auto visit = [&](const events::Recorded& event) {
    seen += events::to_json(event) + '\n';
    return true;
  };
  const auto look = [&](const events::EnvelopeView& event) {
    seen += std::to_string(event.sequence) + events::hex(*event.commit_hash) + '\n';
    return true;
  };
  value(store->read_all(1, visit));
  note("all");
  for (const auto& stream : value(store->streams())) {
    value(store->read_stream(stream, 1, visit));
    value(store->scan_stream(stream, 2, 1000, look));
    seen += std::to_string(value(store->stream_version(stream)));
    seen += std::to_string(value(store->epoch(stream)));
    seen += events::to_json(*value(store->find(stream, 1)));
  }
  note("streams");
  value(store->scan(1, store->last_sequence(), look));
  note("scan");
  EventFilter filter;
  filter.newest_first = true;
  value(store->read(filter, visit));
  filter.streams = {"stream/1"};
  filter.limit = 7;
  value(store->read(filter, visit));
  filter = {};
  filter.kinds = {events::EventBody::GoalAccepted};
  filter.since = noon + 10 * std::int64_t{1'000'000'000};
  value(store->read(filter, visit));
  note("filters");
  for (const auto form : {HistoryForm::json_lines, HistoryForm::binary}) {
    std::ostringstream exported;
    ExportOptions options;
    options.form = form;
    value(export_history(path, exported, options));
    seen += exported.str();
  }
  note("exports");
  const ReplayResult replayed = value(replay(*store));
  out << "memory " << replayed.digest << ' ' << replayed.stored_digest << ' ' << replayed.match
      << replayed.chain_intact << '\n';
  out << "memory then " << memory_of(*store, store->last_sequence() / 3) << '\n';
  out << "rebuilt " << events::hex(rebuilt_digest(*store, Counting())) << '\n';
  out << "verified " << value(store->verify()) << '\n';
  return out.str();
}

/// The names of a store's segments.
inline std::vector<std::string> segments_in(const std::filesystem::path& path) {
  return std::filesystem::exists(path / "archive") ? names_in(path / "archive") : std::vector<std::string>();
}

}  // namespace automodel::storage::testing
