// The source's side of a move: it begins, it is committed, or it is given up.
#include "storage/append.hpp"
#include "storage/moves/move.hpp"
#include "storage/moves/stream_records.hpp"

namespace automodel::storage {

namespace {

using Kind = MoveWrite::Kind;

MoveOutcome fenced(const PreparedMove& move, const StreamHead& head) {
  return fail("storage.fenced",
              "stream '" + move.write.agent + "' is at version " + std::to_string(head.version) +
                  " and epoch " + std::to_string(head.epoch) + ", the move is of epoch " +
                  std::to_string(move.write.epoch),
              move.write.agent, "only its owner moves an agent");
}

/// The event that began the move, with its time; no agent where there is none.
struct Start {
  std::int64_t time = 0;
  events::MigrationStartedT body;
};

Result<Start> start_of(const Transaction& transaction, const PreparedMove& move) {
  auto records = StreamRecords::open(transaction, stream_of_node(move.node));
  if (!records) return fail(records.error());
  const auto record = records->at(move.write.move);
  if (!record) return fail(record.error());
  Start start;
  if (!*record) return start;
  auto decoded = events::decode(**record);
  if (!decoded) return fail(decoded.error());
  auto* body = decoded->event.body.AsMigrationStarted();
  if (!body || body->agent != move.write.agent) return start;
  start.time = decoded->time;
  start.body = std::move(*body);
  return start;
}

Result<MoveOutcome> append_to_node(WriteTransaction& transaction, const PreparedMove& move,
                                   events::EventT event, const std::string& store, Heads& heads) {
  const std::string stream = stream_of_node(move.node);
  const auto head = heads.head(transaction, stream);
  if (!head) return fail(head.error());
  const StreamHead now = **head;
  return append_event(transaction, move, stream, now.version, now.epoch, std::move(event), store, heads);
}

Result<MoveOutcome> write_started(WriteTransaction& transaction, const PreparedMove& move,
                                  const std::string& store, Heads& heads) {
  events::MigrationStartedT body;
  body.agent = move.write.agent;
  body.from = move.node;
  body.to = move.write.peer;
  body.epoch = move.write.epoch;
  events::EventT event;
  event.body.Set(std::move(body));
  return append_to_node(transaction, move, std::move(event), store, heads);
}

/// Where the commit lies it is all or nothing: the event that gives the agent away, and the epoch that fences
/// this node.
Result<MoveOutcome> write_committed(WriteTransaction& transaction, const PreparedMove& move,
                                    const std::string& store, Heads& heads) {
  const auto& write = move.write;
  const auto start = start_of(transaction, move);
  if (!start) return fail(start.error());
  if (start->body.agent.empty() || start->body.to != write.peer)
    return MoveOutcome(fail(
        "storage.bad_request",
        "no move " + std::to_string(write.move) + " to node '" + write.peer + "' was begun", write.agent));
  events::MigrationCommittedT body;
  body.agent = write.agent;
  body.from = move.node;
  body.to = write.peer;
  body.move = write.move;
  body.epoch = write.new_epoch;
  body.seconds = seconds_between(start->time, move.time);
  events::EventT event;
  event.body.Set(std::move(body));
  auto appended = append_event(transaction, move, write.agent, write.version, write.epoch, std::move(event),
                               store, heads);
  if (!appended || !*appended) return appended;
  const auto raised = write_epoch(transaction, write.agent, write.new_epoch, heads);
  if (!raised) return fail(raised.error());
  if (!*raised) return fail(raised->error());
  if (auto put = transaction.put(Table::meta, whole_key(write.agent), encode_number((*appended)->version));
      !put)
    return fail(put.error());
  auto records = StreamRecords::open(transaction, write.agent);
  if (!records) return fail(records.error());
  const auto record = records->at((*appended)->version);
  if (!record) return fail(record.error());
  (*appended)->record.assign(records->bytes().begin(), records->bytes().end());
  return appended;
}

Result<MoveOutcome> write_abandoned(WriteTransaction& transaction, const PreparedMove& move,
                                    const StreamHead& head, const std::string& store, Heads& heads) {
  const auto& write = move.write;
  const auto start = start_of(transaction, move);
  if (!start) return fail(start.error());
  events::MigrationAbandonedT body;
  body.agent = write.agent;
  body.from = move.node;
  body.to = write.peer.empty() ? start->body.to : write.peer;
  body.move = write.move;
  body.reason = write.reason;
  if (start->time != 0) body.seconds = seconds_between(start->time, move.time);
  events::EventT event;
  event.body.Set(std::move(body));
  if (write.new_epoch == write.epoch)
    return append_to_node(transaction, move, std::move(event), store, heads);
  return append_event(transaction, move, write.agent, head.version, write.new_epoch, std::move(event), store,
                      heads);
}

}  // namespace

Result<MoveOutcome> append_event(WriteTransaction& transaction, const PreparedMove& move,
                                 const std::string& stream, std::uint64_t version, std::uint64_t epoch,
                                 events::EventT event, const std::string& store, Heads& heads) {
  AppendRequest request;
  request.stream = stream;
  request.expected = Expected::exactly(version);
  request.epoch = epoch;
  request.time = move.time;
  request.events.push_back(std::move(event));
  const auto prepared = prepare(std::move(request));
  if (!prepared) return MoveOutcome(fail(prepared.error()));
  const auto appended = write_append(transaction, *prepared, store, heads);
  if (!appended) return fail(appended.error());
  if (!*appended) return MoveOutcome(fail(appended->error()));
  return MoveOutcome(MoveWritten{(*appended)->version, {}});
}

Result<MoveOutcome> write_departure(WriteTransaction& transaction, const PreparedMove& move,
                                    const std::string& store, Heads& heads) {
  const auto known = heads.head(transaction, move.write.agent);
  if (!known) return fail(known.error());
  const StreamHead head = **known;
  if (move.write.kind == Kind::started) {
    if (head.version == 0 || head.epoch != move.write.epoch) return fenced(move, head);
    return write_started(transaction, move, store, heads);
  }
  if (head.version == 0 || head.epoch > move.write.epoch) return fenced(move, head);
  if (move.write.kind == Kind::committed) return write_committed(transaction, move, store, heads);
  return write_abandoned(transaction, move, head, store, heads);
}

}  // namespace automodel::storage
