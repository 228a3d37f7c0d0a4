#include "storage/append.hpp"

#include "events/evolution.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t max_payload_bytes = events::max_message_bytes - (64u << 10);

/// Whether the stream is as the request expects it; the reason where it is not.
Result<void> check_expected(const AppendRequest& request, const StreamHead& head) {
  const auto conflict = [&](const std::string& expected) {
    return fail("storage.version_conflict",
                "stream '" + request.stream + "' is at version " + std::to_string(head.version) +
                    ", expected " + expected,
                request.stream, "read the stream again and decide anew");
  };
  if (request.epoch < head.epoch)
    return fail("storage.fenced",
                "stream '" + request.stream + "' belongs to epoch " + std::to_string(head.epoch) +
                    ", this append is of epoch " + std::to_string(request.epoch),
                request.stream, "another owner has taken the stream over");
  switch (request.expected.kind) {
    case Expected::Kind::any:
      return {};
    case Expected::Kind::none:
      return head.version == 0 ? Result<void>() : conflict("none");
    case Expected::Kind::exists:
      return head.version > 0 ? Result<void>() : conflict("at least 1");
    case Expected::Kind::exactly:
      return head.version == request.expected.version ? Result<void>()
                                                      : conflict(std::to_string(request.expected.version));
  }
  return {};
}

Key inbox_key(const AppendRequest& request) {
  return Key().name(request.stream).name(request.sender).number(request.number);
}

/// What the events of a request have in common.
events::Recorded heading(const AppendRequest& request, const std::string& node) {
  events::Recorded record;
  record.stream = request.stream;
  record.time = request.time;
  record.correlation = request.correlation;
  record.causation = request.causation;
  record.epoch = request.epoch;
  record.origin_node = node;
  return record;
}

Result<void> write_event(WriteTransaction& transaction, const PreparedAppend::Item& item,
                         events::Recorded& record, NodeState& state, StreamHead& head) {
  record.sequence = record.origin_sequence = ++state.sequence;
  record.version = ++head.version;
  record.previous_hash = head.hash;
  record.hash = head.hash = events::event_hash_as(item.kind, record, item.payload);
  record.commit_hash = state.commit_hash =
      events::commit_hash(state.commit_hash, record.sequence, record.hash);
  const SequenceKey sequence(record.sequence);
  const events::Bytes bytes = events::encode_envelope_as(item.kind, record, item.payload);
  if (auto put = transaction.put(Table::events, sequence, bytes, MDB_APPEND); !put) return put;
  return transaction.put(Table::streams, Key().name(record.stream).number(record.version),
                         encode_number(record.sequence));
}

/// Everything that a request writes, once nothing speaks against it.
Result<Appended> write_all(WriteTransaction& transaction, const PreparedAppend& append,
                           const std::string& node, NodeState& state, StreamHead& head) {
  const AppendRequest& request = append.request;
  Appended appended;
  appended.first_sequence = append.items.empty() ? 0 : state.sequence + 1;
  if (!append.items.empty()) {
    events::Recorded record = heading(request, node);
    for (const auto& item : append.items)
      if (auto written = write_event(transaction, item, record, state, head); !written)
        return fail(written.error());
    head.epoch = request.epoch;
  }
  appended.last_sequence = append.items.empty() ? 0 : state.sequence;
  appended.version = head.version;
  appended.reply = request.reply;
  for (const auto& message : append.messages) {
    const Key key = Key().name(request.stream).number(state.next_message++);
    if (auto put = transaction.put(Table::outbox, key, message); !put) return fail(put.error());
  }
  // Events say themselves where the node stands; ids of messages, which go when they are acknowledged, do
  // not.
  if (!append.messages.empty())
    if (auto put = store_state(transaction, state); !put) return fail(put.error());
  if (!request.sender.empty()) {
    const InboxEntry entry{appended.first_sequence, appended.last_sequence, appended.version, request.reply};
    if (auto put = transaction.put(Table::inbox, inbox_key(request), entry.encode()); !put)
      return fail(put.error());
  }
  return appended;
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= max_name_bytes && name.find('\0') == std::string_view::npos) return {};
  return fail(
      "storage.bad_request",
      "the " + std::string(what) + " has " + std::to_string(name.size()) + " bytes or a zero among them", {},
      "names have 1 to " + std::to_string(max_name_bytes) + " bytes, none of them zero");
}

Result<PreparedAppend> prepare(AppendRequest request) {
  if (auto named = check_name("stream's name", request.stream); !named) return fail(named.error());
  if (!request.sender.empty())
    if (auto named = check_name("sender's name", request.sender); !named) return fail(named.error());
  PreparedAppend prepared;
  for (const auto& event : request.events) {
    const auto kind = event.body.type;
    if (kind == events::EventBody::NONE || kind > events::EventBody::MAX || event.body.value == nullptr)
      return fail("storage.bad_request", "an event has no body", request.stream);
    auto payload = events::pack_whole(event);
    if (!payload) return fail("storage.bad_request", payload.error().message, request.stream);
    if (payload->size() > max_payload_bytes)
      return fail("storage.bad_request", "an event of " + std::to_string(payload->size()) + " bytes",
                  request.stream, "keep large things in the artifact store and name them by hash");
    prepared.items.push_back({events::stored_kind(kind), std::move(*payload)});
  }
  for (const auto& message : request.outbox) {
    if (message.target.empty() || !message.command ||
        message.command->body.type == events::CommandBody::NONE || message.command->body.value == nullptr)
      return fail("storage.bad_request", "a message has no target or no command", request.stream);
    auto packed = events::pack_whole(message);
    if (!packed) return fail("storage.bad_request", packed.error().message, request.stream);
    prepared.messages.push_back(std::move(*packed));
  }
  request.events.clear();
  request.outbox.clear();
  prepared.request = std::move(request);
  return prepared;
}

Result<AppendOutcome> write_append(WriteTransaction& transaction, const PreparedAppend& append,
                                   const std::string& node, Heads& heads) {
  const AppendRequest& request = append.request;
  if (!request.sender.empty()) {
    auto known = load<InboxEntry>(transaction, Table::inbox, inbox_key(request));
    if (!known) return fail(known.error());
    if (*known) {
      InboxEntry& entry = **known;
      return AppendOutcome(
          Appended{entry.first_sequence, entry.last_sequence, entry.version, true, std::move(entry.reply)});
    }
  }
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  const auto head = heads.head(transaction, request.stream);
  if (!head) return fail(head.error());
  if (auto holds = check_expected(request, **head); !holds) return AppendOutcome(fail(holds.error()));
  auto appended = write_all(transaction, append, node, **state, **head);
  if (!appended) return fail(appended.error());
  return AppendOutcome(std::move(*appended));
}

Result<Result<void>> write_epoch(WriteTransaction& transaction, const std::string& stream,
                                 std::uint64_t epoch, Heads& heads) {
  const auto known = heads.head(transaction, stream);
  if (!known) return fail(known.error());
  StreamHead& head = **known;
  if (epoch < head.epoch)
    return Result<void>(fail("storage.fenced",
                             "stream '" + stream + "' is at epoch " + std::to_string(head.epoch) +
                                 " already, above " + std::to_string(epoch),
                             stream, "an epoch is only raised"));
  const auto kept = load<StreamHead>(transaction, Table::heads, view(stream));
  if (!kept) return fail(kept.error());
  StreamHead raised = kept->value_or(StreamHead{});
  raised.epoch = head.epoch = epoch;
  if (auto put = transaction.put(Table::heads, view(stream), raised.encode()); !put) return fail(put.error());
  return Result<void>();
}

}  // namespace automodel::storage
