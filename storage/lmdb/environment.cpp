#include "storage/lmdb/environment.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <sstream>

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

// Records have their own hashes, the index leads to a record that says where it belongs, and what `meta` says
// is compared with the history. Nothing else would tell a changed bit from a value.
constexpr std::string_view format_key = "format";  // says whether there are checks: has none itself
bool has_check(Table table, events::ByteView key) {
  return table != Table::events && table != Table::streams &&
         !(table == Table::meta && text(key) == format_key);
}
constexpr std::size_t check_bytes = 8;

std::uint64_t check_of(events::ByteView key, events::ByteView value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

/// The value without its check; nothing where they do not agree.
std::optional<events::ByteView> checked(events::ByteView key, events::ByteView stored) {
  if (stored.size() < check_bytes) return std::nullopt;
  const auto value = stored.first(stored.size() - check_bytes);
  std::uint64_t check = 0;
  std::memcpy(&check, stored.data() + value.size(), check_bytes);
  if (check != check_of(key, value)) return std::nullopt;
  return value;
}

/// LMDB reports a short write as EIO: whether what it wanted to write had no room.
bool had_no_room(const std::filesystem::path& file, std::size_t bytes) {
  struct statvfs disk {};
  const std::size_t wanted = 2 * bytes + (64u << 10);
  if (::statvfs(file.c_str(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize < wanted)
    return true;
  struct stat status {};
  struct rlimit limit {};
  return ::stat(file.c_str(), &status) == 0 && ::getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY && static_cast<rlim_t>(status.st_size) + wanted > limit.rlim_cur;
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

// --- transactions ----------------------------------------------------------------------------------

Transaction::Transaction(Transaction&& other) noexcept
    : steady_(std::move(other.steady_)),
      environment_(other.environment_),
      txn_(std::exchange(other.txn_, nullptr)) {}

Transaction::~Transaction() {
  if (txn_) mdb_txn_abort(txn_);
}

Error Transaction::error(int code, std::string_view what) const {
  return lmdb_error(code, what, environment_->where());
}

Result<std::optional<events::ByteView>> Transaction::get(Table table, events::ByteView key) const {
  MDB_val wanted{key.size(), const_cast<std::uint8_t*>(key.data())}, found{};
  const int rc = mdb_get(txn_, environment_->dbi(table), &wanted, &found);
  if (rc == MDB_NOTFOUND) return std::optional<events::ByteView>();
  if (rc != 0) return fail(error(rc, "read"));
  if (!environment_->checks(table, key)) return std::optional<events::ByteView>(view(found));
  const auto value = checked(key, view(found));
  if (!value) return fail(environment_->changed(table));
  return value;
}

Result<MDB_stat> Transaction::statistics(Table table) const {
  MDB_stat stat{};
  if (const int rc = mdb_stat(txn_, environment_->dbi(table), &stat); rc != 0)
    return fail(error(rc, "count"));
  return stat;
}

Result<std::uint64_t> Transaction::entries(Table table) const {
  const auto stat = statistics(table);
  if (!stat) return fail(stat.error());
  return stat->ms_entries;
}

Result<void> WriteTransaction::put(Table table, events::ByteView key, events::ByteView value,
                                   unsigned flags) {
  MDB_val k{key.size(), const_cast<std::uint8_t*>(key.data())};
  const bool check = environment_->checks(table, key);
  MDB_val v{value.size() + (check ? check_bytes : 0), const_cast<std::uint8_t*>(value.data())};
  const_cast<Environment*>(environment_)->writing_bytes_ += key.size() + v.mv_size;
  const int rc = mdb_put(txn_, environment_->dbi(table), &k, &v, flags | (check ? MDB_RESERVE : 0u));
  if (rc == 0 && check) {
    const std::uint64_t sum = check_of(key, value);
    auto* place = static_cast<std::uint8_t*>(v.mv_data);
    if (!value.empty()) std::memcpy(place, value.data(), value.size());
    std::memcpy(place + value.size(), &sum, check_bytes);
  }
  if (rc == EIO && had_no_room(environment_->file_, environment_->writing_bytes_))
    return fail(error(ENOSPC, "write"));
  if (rc != 0) return fail(error(rc, "write"));
  return {};
}

Result<bool> WriteTransaction::erase(Table table, events::ByteView key) {
  MDB_val k{key.size(), const_cast<std::uint8_t*>(key.data())};
  const int rc = mdb_del(txn_, environment_->dbi(table), &k, nullptr);
  if (rc == MDB_NOTFOUND) return false;
  if (rc != 0) return fail(error(rc, "erase"));
  return true;
}

Result<void> WriteTransaction::commit() {
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  if (rc == 0) return {};
  const bool full = rc == EIO && had_no_room(environment_->file_, environment_->writing_bytes_);
  const_cast<Environment*>(environment_)->recover();
  return fail(error(full ? ENOSPC : rc, "commit"));
}

// --- cursors ---------------------------------------------------------------------------------------

Result<Cursor> Cursor::open(const Transaction& transaction, Table table) {
  MDB_cursor* cursor = nullptr;
  const int rc = mdb_cursor_open(transaction.txn_, transaction.environment_->dbi(table), &cursor);
  if (rc != 0) return fail(transaction.error(rc, "open a cursor"));
  return Cursor(transaction, cursor, table);
}

Cursor::~Cursor() {
  if (cursor_) mdb_cursor_close(cursor_);
}

Result<bool> Cursor::seek(events::ByteView key) {
  if (key.empty()) return move(MDB_FIRST);
  key_ = {key.size(), const_cast<std::uint8_t*>(key.data())};
  return move(MDB_SET_RANGE);
}

Result<bool> Cursor::next() { return move(MDB_NEXT); }

Result<bool> Cursor::last() { return move(MDB_LAST); }

Result<bool> Cursor::seek_last_of(events::ByteView prefix) {
  events::Bytes beyond(prefix.begin(), prefix.end());
  beyond.insert(beyond.end(), 9, 0xff);  // after every number of eight bytes
  auto found = seek(beyond);
  if (!found) return found;
  found = move(*found ? MDB_PREV : MDB_LAST);
  if (!found || !*found) return found;
  const auto here = key();
  return here.size() == prefix.size() + 8 && std::equal(prefix.begin(), prefix.end(), here.begin());
}

Result<bool> Cursor::move(MDB_cursor_op operation) {
  const int rc = mdb_cursor_get(cursor_, &key_, &value_, operation);
  if (rc == MDB_NOTFOUND) return false;
  if (rc != 0) return fail(transaction_->error(rc, "read on"));
  if (!transaction_->environment_->checks(table_, key())) return true;
  const auto value = checked(key(), view(value_));
  if (!value) return fail(transaction_->environment_->changed(table_));
  value_.mv_size = value->size();
  return true;
}

// --- environment -----------------------------------------------------------------------------------

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
    int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
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
  checked_ = *stored && (*stored)->size() == 8 && *(*stored)->begin() >= first_checked_format;
  // Only a commit keeps the handles.
  if (const int rc = mdb_txn_commit(std::exchange(transaction->txn_, nullptr)); rc != 0)
    return fail(lmdb_error(rc, "open the tables", where()));
  return {};
}

bool Environment::checks(Table table, events::ByteView key) const {
  return checked_ && has_check(table, key);
}

Error Environment::changed(Table table) const {
  return {"storage.corrupt",
          std::string("a value of '") + table_names[static_cast<std::size_t>(table)] +
              "' is not what was written",
          where(), "restore the store from a backup"};
}

Result<void> Environment::check_values() const {
  for (std::size_t i = 0; i < table_count; ++i) {
    if (!checks(static_cast<Table>(i), {})) continue;
    const auto transaction = read();
    if (!transaction) return fail(transaction.error());
    auto cursor = Cursor::open(*transaction, static_cast<Table>(i));
    if (!cursor) return fail(cursor.error());
    auto more = cursor->seek({});
    while (more && *more) more = cursor->next();
    if (!more) return fail(more.error());
  }
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
    const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
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
