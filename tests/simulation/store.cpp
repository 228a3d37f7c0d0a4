#include "tests/simulation/store.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace automodel::cluster::simulation {

std::string node_name(int node) { return std::string("n") + static_cast<char>('0' + node); }
std::string agent_name(int agent) { return std::string("a") + static_cast<char>('0' + agent); }
std::string sender_name(int sender) {
  return sender >= first_agent_sender ? agent_name(sender - first_agent_sender)
                                      : std::string("c") + static_cast<char>('0' + sender);
}
int number_of(const std::string& name) { return name.size() == 2 ? name[1] - '0' : -1; }
int sender_of(const std::string& name) {
  return name[0] == 'a' ? first_agent_sender + number_of(name) : number_of(name);
}

static_assert(std::is_trivially_copyable_v<Record>);
events::Bytes bytes_of(const Record& record) {
  events::Bytes bytes(sizeof record);
  std::memcpy(bytes.data(), &record, sizeof record);
  return bytes;
}
Record record_of(const events::Bytes& bytes) {
  Record record;
  std::memcpy(&record, bytes.data(), std::min(bytes.size(), sizeof record));
  return record;
}
events::Bytes bytes_of(std::uint64_t number) {
  events::Bytes bytes(sizeof number);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}
std::uint64_t number_in(const events::Bytes& bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

void Store::create(int agent) {
  auto& stream = streams_[agent];
  stream.epoch = 1;
  stream.owner = node_;
  stream.records.push_back({1, 1, Record::Kind::created, node_, 0, 0, -1});
  checker_.appended(agent, stream.records.back());
}

void Store::ask(Operation operation, Time now, Time latency) {
  last_done_ = operation.done_at = std::max(last_done_, now) + latency;
  waiting_.push_back(std::move(operation));
}

Done Store::carry_out(bool full) {
  auto operation = std::move(waiting_.front());
  waiting_.pop_front();
  auto result = full ? Result<Written>(fail("storage.full", "the disk is full")) : apply(operation);
  return {std::move(operation), std::move(result)};
}

void Store::crash(std::size_t kept) {
  for (; kept > 0 && !waiting_.empty(); --kept) carry_out(false);
  waiting_.clear();
  last_done_ = 0;
}

Result<Written> Store::apply(Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::append:
      return append(operation.agent, operation.record, operation.expected, 0);
    case Operation::Kind::acknowledge:
      if (auto at = streams_.find(operation.agent); at != streams_.end())
        at->second.outbox.erase(operation.id);
      return Written{};
    case Operation::Kind::write:
      return write(operation.write);
  }
  return Written{};
}

/// `raise_to` is the epoch from here on; 0: as it is.
Result<Written> Store::append(int agent, Record record, std::uint64_t expected, std::uint64_t raise_to) {
  auto& stream = streams_[agent];
  if (record.epoch < stream.epoch && rules_.raise_epoch)
    return fail("storage.fenced", "epoch " + std::to_string(record.epoch) + " is over");
  if (expected != 0 && expected != stream.version() + 1)
    return fail("storage.version_conflict", "the version is " + std::to_string(stream.version()));
  record.version = stream.version() + 1;
  record.node = node_;
  if (raise_to != 0) stream.epoch = raise_to;
  stream.records.push_back(record);
  if (record.kind == Record::Kind::applied) {
    stream.inbox[{record.sender, record.number}] = record.version;
    if (record.tells >= 0) stream.outbox[record.version] = {record.version, record.tells};
  }
  checker_.appended(agent, record);
  return Written{record.version, {}};
}

Result<Written> Store::write(Write& write) {
  const int agent = number_of(write.agent);
  auto& stream = streams_[agent];
  switch (write.kind) {
    case Write::Kind::started: {
      if (write.epoch < stream.epoch) return fail("storage.fenced", "not the owner");
      return Written{stream.open_move = ++moves_, {}};
    }
    case Write::Kind::committed: {
      auto written =
          append(agent, {0, write.epoch, Record::Kind::committed, 0, number_of(write.peer), write.move, -1},
                 write.version + 1, write.new_epoch);
      if (!written) return written;
      written->record = bytes_of(stream.records.back());
      stream.owner = number_of(write.peer);
      stream.epoch = write.new_epoch;
      stream.open_move = 0;
      stream.committed_move = write.move;
      changed_.push_back(agent);
      return written;
    }
    case Write::Kind::abandoned: {
      if (stream.owner != node_) return fail("storage.fenced", "not the owner");
      if (write.new_epoch == write.epoch) {
        stream.open_move = 0;
        return Written{};
      }
      auto written = append(agent, {0, write.new_epoch, Record::Kind::abandoned, 0, 0, write.move, -1}, 0,
                            write.new_epoch);
      if (written) stream.open_move = 0;
      return written;
    }
    case Write::Kind::part:
      return keep(agent, write);
    case Write::Kind::activated:
      return activate(agent, write);
    case Write::Kind::discarded:
      if (auto at = kept_.find(agent);
          at != kept_.end() && at->second.move == write.move && at->second.source == number_of(write.peer))
        kept_.erase(at);
      return Written{};
    case Write::Kind::adopted:
    case Write::Kind::fenced:
      return fail("storage.bad_request", "no replicas are simulated");
  }
  return Written{};
}

Result<Written> Store::keep(int agent, Write& write) {
  auto& kept = kept_[agent];
  auto& part = write.part;
  if (part.part == 1) {
    if (part.after > have(agent)) return fail("storage.no_parts", "the beginning is not here");
    kept = Kept{};
    if (part.after > 0) kept.stream = streams_[agent];
    kept.move = write.move;
    kept.epoch = write.epoch;
    kept.source = number_of(write.peer);
    if (part.snapshot) kept.stream.base = part.snapshot->version;
  }
  for (const auto& record : part.records) kept.stream.records.push_back(record_of(record->record));
  for (const auto& reply : part.replies)
    kept.stream.inbox[{sender_of(reply->sender), reply->number}] = number_in(reply->reply);
  for (const auto& message : part.messages)
    kept.stream.outbox[message->id] = {message->id, static_cast<int>(number_in(message->message))};
  kept.until = part.until;
  kept.whole = part.last;
  if (part.last)
    std::erase_if(kept.stream.outbox, [&](const auto& entry) {
      return std::find(part.open_messages.begin(), part.open_messages.end(), entry.first) ==
             part.open_messages.end();
    });
  return Written{part.until, {}};
}

Result<Written> Store::activate(int agent, Write& write) {
  auto at = kept_.find(agent);
  if (at == kept_.end() || at->second.move != write.move || at->second.source != number_of(write.peer))
    return fail("storage.corrupt", "no parts");
  auto& kept = at->second.stream;
  auto& stream = streams_[agent];
  if (stream.epoch >= write.new_epoch) return fail("storage.fenced", "a higher epoch");
  stream.base = kept.base;
  stream.records = std::move(kept.records);
  stream.inbox = std::move(kept.inbox);
  stream.outbox = std::move(kept.outbox);
  if (!write.record.empty()) stream.records.push_back(record_of(write.record));
  stream.epoch = write.new_epoch;
  stream.owner = node_;
  stream.open_move = stream.committed_move = 0;
  kept_.erase(at);
  changed_.push_back(agent);
  checker_.holds(agent, stream.base, stream.records);
  return append(agent, {0, write.new_epoch, Record::Kind::activated, 0, 0, write.move, -1}, 0, 0);
}

std::uint64_t Store::have(int agent) const {
  const auto* stream = find(agent);
  return stream && stream->owner != node_ ? stream->version() : 0;
}

Result<ReadPart> Store::read(int agent, const Read& read, bool by_snapshot) const {
  const auto& stream = streams_.at(agent);
  ReadPart result;
  auto& part = result.part;
  auto from = read.after;
  if (from > stream.version() || (from > 0 && from < stream.base))
    return fail("storage.bad_request", "version " + std::to_string(from) + " is in a snapshot or not here");
  if (from == 0 && (stream.base > 0 || by_snapshot)) {
    from = stream.version() - (by_snapshot ? 0 : stream.records.size());
    part.snapshot = std::make_unique<events::MovedSnapshotT>();
    part.snapshot->version = from;
  }
  part.until = from;
  for (auto version = from + 1; version <= stream.version(); ++version) {
    if (!read.last && part.records.size() == 3) break;
    auto& moved = part.records.emplace_back(std::make_unique<events::MovedRecordT>());
    moved->version = part.until = version;
    moved->record = bytes_of(stream.records[version - stream.base - 1]);
  }
  for (const auto& [key, version] : stream.inbox) {
    if (version <= read.after || version > part.until) continue;
    auto& reply = part.replies.emplace_back(std::make_unique<events::MovedReplyT>());
    reply->sender = sender_name(key.first);
    reply->number = key.second;
    reply->version = version;
    reply->reply = bytes_of(version);
  }
  for (const auto& [id, message] : stream.outbox) {
    if (read.last) part.open_messages.push_back(id);
    if (id <= read.after || id > part.until) continue;
    auto& moved = part.messages.emplace_back(std::make_unique<events::MovedMessageT>());
    moved->id = moved->version = id;
    moved->message = bytes_of(static_cast<std::uint64_t>(message.target));
  }
  result.left = stream.version() - part.until;
  return result;
}

void Store::start() {
  for (auto& [agent, stream] : streams_)
    if (stream.owner == node_) ++stream.epoch;
}

std::vector<RecoveredAgent> Store::agents() const {
  std::vector<RecoveredAgent> all;
  for (const auto& [agent, stream] : streams_) {
    if (stream.owner < 0) continue;
    RecoveredAgent known;
    known.agent = agent_name(agent);
    known.epoch = stream.epoch;
    known.owner = node_name(stream.owner);
    known.open_move = stream.open_move;
    if (stream.owner != node_) {
      known.committed_move = stream.committed_move;
      known.committed_version = stream.version();
      known.committed_record = bytes_of(stream.records.back());
    }
    all.push_back(std::move(known));
  }
  return all;
}

std::vector<RecoveredParts> Store::parts() const {
  std::vector<RecoveredParts> all;
  for (const auto& [agent, kept] : kept_)
    all.push_back({agent_name(agent), kept.move, node_name(kept.source), kept.epoch, kept.until, kept.whole});
  return all;
}

const Stream* Store::find(int agent) const {
  auto at = streams_.find(agent);
  return at == streams_.end() || at->second.owner < 0 ? nullptr : &at->second;
}

}  // namespace automodel::cluster::simulation
