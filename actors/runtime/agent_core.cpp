#include "actors/runtime/agent_core.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>

#include "actors/runtime/messages.hpp"
#include "actors/runtime/stored_reply.hpp"

namespace automodel::actors {

namespace {

constexpr int max_attempts = 8;  // a command that meets this many version conflicts is refused
constexpr std::uint64_t messages_per_version = 1024;
constexpr std::chrono::milliseconds memory_patience{10'000};

/// Memory could not be read at all: a matter of the moment, not of the decider.
struct MemoryLate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Rows that wait, at the first read, until memory has applied everything that was committed when they were
/// made: a decider that does not look at memory does not wait for it.
class CaughtUpRows final : public storage::RowReader {
 public:
  CaughtUpRows(std::shared_ptr<const storage::RowReader> rows, const storage::EventStore& store,
               std::string projection)
      : rows_(std::move(rows)),
        store_(store),
        projection_(std::move(projection)),
        sequence_(store.last_sequence()) {}

  std::optional<events::Bytes> get(std::string_view table, std::string_view key) const override {
    catch_up();
    return rows_->get(table, key);
  }
  void scan(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view, events::ByteView)>& visit) const override {
    catch_up();
    rows_->scan(table, prefix, visit);
  }

 private:
  void catch_up() const {
    if (caught_up_) return;
    if (auto waited = store_.wait_for(projection_, sequence_, memory_patience); !waited)
      throw MemoryLate(to_string(waited.error()));
    caught_up_ = true;
  }

  std::shared_ptr<const storage::RowReader> rows_;
  const storage::EventStore& store_;
  std::string projection_;
  std::uint64_t sequence_;
  mutable bool caught_up_ = false;
};

std::string cause_of(const events::CommandT& command) {
  if (!command.causation.empty() || command.sender.empty()) return command.causation;
  return command.sender + "/" + std::to_string(command.number);
}

}  // namespace

/// A command that was decided. Without `request` it changes nothing, but its reply still waits for what is
/// before it.
struct AgentCore::Entry {
  Held held;
  events::ReplyT reply;
  std::uint64_t append = 0;  // 0: nothing to append
  std::vector<events::Recorded> recorded;
  storage::AppendRequest request;
  bool messages = false;  // it asks for some
  bool durable = false;
  bool repeated = false;  // the store knew the command: `reply` is the stored one
  bool fatal = false;     // the decider threw at it
  std::optional<Error> error;
};

AgentCore::AgentCore(std::unique_ptr<Machine> machine, std::shared_ptr<storage::EventStore> store,
                     CoreOptions options)
    : machine_(std::move(machine)), store_(std::move(store)), options_(std::move(options)) {}

AgentCore::~AgentCore() = default;

Result<void> AgentCore::recover() {
  try {
    machine_->reset();
    durable_version_ = 0;
    auto snapshot = store_->load_snapshot(options_.stream);
    if (!snapshot) return fail(snapshot.error());
    // A snapshot of another schema, or one that does not verify, is only a cache that missed.
    if (*snapshot && (*snapshot)->schema == machine_->schema() && machine_->restore((*snapshot)->bytes))
      durable_version_ = (*snapshot)->version;
    snapshot_version_ = durable_version_;
    return catch_up();
  } catch (const std::exception& e) {
    return fail("agents.replay_failed", e.what(), options_.stream);
  }
}

Result<void> AgentCore::catch_up() {
  auto read = store_->read_stream(options_.stream, durable_version_ + 1, [&](const events::Recorded& event) {
    machine_->commit(event);
    durable_version_ = event.version;
    last_time_ = std::max(last_time_, event.time);
    return true;
  });
  if (!read) return fail(read.error());
  machine_->rollback();
  optimistic_version_ = durable_version_;
  return {};
}

Result<void> AgentCore::resume(std::uint64_t epoch) {
  options_.epoch = epoch;
  try {
    return catch_up();
  } catch (const std::exception& e) {
    return fail("agents.replay_failed", e.what(), options_.stream);
  }
}

Step AgentCore::submit(events::CommandT command, Ticket ticket) {
  Step step;
  Held held{std::move(command), {ticket}, 0};
  if (dying_)
    step.answers.push_back(
        {ticket, refusal({"runtime.restarting", "the agent starts again", options_.stream, "ask again"})});
  else if (rebuild_due_)
    held_.push_back(std::move(held));
  else
    accept(std::move(held), step);
  settle(step);
  return step;
}

void AgentCore::accept(Held held, Step& step) {
  if (dying_) {
    for (auto ticket : held.tickets)
      step.answers.push_back(
          {ticket, refusal({"runtime.restarting", "the agent starts again", options_.stream, "ask again"})});
    return;
  }
  if (!held.command.sender.empty() && (join_pending(held) || answer_stored(held, step))) return;
  const auto now = std::max(options_.now(), last_time_);
  bool threw = false;
  auto decision = decide(held.command, now, threw);
  if (!decision) return refuse(std::move(held), decision.error(), threw);

  Entry entry;
  entry.held = std::move(held);
  if (auto completed = complete(entry, std::move(*decision), now); !completed)
    return refuse(std::move(entry.held), completed.error(), true);
  if (entry.append != 0) {
    ++in_flight_;
    step.appends.push_back({entry.append, std::move(entry.request)});
  }
  pending_.push_back(std::move(entry));
}

/// The same command is on its way to the store: one effect, both callers get its reply.
bool AgentCore::join_pending(const Held& held) {
  for (auto& entry : pending_) {
    if (entry.held.command.sender != held.command.sender || entry.held.command.number != held.command.number)
      continue;
    entry.held.tickets.insert(entry.held.tickets.end(), held.tickets.begin(), held.tickets.end());
    return true;
  }
  return false;
}

bool AgentCore::answer_stored(const Held& held, Step& step) {
  auto stored = store_->find_reply(options_.stream, held.command.sender, held.command.number);
  events::ReplyT reply;
  if (!stored) {
    reply = refusal(stored.error());
  } else if (!*stored) {
    return false;
  } else {
    auto unpacked = unpack_reply(**stored);
    reply = unpacked ? std::move(*unpacked) : refusal(unpacked.error());
  }
  for (auto ticket : held.tickets) step.answers.push_back({ticket, reply});
  return true;
}

Result<Decision> AgentCore::decide(const events::CommandT& command, std::int64_t now, bool& threw) {
  try {
    Context context{options_.stream, optimistic_version_, now, nullptr};
    std::optional<storage::Memory> memory;
    if (options_.memory) {
      memory.emplace(std::make_shared<CaughtUpRows>(options_.memory, *store_, options_.memory_projection));
      context.memory = &*memory;
    }
    return machine_->decide(command, context);
  } catch (const MemoryLate& e) {
    return fail("runtime.memory_late", e.what(), options_.stream, "ask again");
  } catch (const std::exception& e) {
    threw = true;
    return fail("agents.decider_failed", std::string("deciding threw: ") + e.what(), options_.stream);
  }
}

/// Turns a decision into an append, and moves the optimistic state over its events.
Result<void> AgentCore::complete(Entry& entry, Decision decision, std::int64_t now) {
  const auto& command = entry.held.command;
  entry.reply = std::move(decision.reply);
  entry.reply.accepted = true;
  entry.reply.version = optimistic_version_ + decision.events.size();
  if (decision.events.empty() && decision.outbox.empty()) return {};
  if (decision.events.empty() || decision.outbox.size() >= messages_per_version)
    return fail(
        "agents.bad_decision",
        decision.events.empty() ? "a message without an event that asks for it" : "too many messages at once",
        options_.stream);

  auto& request = entry.request;
  request.stream = options_.stream;
  request.expected = storage::Expected::exactly(optimistic_version_);
  request.epoch = options_.epoch;
  request.sender = command.sender;
  request.number = command.number;
  request.correlation = command.correlation;
  request.causation = cause_of(command);
  request.time = now;
  request.reply = pack_reply(entry.reply);
  for (std::size_t i = 0; i < decision.outbox.size(); ++i) {
    auto& message = decision.outbox[i];
    if (!message.command) return fail("agents.bad_decision", "a message without a command", options_.stream);
    message.command->sender = options_.stream;
    message.command->number = entry.reply.version * messages_per_version + i;
    if (message.command->correlation.empty()) message.command->correlation = command.correlation;
    if (message.command->causation.empty())
      message.command->causation = events::reference(options_.stream, entry.reply.version);
  }
  try {
    for (auto& event : decision.events) {
      events::Recorded recorded;
      recorded.stream = options_.stream;
      recorded.version = ++optimistic_version_;
      recorded.time = now;
      recorded.correlation = request.correlation;
      recorded.causation = request.causation;
      recorded.epoch = options_.epoch;
      recorded.event = event;
      machine_->evolve(recorded);
      entry.recorded.push_back(std::move(recorded));
    }
  } catch (const std::exception& e) {
    return fail("agents.decider_failed", std::string("evolving threw: ") + e.what(), options_.stream);
  }
  last_time_ = now;
  request.events = std::move(decision.events);
  entry.messages = !decision.outbox.empty();
  request.outbox = std::move(decision.outbox);
  entry.append = next_append_++;
  return {};
}

/// A refusal rests on the optimistic state: it waits until that is durable, like any reply.
void AgentCore::refuse(Held held, const Error& error, bool fatal) {
  Entry entry;
  entry.held = std::move(held);
  entry.reply = refusal(error);
  entry.reply.version = durable_version_;
  entry.fatal = fatal;
  if (fatal) entry.error = error;
  dying_ = dying_ || fatal;
  pending_.push_back(std::move(entry));
}

Step AgentCore::committed(std::uint64_t append, Result<storage::Appended> result) {
  Step step;
  auto entry =
      std::find_if(pending_.begin(), pending_.end(), [&](const Entry& e) { return e.append == append; });
  if (entry == pending_.end()) return step;
  --in_flight_;
  if (!result) {
    entry->error = result.error();
    rebuild_due_ = true;
  } else if (result->repeated) {
    auto reply = unpack_reply(result->reply);
    entry->reply = reply ? std::move(*reply) : refusal(reply.error());
    entry->repeated = true;
    rebuild_due_ = true;  // what was decided on its events stands on nothing
  } else {
    entry->durable = true;
    auto sequence = result->first_sequence;
    for (auto& recorded : entry->recorded) recorded.sequence = sequence++;
  }
  settle(step);
  return step;
}

/// Answers everything at the front that no longer waits for the store.
void AgentCore::settle(Step& step) {
  try {
    while (!pending_.empty()) {
      auto& entry = pending_.front();
      if (entry.append != 0 && !entry.durable) break;
      for (auto& recorded : entry.recorded) {
        machine_->commit(recorded);
        durable_version_ = recorded.version;
      }
      step.committed = step.committed || !entry.recorded.empty();
      step.messages = step.messages || entry.messages;
      for (auto ticket : entry.held.tickets) step.answers.push_back({ticket, entry.reply});
      if (entry.fatal) step.died = entry.error;
      pending_.pop_front();
    }
    if (rebuild_due_ && in_flight_ == 0) rebuild(step);
  } catch (const std::exception& e) {
    die({"agents.decider_failed", std::string("evolving threw: ") + e.what(), options_.stream, {}}, step);
  }
}

/// Throws the optimistic state away and decides again what stood on it.
void AgentCore::rebuild(Step& step) {
  rebuild_due_ = false;
  auto entries = std::move(pending_);
  auto held = std::move(held_);
  pending_.clear();
  held_.clear();
  if (auto caught_up = catch_up(); !caught_up) {
    die(caught_up.error(), step);
    for (auto& entry : entries)
      for (auto ticket : entry.held.tickets) step.answers.push_back({ticket, refusal(caught_up.error())});
    for (auto& command : held)
      for (auto ticket : command.tickets) step.answers.push_back({ticket, refusal(caught_up.error())});
    return;
  }
  step.committed = step.messages = true;  // another writer's events may ask for jobs and messages
  for (auto& entry : entries) {
    const bool conflict = entry.error && entry.error->code == "storage.version_conflict";
    if (entry.repeated || (entry.error && (!conflict || entry.held.attempts >= max_attempts))) {
      auto reply = entry.error && !entry.fatal ? refusal(*entry.error) : entry.reply;
      for (auto ticket : entry.held.tickets) step.answers.push_back({ticket, reply});
      if (entry.fatal) step.died = entry.error;
    } else {
      entry.held.attempts += conflict ? 1 : 0;
      accept(std::move(entry.held), step);
    }
  }
  for (auto& command : held) accept(std::move(command), step);
  settle(step);
}

void AgentCore::die(const Error& error, Step& step) {
  dying_ = true;
  step.died = error;
  for (auto& entry : pending_)
    for (auto ticket : entry.held.tickets) step.answers.push_back({ticket, refusal(error)});
  pending_.clear();
}

std::optional<storage::Snapshot> AgentCore::snapshot_after(std::uint64_t events) {
  if (durable_version_ < snapshot_version_ + events) return std::nullopt;
  snapshot_version_ = durable_version_;
  return storage::Snapshot{durable_version_, machine_->schema(), machine_->snapshot()};
}

}  // namespace automodel::actors
