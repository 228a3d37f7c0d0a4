#include "tools/automodel/bench/peers.hpp"

#include <chrono>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

#include "tools/automodel/bench/floors.hpp"

#ifdef AUTOMODEL_BENCH_POSTGRES
#include <arpa/inet.h>
#include <libpq-fe.h>
#endif
#ifdef AUTOMODEL_BENCH_REDIS
#include <hiredis/hiredis.h>
#endif

namespace automodel::tools {

namespace {

using Clock = std::chrono::steady_clock;

[[maybe_unused]] tl::unexpected<Error> absent(const std::string& why) { return fail(peer_absent, why); }

/// One connection of a peer: writes a batch and returns once it is durable.
using Commit = std::function<Result<void>()>;

/// All connections at once, each on a thread of its own.
[[maybe_unused]] Result<double> run(const std::vector<Commit>& connections, std::size_t batch,
                                    double seconds) {
  std::vector<Result<void>> outcomes(connections.size());
  std::vector<std::size_t> counts(connections.size());
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < connections.size(); ++t)
      threads.emplace_back([&, t] {
        std::size_t commits = 0;
        for (; outcomes[t] && elapsed() < seconds; ++commits) outcomes[t] = connections[t]();
        counts[t] = commits;
      });
  }
  const double took = elapsed();
  std::size_t commits = 0;
  for (std::size_t t = 0; t < connections.size(); ++t) {
    if (!outcomes[t]) return fail(outcomes[t].error());
    commits += counts[t];
  }
  return static_cast<double>(commits * batch) / took;
}

}  // namespace

#ifdef AUTOMODEL_BENCH_POSTGRES

namespace {

struct Postgres {
  explicit Postgres(PGconn* connection) : handle(connection) {}
  Postgres(Postgres&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Postgres& operator=(Postgres&&) = delete;
  ~Postgres() {
    if (handle) PQfinish(handle);
  }
  PGconn* handle;

  Result<void> taken(PGresult* result) const {
    const auto status = PQresultStatus(result);
    PQclear(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    return fail("bench.postgres", PQerrorMessage(handle));
  }
  Result<void> run(const char* query) const { return taken(PQexec(handle, query)); }
};

Result<Postgres> connect_postgres() {
  const char* wanted = std::getenv("PGCONN");
  if (!wanted) return absent("PostgreSQL: PGCONN is not set");
  Postgres made(PQconnectdb(wanted));
  if (PQstatus(made.handle) != CONNECTION_OK)
    return absent(std::string("PostgreSQL: ") + PQerrorMessage(made.handle));
  if (auto set = made.run("SET client_min_messages=warning; SET synchronous_commit=on"); !set)
    return fail(set.error());
  return made;
}

/// An array of byte strings in PostgreSQL's binary form.
std::vector<char> binary_array(std::size_t batch) {
  const auto put = [](std::vector<char>& to, std::uint32_t value) {
    const std::uint32_t big = htonl(value);
    const char* bytes = reinterpret_cast<const char*>(&big);
    to.insert(to.end(), bytes, bytes + sizeof big);
  };
  std::vector<char> array;
  for (const auto word : {std::uint32_t{1}, std::uint32_t{0}, std::uint32_t{17},
                          static_cast<std::uint32_t>(batch), std::uint32_t{1}})
    put(array, word);
  for (std::size_t i = 0; i < batch; ++i) {
    put(array, bench_payload_bytes);
    for (std::size_t k = 0; k < bench_payload_bytes; ++k)
      array.push_back(static_cast<char>((i * 31 + k * 167) & 255));
  }
  return array;
}

}  // namespace

Result<std::string> postgres_version() {
  auto connection = connect_postgres();
  if (!connection) return fail(connection.error());
  return std::string(PQparameterStatus(connection->handle, "server_version"));
}

Result<double> postgres_appends(std::size_t clients, std::size_t batch, double seconds) {
  std::vector<Postgres> connections;
  for (std::size_t i = 0; i < clients; ++i) {
    auto connection = connect_postgres();
    if (!connection) return fail(connection.error());
    connections.push_back(std::move(*connection));
  }
  for (const char* query :
       {"DROP TABLE IF EXISTS automodel_bench",
        "CREATE TABLE automodel_bench(sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "payload bytea NOT NULL)",
        "CHECKPOINT"})
    if (auto made = connections[0].run(query); !made) return fail(made.error());
  const std::vector<char> array = binary_array(batch);
  std::vector<Commit> commits;
  for (const Postgres& one : connections) {
    const char* insert = "INSERT INTO automodel_bench(payload) SELECT unnest($1::bytea[])";
    if (batch == 1) insert = "INSERT INTO automodel_bench(payload) VALUES($1::bytea)";
    if (auto ready = one.taken(PQprepare(one.handle, "append", insert, 1, nullptr)); !ready)
      return fail(ready.error());
    commits.push_back([&one, &array, batch]() -> Result<void> {
      constexpr int header = 24;  // of an array of one: its first element's bytes come after it
      const char* value = batch == 1 ? array.data() + header : array.data();
      const int length = batch == 1 ? static_cast<int>(bench_payload_bytes) : static_cast<int>(array.size());
      const int binary = 1;
      return one.taken(PQexecPrepared(one.handle, "append", 1, &value, &length, &binary, 1));
    });
  }
  auto rate = run(commits, batch, seconds);
  if (auto dropped = connections[0].run("DROP TABLE automodel_bench"); !dropped && rate)
    return fail(dropped.error());
  return rate;
}

#else

Result<std::string> postgres_version() { return absent("PostgreSQL: built without libpq"); }
Result<double> postgres_appends(std::size_t, std::size_t, double) {
  return absent("PostgreSQL: built without libpq");
}

#endif

#ifdef AUTOMODEL_BENCH_REDIS

namespace {

struct Redis {
  explicit Redis(redisContext* context) : handle(context) {}
  Redis(Redis&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  Redis& operator=(Redis&&) = delete;
  ~Redis() {
    if (handle) redisFree(handle);
  }
  redisContext* handle;

  /// The next reply as text; elements of an array one after the other, with a space between.
  Result<std::string> reply() const {
    void* raw = nullptr;
    if (redisGetReply(handle, &raw) != REDIS_OK) return fail("bench.redis", handle->errstr);
    auto* got = static_cast<redisReply*>(raw);
    std::string text = got->str ? std::string(got->str, got->len) : std::string();
    for (std::size_t i = 0; i < got->elements; ++i)
      if (got->element[i]->str) text += (i ? " " : "") + std::string(got->element[i]->str);
    const bool failed = got->type == REDIS_REPLY_ERROR;
    freeReplyObject(got);
    if (failed) return fail("bench.redis", text);
    return text;
  }
  Result<std::string> ask(const char* command) const {
    redisAppendCommand(handle, command);
    return reply();
  }
};

Result<Redis> connect_redis() {
  const char* wanted = std::getenv("REDIS_URL");
  if (!wanted) return absent("Redis: REDIS_URL is not set");
  std::string url = wanted;
  if (!url.starts_with("redis://") || url.rfind(':') < 8)
    return fail("usage.redis_url", "'" + url + "' is no redis://HOST:PORT", "REDIS_URL");
  const std::string host = url.substr(8, url.rfind(':') - 8);
  const int port = std::atoi(url.c_str() + url.rfind(':') + 1);
  Redis made(redisConnect(host.c_str(), port));
  if (!made.handle || made.handle->err)
    return absent(std::string("Redis: ") + (made.handle ? made.handle->errstr : "no memory"));
  return made;
}

}  // namespace

Result<std::string> redis_version() {
  auto connection = connect_redis();
  if (!connection) return fail(connection.error());
  const auto sync = connection->ask("CONFIG GET appendfsync");
  const auto log = connection->ask("CONFIG GET appendonly");
  const auto info = connection->ask("INFO server");
  if (!sync || !log || !info) return fail(!sync ? sync.error() : !log ? log.error() : info.error());
  if (*sync != "appendfsync always" || *log != "appendonly yes")
    return absent("Redis: its replies are not durable (appendonly yes and appendfsync always are needed)");
  const auto at = info->find("redis_version:");
  return at == std::string::npos ? "unknown" : info->substr(at + 14, info->find('\r', at) - at - 14);
}

Result<double> redis_appends(std::size_t clients, std::size_t batch, double seconds) {
  std::vector<Redis> connections;
  for (std::size_t i = 0; i < clients; ++i) {
    auto connection = connect_redis();
    if (!connection) return fail(connection.error());
    connections.push_back(std::move(*connection));
  }
  if (auto removed = connections[0].ask("DEL automodel_bench"); !removed) return fail(removed.error());
  std::string payload(bench_payload_bytes, ' ');
  for (std::size_t k = 0; k < payload.size(); ++k) payload[k] = static_cast<char>((k * 167) & 255);
  std::vector<Commit> commits;
  for (const Redis& one : connections)
    commits.push_back([&one, &payload, batch]() -> Result<void> {
      const char* words[] = {"XADD", "automodel_bench", "*", "p", payload.data()};
      const std::size_t lengths[] = {4, 15, 1, 1, payload.size()};
      if (batch > 1) redisAppendCommand(one.handle, "MULTI");
      for (std::size_t i = 0; i < batch; ++i) redisAppendCommandArgv(one.handle, 5, words, lengths);
      if (batch > 1) redisAppendCommand(one.handle, "EXEC");
      for (std::size_t i = 0; i < (batch > 1 ? batch + 2 : 1); ++i)
        if (auto got = one.reply(); !got) return fail(got.error());
      return {};
    });
  auto rate = run(commits, batch, seconds);
  if (auto removed = connections[0].ask("DEL automodel_bench"); !removed && rate)
    return fail(removed.error());
  return rate;
}

#else

Result<std::string> redis_version() { return absent("Redis: built without hiredis"); }
Result<double> redis_appends(std::size_t, std::size_t, double) {
  return absent("Redis: built without hiredis");
}

#endif

}  // namespace automodel::tools
