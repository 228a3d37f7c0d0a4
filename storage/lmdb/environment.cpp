#include "storage/lmdb/environment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <sstream>

#include "storage/archive/segments.hpp"
#include "storage/lmdb/page_check.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t first_map_bytes = 16u << 20;
constexpr std::size_t largest_step_bytes = 1u << 30;
constexpr const char* table_names[table_count] = {"events",    "streams", "heads",       "inbox", "outbox",
                                                  "snapshots", "rows",    "checkpoints", "meta"};

/// The environments that this process has open, by the place of their file.
struct Registry {
  std::mutex mutex;
  std::condition_variable closed;
  std::map<std::filesystem::path, std::weak_ptr<Environment>> open;
};
Registry& registry() {
  static Registry one;
  return one;
}

/// LMDB reads the number of the newest commit and then, from one of two pages in turn, what that commit
/// holds. A reader who is held up in between can find the page overwritten, by a commit that is not on the
/// disk yet: what it saw can be gone for the next reader, and after a power cut. Seen with LMDB 0.9.24, and
/// with it alone. The page is the right one as long as the commit after it has not been made known.
int begin_reading(MDB_env* env, MDB_txn** txn) {
  int rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, txn);
  while (rc == 0) {
    MDB_envinfo info{};
    mdb_env_info(env, &info);
    if (info.me_last_txnid == mdb_txn_id(*txn)) break;  // the next commit has not even reached its page
    MDB_txn* later = nullptr;
    rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, &later);
    const bool right = rc != 0 || mdb_txn_id(later) == mdb_txn_id(*txn);
    if (later) mdb_txn_abort(right ? later : *txn);
    if (rc != 0) mdb_txn_abort(*txn);
    if (right) break;
    *txn = later;
  }
  return rc;
}

}  // namespace

std::string_view table_name(Table table) { return table_names[static_cast<std::size_t>(table)]; }

Error lmdb_error(int code, std::string_view what, std::string where) {
  const std::string message = "cannot " + std::string(what) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_MAP_FULL:
      return {std::string(map_full), message, std::move(where), {}};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {"storage.full", message, std::move(where), "free some space and try again; nothing was lost"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_TXN:
      return {"storage.corrupt", message, std::move(where), "restore the store from a backup"};
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return {"storage.not_a_store", message, std::move(where), "give the directory of a store"};
    case MDB_PANIC:
      return {"storage.io", message, std::move(where), "start the program again"};
    default:
      return {"storage.io", message, std::move(where), {}};
  }
}

Result<std::shared_ptr<Environment>> Environment::open(const std::filesystem::path& directory, bool create) {
  std::error_code ignored;  // the file may not exist yet: then its plain absolute path names it
  const auto file = std::filesystem::weakly_canonical(directory, ignored) / "events.mdb";
  auto& known = registry();
  std::unique_lock lock(known.mutex);
  for (auto found = known.open.find(file); found != known.open.end(); found = known.open.find(file)) {
    if (auto shared = found->second.lock()) return shared;
    known.closed.wait(lock);  // its last owner is closing it just now
  }
  std::shared_ptr<Environment> environment(new Environment(file));
  known.open[file] = environment;
  auto started = environment->start(create);
  lock.unlock();  // a failed one takes itself out of the registry
  if (!started) return fail(started.error());
  return environment;
}

Environment::Environment(std::filesystem::path file)
    : file_(std::move(file)),
      segments_(std::make_unique<SegmentCache>(archive_directory(file_.parent_path()))) {}

Environment::~Environment() {
  if (env_) mdb_env_close(env_);
  auto& known = registry();
  {
    const std::lock_guard lock(known.mutex);
    known.open.erase(file_);
  }
  known.closed.notify_all();
}

Result<void> Environment::start(bool create) {
  if (const int rc = mdb_env_create(&env_); rc != 0) return fail(lmdb_error(rc, "start", where()));
  mdb_env_set_mapsize(env_, first_map_bytes);
  mdb_env_set_maxdbs(env_, 2 * table_count);
  mdb_env_set_maxreaders(env_, 510);
  const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  std::error_code unseen;
  if (!create && !std::filesystem::exists(file_, unseen) && !unseen)
    return fail("storage.not_a_store", "there is no store", file_.parent_path().string(),
                "give the directory of a store");
  if (auto sound = check_meta_pages(file_, false); !sound) return sound;
  int rc = mdb_env_open(env_, file_.c_str(), flags, 0640);
  writable_ = rc == 0;
  if (rc == EACCES || rc == EROFS) {
    mdb_env_close(env_);
    env_ = nullptr;
    if (rc = mdb_env_create(&env_); rc != 0) return fail(lmdb_error(rc, "start", where()));
    mdb_env_set_mapsize(env_, first_map_bytes);
    mdb_env_set_maxdbs(env_, 2 * table_count);
    rc = mdb_env_open(env_, file_.c_str(), flags | MDB_RDONLY, 0640);
  }
  if (rc != 0) return fail(lmdb_error(rc, "open the store", where()));
  int stale = 0;
  if (writable_) mdb_reader_check(env_, &stale);
  if (auto complete = complete_file(); !complete) return complete;
  if (is_empty()) return {};
  if (auto sound = check_structure(); !sound) return sound;
  return open_tables();
}

// While the environment starts nobody else has it: no lock is taken.
Result<Transaction> Environment::read_alone() const {
  for (;;) {
    MDB_txn* txn = nullptr;
    int rc = begin_reading(env_, &txn);
    if (rc == 0) return Transaction(*this, txn, {});
    if (rc == MDB_MAP_RESIZED) rc = mdb_env_set_mapsize(env_, 0);
    if (rc != 0) return fail(lmdb_error(rc, "begin reading", where()));
  }
}

Result<void> Environment::check_structure() const {
  for (;;) {
    const auto transaction = read_alone();
    if (!transaction) return fail(transaction.error());
    auto sound = check_pages(file_, mdb_txn_id(transaction->txn_));
    if (sound || sound.error().code != commits_went_on) return sound;
  }
}

// A file that ends early (a torn copy) would kill the process where LMDB reads beyond its end. Zeros there
// read as an error instead; LMDB itself may leave unused last pages unwritten, so a short file alone is no
// fault.
Result<void> Environment::complete_file() {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  std::error_code failed;
  const std::uintmax_t wanted = (std::uintmax_t{info.me_last_pgno} + 1) * stat.ms_psize;
  if (std::filesystem::file_size(file_, failed) >= wanted && !failed) return {};
  shortened_ = true;
  if (!failed) std::filesystem::resize_file(file_, wanted, failed);
  if (failed)
    return fail("storage.corrupt", "the store's file is cut short", where(),
                "restore the store from a backup");
  return {};
}

Result<std::vector<Environment::ReaderEntry>> Environment::reader_table() const {
  // LMDB gives the table only as text: a head, then a line "process thread transaction" for each entry, with
  // "-" for a transaction where none is open.
  std::string lines;
  const auto gather = [](const char* line, void* into) {
    static_cast<std::string*>(into)->append(line);
    return 0;
  };
  {
    const std::shared_lock steady(steady_);
    if (!env_) return fail(not_open());
    if (const int rc = mdb_reader_list(env_, gather, &lines); rc < 0)
      return fail(lmdb_error(rc, "list the readers", where()));
  }
  std::vector<ReaderEntry> entries;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    ReaderEntry entry{};
    words >> entry.process >> std::hex >> entry.thread >> std::dec >> entry.transaction;
    if (words) entries.push_back(entry);
  }
  return entries;
}

int Environment::clear_stale_readers() const {
  const std::shared_lock steady(steady_);
  int stale = 0;
  if (env_ && writable_) mdb_reader_check(env_, &stale);
  return stale;
}

bool Environment::is_empty() const {
  MDB_stat stat{};
  return mdb_env_stat(env_, &stat) == 0 && stat.ms_entries == 0;
}

std::uint64_t Environment::last_transaction() const {
  const std::shared_lock steady(steady_);
  MDB_envinfo info{};
  if (env_) mdb_env_info(env_, &info);
  return info.me_last_txnid;
}

Result<void> Environment::open_tables() {
  auto transaction = read_alone();
  if (!transaction) return fail(transaction.error());
  for (std::size_t i = 0; i < table_count; ++i) {
    const int rc = mdb_dbi_open(transaction->txn_, table_names[i], 0, &tables_[i]);
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
      return fail("storage.not_a_store", "the file is a database of another program", where(),
                  "give the directory of a store");
    if (rc != 0) return fail(lmdb_error(rc, "open a table", where()));
  }
  const auto stored = transaction->get(Table::meta, view(format_key));
  if (!stored) return fail(stored.error());
  checked_ = *stored && (*stored)->size() == 8 && has_checks(static_cast<Format>(*(*stored)->begin()));
  // Only a commit keeps the handles.
  if (const int rc = mdb_txn_commit(std::exchange(transaction->txn_, nullptr)); rc != 0)
    return fail(lmdb_error(rc, "open the tables", where()));
  return {};
}

Result<void> Environment::create_tables(WriteTransaction& transaction) {
  checked_ = true;
  for (std::size_t i = 0; i < table_count; ++i) {
    const unsigned flags = MDB_CREATE | (static_cast<Table>(i) == Table::events ? MDB_INTEGERKEY : 0u);
    if (const int rc = mdb_dbi_open(transaction.txn_, table_names[i], flags, &tables_[i]); rc != 0)
      return fail(lmdb_error(rc, "create a table", where()));
  }
  return {};
}

// LMDB that could not write a meta page writes nothing more. The file is as before the commit that failed, or
// else it is said here: then it is opened anew, as the next start of the program would do.
Result<void> Environment::restart() {
  const std::lock_guard hold(gate_);
  const std::unique_lock still(steady_);
  if (env_) mdb_env_close(env_);
  env_ = nullptr;
  if (auto started = start(false); !started) {
    if (env_) mdb_env_close(env_);
    env_ = nullptr;
    return started;
  }
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  if (info.me_last_txnid == committed_) return {};
  mdb_env_close(env_);
  env_ = nullptr;
  return fail("storage.io", "the disk took a commit that it refused", where(), "start the program again");
}

// After a commit that failed, on the thread of the one who writes: readers need not wait for the next write.
void Environment::recover() {
  MDB_txn* txn = nullptr;
  int rc = 0;
  {
    const std::shared_lock steady(steady_);
    rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  }
  if (rc == 0) mdb_txn_abort(txn);
  // Where the file cannot be opened again, reading says so, and each write tries once more.
  if (rc == MDB_PANIC) static_cast<void>(restart());
}

Result<Transaction> Environment::read() const {
  for (;;) {
    { const std::lock_guard pass(gate_); }
    std::shared_lock steady(steady_);
    MDB_txn* txn = nullptr;
    if (!env_) return fail(not_open());
    const int rc = begin_reading(env_, &txn);
    if (rc == 0) return Transaction(*this, txn, std::move(steady));
    if (rc != MDB_MAP_RESIZED) return fail(lmdb_error(rc, "begin reading", where()));
    steady.unlock();
    if (auto adopted = adopt_size(); !adopted) return fail(adopted.error());
  }
}

Result<WriteTransaction> Environment::write(Sync sync) {
  for (;;) {
    MDB_txn* txn = nullptr;
    const int rc = env_ ? mdb_txn_begin(env_, nullptr, 0, &txn) : MDB_PANIC;
    writing_bytes_ = 0;
    if (rc == 0) {
      committed_ = mdb_txn_id(txn) - 1;
      // LMDB's lock is ours: nobody else commits, or changes flags.
      mdb_env_set_flags(env_, MDB_NOMETASYNC, sync == Sync::soon ? 1 : 0);
      return WriteTransaction(*this, txn, {});
    }
    if (rc == MDB_PANIC) {
      if (auto again = restart(); !again) return fail(again.error());
      continue;
    }
    if (rc != MDB_MAP_RESIZED) return fail(lmdb_error(rc, "begin writing", where()));
    if (auto adopted = adopt_size(); !adopted) return fail(adopted.error());
  }
}

Error Environment::not_open() const {
  return {"storage.io", "the store's file could not be opened again after a failed write", where(),
          "start the program again"};
}

Result<void> Environment::sync() {
  const std::shared_lock steady(steady_);
  if (!env_) return fail(not_open());
  if (const int rc = mdb_env_sync(env_, 1); rc != 0) return fail(lmdb_error(rc, "sync", where()));
  return {};
}

/// Another process has grown the map.
Result<void> Environment::adopt_size() const {
  const std::lock_guard hold(gate_);
  const std::unique_lock still(steady_);
  if (!env_) return fail(not_open());
  if (const int rc = mdb_env_set_mapsize(env_, 0); rc != 0)
    return fail(lmdb_error(rc, "grow the map", where()));
  return {};
}

Result<void> Environment::grow() {
  const std::lock_guard hold(gate_);
  const std::unique_lock still(steady_);
  if (!env_) return fail(not_open());
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  const std::size_t larger = info.me_mapsize + std::min(info.me_mapsize, largest_step_bytes);
  if (const int rc = mdb_env_set_mapsize(env_, larger); rc != 0)
    return fail(lmdb_error(rc, "grow the map", where()));
  return {};
}

}  // namespace automodel::storage
