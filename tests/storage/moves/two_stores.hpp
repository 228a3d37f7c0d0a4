// Two real stores, and the steps of a move between them as the protocol asks for them.
#pragma once

#include <future>

#include "storage/moves.hpp"
#include "tests/storage/support.hpp"

namespace automodel::storage::testing {

inline Result<MoveWritten> write(EventStore& store, const std::string& node, MoveWrite move) {
  std::promise<Result<MoveWritten>> promise;
  auto written = promise.get_future();
  store.write_move(node, std::move(move),
                   [&](Result<MoveWritten> result) { promise.set_value(std::move(result)); });
  return written.get();
}

/// A node: a store and the name that it has in its cluster.
struct Place {
  std::string name;
  TemporaryDirectory directory;
  std::unique_ptr<EventStore> store;

  explicit Place(std::string named) : name(std::move(named)) { open(); }
  void open() {
    StoreOptions options;
    options.node = name;
    store = open_or_throw(directory.path(), options);
  }
  void reopen() {
    store.reset();
    open();
  }
  Result<MoveWritten> ask(MoveWrite move) { return write(*store, name, std::move(move)); }
  RecoveredAgent recovered(const std::string& agent) {
    for (auto& known : value(store->recover_agents(name)))
      if (known.agent == agent) return known;
    return {};
  }
};

/// A move of one agent, from one place to another.
struct Move {
  Place& from;
  Place& to;
  std::string agent;
  std::uint64_t epoch = value(from.store->epoch(agent));
  std::uint64_t number = 0;
  std::uint32_t part = 0;
  std::uint64_t until = 0;
  MoveWritten commit = {};

  MoveWrite ask(MoveWrite::Kind kind) const {
    MoveWrite write(kind);
    write.agent = agent;
    write.move = number;
    write.epoch = epoch;
    write.version = until;
    const bool arrives = kind == MoveWrite::Kind::part || kind == MoveWrite::Kind::activated ||
                         kind == MoveWrite::Kind::discarded;
    write.peer = arrives ? from.name : to.name;
    return write;
  }
  void start() { number = value(from.ask(ask(MoveWrite::Kind::started))).version; }
  /// The next part, as the source reads it.
  MoveWrite next(std::size_t bytes, bool last) {
    auto read = value(from.store->read_move(agent, until, bytes, last));
    read.part.move = number;
    read.part.part = part + 1;
    auto write = ask(MoveWrite::Kind::part);
    write.version = read.part.until;
    write.part = std::move(read.part);
    return write;
  }
  void give(MoveWrite write) {
    const auto reached = write.part.until;
    value(to.ask(std::move(write)));
    until = reached;
    ++part;
  }
  /// All of it, in parts of about so many bytes.
  void copy(std::size_t bytes) {
    while (until < value(from.store->stream_version(agent))) give(next(bytes, false));
    give(next(bytes, true));
  }
  Result<MoveWritten> end() {
    auto write = ask(MoveWrite::Kind::committed);
    write.new_epoch = epoch + 1;
    auto written = from.ask(std::move(write));
    if (written) commit = *written;
    return written;
  }
  MoveWrite activation() const {
    auto write = ask(MoveWrite::Kind::activated);
    write.epoch = write.new_epoch = epoch + 1;
    write.version = commit.version;
    write.record = commit.record;
    return write;
  }
  Result<MoveWritten> abandon(bool frozen) {
    auto write = ask(MoveWrite::Kind::abandoned);
    write.new_epoch = frozen ? epoch + 1 : epoch;
    write.reason = "a test";
    return from.ask(std::move(write));
  }
  void all(std::size_t bytes = 300) {
    start();
    copy(bytes);
    value(end());
    value(to.ask(activation()));
  }
};

/// A command that was carried out: an event, a reply, a message.
inline AppendRequest command(const std::string& agent, std::uint64_t number, std::uint64_t epoch = 1) {
  AppendRequest request = one(agent, "goal-" + std::to_string(number));
  request.epoch = epoch;
  request.sender = "console";
  request.number = number;
  request.reply = {static_cast<std::uint8_t>(number), 7};
  request.outbox.push_back(message_to("coordinator/main", number));
  return request;
}

inline std::vector<events::Recorded> history(const EventStore& store, const std::string& stream) {
  std::vector<events::Recorded> all;
  value(store.read_stream(stream, 1, [&](const events::Recorded& event) {
    all.push_back(event);
    return true;
  }));
  return all;
}

/// What a stream is wherever it lies.
inline std::vector<std::string> content(const EventStore& store, const std::string& stream) {
  std::vector<std::string> all;
  for (const auto& event : history(store, stream))
    all.push_back(events::hex(event.hash) + " " + event.origin_node + " " +
                  std::to_string(event.origin_sequence) + " " + std::to_string(event.version));
  return all;
}

inline std::vector<std::string> messages_of(const EventStore& store, const std::string& stream) {
  std::vector<std::string> all;
  for (const auto& pending : value(store.outbox(stream)))
    all.push_back(std::to_string(pending.id) + " " + events::to_json(pending.message));
  return all;
}

}  // namespace automodel::storage::testing
