// What a stream holds, read for the node that is to own it.
#include "storage/moves/move.hpp"
#include "storage/moves/stream_records.hpp"

namespace automodel::storage {

namespace {

/// A snapshot only saves folding: where it would make the part too large for a message it stays here.
constexpr std::size_t most_state_bytes = events::max_message_bytes / 4;

/// Records from `part.after` on, as they lie; the bytes of what is left, about.
Result<std::size_t> read_records(const Transaction& transaction, const std::string& stream,
                                 std::uint64_t version, std::size_t bytes, bool last,
                                 events::MovePartT& part) {
  auto records = StreamRecords::open(transaction, stream);
  if (!records) return fail(records.error());
  std::size_t taken = 0;
  while (part.until < version && (last || part.records.empty() || taken < bytes)) {
    const auto record = records->at(part.until + 1);
    if (!record) return fail(record.error());
    if (!*record) return fail(corrupt_at(0, "the index lacks " + events::reference(stream, part.until + 1)));
    auto& moved = part.records.emplace_back(std::make_unique<events::MovedRecordT>());
    moved->version = ++part.until;
    moved->record.assign(records->bytes().begin(), records->bytes().end());
    taken += moved->record.size();
  }
  return part.until == version ? 0 : taken / part.records.size() * (version - part.until);
}

/// One that is of the part's versions. A reply that came with no event has the version that the stream was
/// at: it may have been written after the part before was read.
void add_reply(events::MovePartT& part, InboxEntry entry, std::string_view sender, std::uint64_t number) {
  const bool without_event = entry.last_sequence == 0;
  if (entry.version > part.until || entry.version < part.after ||
      (entry.version == part.after && !without_event))
    return;
  auto& reply = part.replies.emplace_back(std::make_unique<events::MovedReplyT>());
  reply->sender = sender;
  reply->number = number;
  reply->version = entry.version;
  reply->reply = std::move(entry.reply);
}

Result<void> scan_replies(const Transaction& transaction, const std::string& stream,
                          events::MovePartT& part) {
  auto cursor = Cursor::open(transaction, Table::inbox);
  if (!cursor) return fail(cursor.error());
  const Key prefix = Key().name(stream);
  auto more = cursor->seek(prefix);
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    auto entry = InboxEntry::decode(cursor->value());
    const auto key = cursor->key();
    if (!entry || key.size() < prefix.size() + 9)
      return fail("storage.corrupt", "a reply of the store cannot be read", stream,
                  "restore the store from a backup");
    add_reply(part, std::move(*entry), text(key.subspan(prefix.size(), key.size() - prefix.size() - 9)),
              number_at_end(key));
  }
  return more ? Result<void>() : fail(more.error());
}

Result<void> read_replies(const Transaction& transaction, const std::string& stream,
                          const std::optional<std::vector<RecentReplies::Reply>>& recent,
                          events::MovePartT& part) {
  if (!recent) return scan_replies(transaction, stream, part);
  for (const auto& reply : *recent) {
    auto entry = load<InboxEntry>(transaction, Table::inbox,
                                  Key().name(stream).name(reply.sender).number(reply.number));
    if (!entry) return fail(entry.error());
    if (*entry) add_reply(part, std::move(**entry), reply.sender, reply.number);
  }
  return {};
}

Result<void> read_messages(const Transaction& transaction, const std::string& stream,
                           events::MovePartT& part) {
  auto cursor = Cursor::open(transaction, Table::outbox);
  if (!cursor) return fail(cursor.error());
  const Key prefix = Key().name(stream);
  auto more = cursor->seek(prefix);
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    auto& message = part.messages.emplace_back(std::make_unique<events::MovedMessageT>());
    message->id = number_at_end(cursor->key());
    message->message.assign(cursor->value().begin(), cursor->value().end());
    part.open_messages.push_back(message->id);
  }
  return more ? Result<void>() : fail(more.error());
}

/// In the first part that reaches its version.
Result<void> read_state(const Transaction& transaction, const std::string& stream, events::MovePartT& part) {
  auto stored = load<StoredSnapshot>(transaction, Table::snapshots, view(stream));
  if (!stored) return fail(stored.error());
  if (!*stored || (*stored)->version <= part.after || (*stored)->version > part.until) return {};
  if ((*stored)->bytes.size() > most_state_bytes) return {};
  part.state = std::make_unique<events::MovedSnapshotT>();
  part.state->version = (*stored)->version;
  part.state->schema = std::move((*stored)->schema);
  part.state->bytes = std::move((*stored)->bytes);
  return {};
}

}  // namespace

Result<ReadPart> read_move(const Transaction& transaction, const std::string& stream, std::uint64_t after,
                           std::size_t bytes, bool last,
                           const std::optional<std::vector<RecentReplies::Reply>>& recent) {
  const auto version = load_version(transaction, stream);
  if (!version) return fail(version.error());
  if (*version == 0 || after > *version)
    return fail("storage.bad_request",
                "stream '" + stream + "' is at version " + std::to_string(*version) +
                    ", wanted is what comes after " + std::to_string(after),
                stream);
  ReadPart read;
  read.part.agent = stream;
  read.part.after = read.part.until = after;
  read.part.last = last;
  const auto left = read_records(transaction, stream, *version, bytes, last, read.part);
  if (!left) return fail(left.error());
  read.left = *left;
  if (auto done = read_replies(transaction, stream, recent, read.part); !done) return fail(done.error());
  if (last)
    if (auto done = read_messages(transaction, stream, read.part); !done) return fail(done.error());
  if (auto done = read_state(transaction, stream, read.part); !done) return fail(done.error());
  return read;
}

}  // namespace automodel::storage
