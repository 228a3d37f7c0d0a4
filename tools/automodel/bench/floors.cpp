#include "tools/automodel/bench/floors.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Error io_error(const std::string& what, const std::filesystem::path& where) {
  return {"bench.io", "cannot " + what + ": " + std::strerror(errno), where.string(), {}};
}

Error lmdb_failed(int code, const std::filesystem::path& where) {
  return {"bench.io", std::string("raw LMDB: ") + mdb_strerror(code), where.string(), {}};
}

/// LMDB as plain as it gets: one database, keys in order.
class RawLmdb {
 public:
  ~RawLmdb() {
    if (env_) mdb_env_close(env_);
  }
  Result<void> open(const std::filesystem::path& directory) {
    directory_ = directory;
    for (std::size_t i = 0; i < payload_.size(); ++i) payload_[i] = static_cast<std::uint8_t>(i * 167 + 13);
    MDB_txn* txn = nullptr;
    int rc = mdb_env_create(&env_);
    if (rc == 0) rc = mdb_env_set_mapsize(env_, std::size_t{16} << 30);
    if (rc == 0) rc = mdb_env_open(env_, directory.c_str(), 0, 0600);
    if (rc == 0) rc = mdb_txn_begin(env_, nullptr, 0, &txn);
    if (rc == 0) rc = mdb_dbi_open(txn, nullptr, 0, &table_);
    if (rc == 0) rc = mdb_txn_commit(txn);
    return check(rc);
  }
  Result<void> commit(std::size_t events) {
    MDB_txn* txn = nullptr;
    if (const int rc = mdb_txn_begin(env_, nullptr, 0, &txn); rc != 0) return check(rc);
    for (std::size_t i = 0; i < events; ++i) {
      std::uint64_t key = __builtin_bswap64(sequence_++);
      std::memcpy(payload_.data(), &key, sizeof key);
      MDB_val k{sizeof key, &key}, v{payload_.size(), payload_.data()};
      if (const int rc = mdb_put(txn, table_, &k, &v, MDB_APPEND); rc != 0) {
        mdb_txn_abort(txn);
        return check(rc);
      }
    }
    return check(mdb_txn_commit(txn));
  }

 private:
  Result<void> check(int rc) const {
    if (rc == 0) return {};
    return fail(lmdb_failed(rc, directory_));
  }
  std::filesystem::path directory_;
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
  std::uint64_t sequence_ = 0;
  std::array<std::uint8_t, bench_payload_bytes> payload_{};
};

/// Group commit with nothing else in it.
class GroupCommit {
 public:
  explicit GroupCommit(RawLmdb& lmdb) : lmdb_(lmdb), thread_([this] { run(); }) {}
  ~GroupCommit() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
  }
  Result<void> write() {
    std::unique_lock lock(mutex_);
    const std::size_t mine = ++wanted_;
    work_.notify_one();
    done_.wait(lock, [&] { return finished_ >= mine || !status_; });
    return status_;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return stopping_ || wanted_ > finished_; });
      if (stopping_) return;
      const std::size_t until = wanted_, events = until - finished_;
      lock.unlock();
      auto committed = lmdb_.commit(events);
      lock.lock();
      if (!committed) status_ = committed;
      finished_ = until;
      done_.notify_all();
    }
  }
  RawLmdb& lmdb_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::size_t wanted_ = 0, finished_ = 0;
  bool stopping_ = false;
  Result<void> status_;
  std::thread thread_;
};

}  // namespace

Result<ScratchDirectory> ScratchDirectory::make(const std::filesystem::path& parent) {
  std::error_code failed;
  std::filesystem::create_directories(parent, failed);
  std::string name = (parent / "bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail(io_error("make a directory", parent));
  return ScratchDirectory(name);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<double> page_sync_microseconds(const std::filesystem::path& directory, double seconds) {
  constexpr std::size_t page = 4096, pages = 4096;
  auto scratch = ScratchDirectory::make(directory);
  if (!scratch) return fail(scratch.error());
  const auto path = scratch->path() / "pages";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return fail(io_error("open a file", path));
  std::vector<char> block(page, 'x');
  bool fine = true;
  for (std::size_t i = 0; i < pages && fine; ++i)
    fine = ::pwrite(file, block.data(), page, static_cast<off_t>(i * page)) == static_cast<ssize_t>(page);
  fine = fine && ::fsync(file) == 0;
  std::vector<double> times;
  const auto start = Clock::now();
  for (std::size_t i = 0; fine && seconds_since(start) < seconds; ++i) {
    ++block[i % page];
    const auto from = Clock::now();
    fine = ::pwrite(file, block.data(), page, static_cast<off_t>(i % pages * page)) ==
               static_cast<ssize_t>(page) &&
           ::fdatasync(file) == 0;
    times.push_back(seconds_since(from) * 1e6);
  }
  const Error error = io_error("write and sync", path);
  ::close(file);
  if (!fine) return fail(error);
  return median(std::move(times));
}

Result<double> raw_lmdb(const std::filesystem::path& directory, std::size_t batch, double seconds) {
  auto scratch = ScratchDirectory::make(directory);
  if (!scratch) return fail(scratch.error());
  RawLmdb lmdb;
  if (auto opened = lmdb.open(scratch->path()); !opened) return fail(opened.error());
  std::size_t events = 0;
  const auto start = Clock::now();
  for (; seconds_since(start) < seconds; events += batch)
    if (auto committed = lmdb.commit(batch); !committed) return fail(committed.error());
  return static_cast<double>(events) / seconds_since(start);
}

Result<double> raw_group_commit(const std::filesystem::path& directory, std::size_t writers, double seconds) {
  auto scratch = ScratchDirectory::make(directory);
  if (!scratch) return fail(scratch.error());
  RawLmdb lmdb;
  if (auto opened = lmdb.open(scratch->path()); !opened) return fail(opened.error());
  GroupCommit group(lmdb);
  std::vector<Result<void>> outcomes(writers);
  std::vector<std::size_t> counts(writers);
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < writers; ++t)
      threads.emplace_back([&, t] {
        std::size_t written = 0;
        for (; outcomes[t] && seconds_since(start) < seconds; ++written) outcomes[t] = group.write();
        counts[t] = written;
      });
  }
  const double elapsed = seconds_since(start);
  std::size_t events = 0;
  for (std::size_t t = 0; t < writers; ++t) {
    if (!outcomes[t]) return fail(outcomes[t].error());
    events += counts[t];
  }
  return static_cast<double>(events) / elapsed;
}

}  // namespace automodel::tools
