// Transactions and cursors, and the checks that values carry.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

namespace {

// Records have their own hashes, the index leads to a record that says where it belongs, and what `meta` says
// is compared with the history. Nothing else would tell a changed bit from a value.
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

Result<bool> Cursor::seek_last_until(events::ByteView wanted) {
  const auto found = seek(wanted);
  if (!found) return found;
  if (*found && std::ranges::equal(key(), wanted)) return true;
  return move(*found ? MDB_PREV : MDB_LAST);
}

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

// --- checks of values ------------------------------------------------------------------------------

bool Environment::checks(Table table, events::ByteView key) const {
  return checked_ && has_check(table, key);
}

Error Environment::changed(Table table) const {
  return {"storage.corrupt", "a value of '" + std::string(table_name(table)) + "' is not what was written",
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

}  // namespace automodel::storage
