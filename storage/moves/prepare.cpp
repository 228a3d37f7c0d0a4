// What can be said of a write without a look at the store: here everything that came from outside is checked.
#include <algorithm>
#include <chrono>

#include "storage/append.hpp"
#include "storage/moves/move.hpp"
#include "storage/moves/stream_records.hpp"

namespace automodel::storage {

namespace {

using Kind = MoveWrite::Kind;

Result<void> bad(const MoveWrite& write, const std::string& what) {
  return fail("storage.bad_request", what, write.agent);
}

Result<void> corrupt(const MoveWrite& write, const std::string& what) {
  return fail(
      "storage.corrupt", what,
      write.agent + ", part " + std::to_string(write.part.part) + " of move " + std::to_string(write.move));
}

Result<void> check_part(const MoveWrite& write) {
  const auto& part = write.part;
  if (part.agent != write.agent || part.move != write.move) return bad(write, "the part is of another move");
  if (part.part == 0) return bad(write, "parts are numbered from 1");
  if (part.snapshot) return bad(write, "a part with a snapshot in the place of records");
  if (!part.last && (!part.messages.empty() || !part.open_messages.empty()))
    return bad(write, "messages that are to be sent come with the last part");
  if (part.until < part.after || part.until - part.after != part.records.size())
    return corrupt(write, "a part up to version " + std::to_string(part.until) + " after version " +
                              std::to_string(part.after) + " with " + std::to_string(part.records.size()) +
                              " records");
  return {};
}

Result<void> prepare_records(PreparedMove& move) {
  auto& part = move.write.part;
  std::uint64_t version = part.after;
  move.records.reserve(part.records.size());
  for (const auto& moved : part.records) {
    if (!moved || moved->version != ++version) return corrupt(move.write, "a record is missing");
    auto record = check_record(move.write.agent, version, std::move(moved->record));
    if (!record) return fail(record.error());
    move.records.push_back(std::move(*record));
  }
  part.records.clear();
  return check_links(move.records, move.write.epoch);
}

Result<void> prepare_replies(const MoveWrite& write) {
  for (const auto& reply : write.part.replies) {
    if (!reply) return corrupt(write, "an empty reply");
    if (auto named = check_name("sender's name", reply->sender); !named)
      return corrupt(write, named.error().message);
    if (reply->version < write.part.after || reply->version > write.part.until)
      return corrupt(write, "a reply of version " + std::to_string(reply->version));
  }
  return {};
}

/// Of the last part: those that are still to be sent.
Result<void> prepare_messages(PreparedMove& move) {
  auto& part = move.write.part;
  std::vector<std::uint64_t> open = part.open_messages;
  std::ranges::sort(open);
  for (const auto& moved : part.messages) {
    if (!moved || moved->id == 0) return corrupt(move.write, "an empty message");
    if (!std::ranges::binary_search(open, moved->id)) continue;  // it is done
    const auto message = events::unpack<events::OutboxMessageT>(moved->message);
    if (!message || message->target.empty() || !message->command)
      return corrupt(move.write, "message " + std::to_string(moved->id) + " cannot be read");
    move.messages.push_back({moved->id, std::move(moved->message)});
  }
  std::ranges::sort(move.messages, {}, &KeptParts::Message::id);
  part.messages.clear();
  if (!std::ranges::equal(move.messages, open, {}, &KeptParts::Message::id))
    return corrupt(move.write, "a message that is to be sent is missing or repeated");
  return {};
}

Result<void> prepare_part(PreparedMove& move) {
  auto& part = move.write.part;
  if (auto good = check_part(move.write); !good) return good;
  if (auto good = prepare_records(move); !good) return good;
  if (auto good = prepare_replies(move.write); !good) return good;
  if (auto good = prepare_messages(move); !good) return good;
  if (part.state) {
    if (part.state->version == 0 || part.state->version > part.until)
      return corrupt(move.write, "a state of version " + std::to_string(part.state->version));
    move.state.emplace(
        StoredSnapshot{part.state->version, std::move(part.state->schema), std::move(part.state->bytes)});
    part.state.reset();
  }
  return {};
}

/// The commit's record says what the write says.
Result<void> prepare_commit(PreparedMove& move) {
  const auto& write = move.write;
  if (write.new_epoch == 0) return bad(write, "an agent is activated under an epoch");
  if (write.record.empty()) return {};
  auto record = check_record(write.agent, write.version, std::move(move.write.record));
  if (!record) return fail(record.error());
  const auto decoded = events::decode(record->view);
  if (!decoded) return fail(decoded.error());
  const auto* commit = decoded->event.body.AsMigrationCommitted();
  if (!commit || commit->agent != write.agent || commit->move != write.move || commit->from != write.peer ||
      commit->to != move.node || commit->epoch != write.new_epoch || record->view.epoch >= write.new_epoch)
    return fail("storage.corrupt", "the record is not the commit of this move to this node",
                events::reference(write.agent, write.version));
  move.records.push_back(std::move(*record));
  return {};
}

Result<void> prepare_kind(PreparedMove& move) {
  const auto& write = move.write;
  switch (write.kind) {
    case Kind::committed:
      return write.new_epoch > write.epoch ? Result<void>() : bad(write, "a commit raises the epoch");
    case Kind::abandoned:
      return write.new_epoch >= write.epoch ? Result<void>() : bad(write, "an epoch is only raised");
    case Kind::part:
      return prepare_part(move);
    case Kind::activated:
      return prepare_commit(move);
    case Kind::started:
    case Kind::discarded:
      return {};
    case Kind::adopted:
    case Kind::fenced:
      return fail("storage.unsupported", "this store has no replicas to adopt", write.agent);
  }
  return bad(write, "a write of no kind");
}

}  // namespace

Result<PreparedMove> prepare_move(const std::string& node, MoveWrite write) {
  if (auto named = check_name("stream's name", write.agent); !named) return fail(named.error());
  if (auto named = check_name("node's stream's name", stream_of_node(node)); !named)
    return fail(named.error());
  if (!is_of_an_agent(write.agent))
    return fail("storage.bad_request", "a node's own stream does not move", write.agent);
  PreparedMove move;
  move.node = node;
  move.write = std::move(write);
  move.time = std::chrono::duration_cast<std::chrono::nanoseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count();
  if (auto good = prepare_kind(move); !good) return fail(good.error());
  return move;
}

}  // namespace automodel::storage
