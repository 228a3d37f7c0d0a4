// Who owns what, as the streams' last records say, and what was under way when the node ended.
#include <map>

#include "storage/append.hpp"
#include "storage/moves/move.hpp"
#include "storage/moves/stream_records.hpp"

namespace automodel::storage {

namespace {

/// A move that this node began and did not end in its own stream.
struct Open {
  std::uint64_t move = 0;
  std::uint64_t sequence = 0;
};

Result<std::vector<std::string>> streams_of_agents(const Transaction& transaction) {
  auto cursor = Cursor::open(transaction, Table::streams);
  if (!cursor) return fail(cursor.error());
  std::vector<std::string> names;
  auto more = cursor->seek({});
  while (more && *more) {  // from each stream's first entry to the first behind its last
    std::string name(text(cursor->key()));
    name.resize(std::min(name.size(), name.find('\0')));
    more = cursor->seek(Key().rest(name).rest("\1"));
    if (is_of_an_agent(name)) names.push_back(std::move(name));
  }
  return more ? Result<std::vector<std::string>>(std::move(names)) : fail(more.error());
}

Result<std::map<std::string, Open>> open_moves(const Transaction& transaction, const std::string& node) {
  auto records = StreamRecords::open(transaction, stream_of_node(node));
  if (!records) return fail(records.error());
  std::map<std::string, Open> open;
  for (std::uint64_t version = 1;; ++version) {
    const auto record = records->at(version);
    if (!record) return fail(record.error());
    if (!*record) return open;
    const auto decoded = events::decode(**record);
    if (!decoded) return fail(decoded.error());
    if (const auto* started = decoded->event.body.AsMigrationStarted()) {
      open[started->agent] = {version, (*record)->sequence};
    } else if (const auto* abandoned = decoded->event.body.AsMigrationAbandoned()) {
      const auto at = open.find(abandoned->agent);
      if (at != open.end() && at->second.move == abandoned->move) open.erase(at);
    }
  }
}

/// Whether the agent's stream ends the move: behind the event that began it.
Result<bool> is_ended(StreamRecords& records, std::uint64_t version, const Open& open,
                      const std::string& node) {
  for (; version > 0; --version) {
    const auto record = records.at(version);
    if (!record) return fail(record.error());
    if (!*record || (*record)->sequence < open.sequence) return false;
    const auto kind = (*record)->body();
    if (kind != events::EventBody::MigrationCommitted && kind != events::EventBody::MigrationAbandoned)
      continue;
    const auto decoded = events::decode(**record);
    if (!decoded) return fail(decoded.error());
    const auto& body = decoded->event.body;
    if (const auto* committed = body.AsMigrationCommitted();
        committed && committed->from == node && committed->move == open.move)
      return true;
    if (const auto* abandoned = body.AsMigrationAbandoned();
        abandoned && abandoned->from == node && abandoned->move == open.move)
      return true;
  }
  return false;
}

/// The owner, by the record at the stream's end; of one that this node gave away, the commit.
Result<void> find_owner(StreamRecords& records, std::uint64_t version, const std::string& node,
                        const std::string& store, RecoveredAgent& agent) {
  const auto record = records.at(version);
  if (!record) return fail(record.error());
  if (!*record) return fail(corrupt_at(0, "the index lacks " + events::reference(agent.agent, version)));
  if ((*record)->body() != events::EventBody::MigrationCommitted) {
    agent.owner = (*record)->origin_node == store ? node : std::string((*record)->origin_node);
    return {};
  }
  const auto decoded = events::decode(**record);
  if (!decoded) return fail(decoded.error());
  const auto* commit = decoded->event.body.AsMigrationCommitted();
  if (!commit) return fail(corrupt_at((*record)->sequence, "the record's kind is not its payload's"));
  // One that gives the agent to this node came in a part, and is not activated.
  agent.owner = commit->to == node ? commit->from : commit->to;
  if (commit->from != node) return {};
  agent.committed_move = commit->move;
  agent.committed_version = version;
  agent.committed_record.assign(records.bytes().begin(), records.bytes().end());
  return {};
}

}  // namespace

Result<std::vector<RecoveredAgent>> recover_agents(WriteTransaction& transaction, const std::string& node,
                                                   const std::string& store, Heads& heads) {
  const auto names = streams_of_agents(transaction);
  if (!names) return fail(names.error());
  const auto open = open_moves(transaction, node);
  if (!open) return fail(open.error());
  std::vector<RecoveredAgent> agents;
  for (const auto& name : *names) {
    const auto head = heads.head(transaction, name);
    if (!head) return fail(head.error());
    RecoveredAgent agent;
    agent.agent = name;
    agent.epoch = (*head)->epoch;
    const std::uint64_t version = (*head)->version;
    auto records = StreamRecords::open(transaction, name);
    if (!records) return fail(records.error());
    if (auto found = find_owner(*records, version, node, store, agent); !found) return fail(found.error());
    if (agent.owner == node) {
      if (const auto at = open->find(name); at != open->end()) {
        const auto ended = is_ended(*records, version, at->second, node);
        if (!ended) return fail(ended.error());
        if (!*ended) agent.open_move = at->second.move;
      }
      const auto raised = write_epoch(transaction, name, ++agent.epoch, heads);
      if (!raised) return fail(raised.error());
      if (!*raised) return fail(raised->error());
    }
    agents.push_back(std::move(agent));
  }
  return agents;
}

Result<std::vector<RecoveredParts>> recover_parts(const Transaction& transaction) {
  auto cursor = Cursor::open(transaction, Table::meta);
  if (!cursor) return fail(cursor.error());
  std::vector<RecoveredParts> all;
  const Key prefix = kept_parts_keys();
  auto more = cursor->seek(prefix);
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    auto kept = KeptParts::decode(cursor->value());
    const std::string agent(text(cursor->key().subspan(prefix.size())));
    if (!kept)
      return fail("storage.corrupt", "what is kept of a move cannot be read", agent,
                  "restore the store from a backup");
    all.push_back({agent, kept->move, std::move(kept->source), kept->epoch, kept->version, kept->whole});
  }
  if (!more) return fail(more.error());
  return all;
}

}  // namespace automodel::storage
