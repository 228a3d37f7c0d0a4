// A node whose history another one follows.
#pragma once

#include "storage/replicas.hpp"
#include "tests/storage/moves/two_stores.hpp"

namespace automodel::storage::testing {

struct Followed {
  Place a{"a"}, b{"b"};  // b follows a
  SharedHistory shared = value(SharedHistory::open(*a.store));
  std::unique_ptr<Replica> replica = open();

  std::filesystem::path directory() const { return replicas_of(b.directory.path()) / "a"; }
  Result<std::unique_ptr<Replica>> try_open(const std::string& identity = "first") {
    return Replica::open(directory(), {"a", identity}, *b.store);
  }
  std::unique_ptr<Replica> open() { return value(try_open()); }
  void reopen() {
    replica.reset();
    replica = open();
  }
  /// The next part of about so many bytes, as the origin gives it; whether there was one.
  bool step(std::size_t bytes) {
    const auto at = value(replica->position());
    auto part = value(shared.read(at, bytes));
    if (part.records.empty()) return false;
    value(replica->write(at.sequence, std::move(part.records)));
    return true;
  }
  void catch_up(std::size_t bytes = 300) {
    while (step(bytes)) {
    }
  }
};

/// All records of a store, byte for byte.
inline std::vector<events::Bytes> records_of(const EventStore& store) {
  return value(value(SharedHistory::open(store)).read({}, 1u << 30)).records;
}

}  // namespace automodel::storage::testing
