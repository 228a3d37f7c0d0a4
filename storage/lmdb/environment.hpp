// LMDB behind RAII: one environment, its databases, and transactions whose errors are values. Private to
// storage/.
#pragma once

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

/// The databases of a store; docs/storage.md has their keys and values.
enum class Table : std::uint8_t { events, streams, heads, inbox, outbox, snapshots, rows, checkpoints, meta };
inline constexpr std::size_t table_count = 9;
std::string_view table_name(Table table);

/// The formats of stores (docs/storage.md, "Databases"). Any two differ in two bits, so that a changed one is
/// never taken for another.
enum class Format : std::uint8_t {
  heads_stored = 1,
  plain = 2,
  checked = 4,           // of new stores
  plain_archived = 7,    // `plain`, and the beginning of the history is in segments
  checked_archived = 8,  // the same of `checked`
};
inline constexpr std::uint64_t newest_format = 8;
/// Stores of these formats keep a check with every value that has no hash of its own: 8 bytes, XXH3 of the
/// value seeded with that of its key. Added by `put`, compared and taken off by `get` and cursors.
constexpr bool has_checks(Format format) {
  return format == Format::checked || format == Format::checked_archived;
}
/// In `meta`: the store's format. It says whether there are checks, and so has none.
inline constexpr std::string_view format_key = "format";

/// The code of a write that needs a larger map: never leaves this folder.
inline constexpr std::string_view map_full = "storage.map_full";

/// An LMDB or system error number as an error: storage.full, storage.corrupt, storage.io or `map_full`.
Error lmdb_error(int code, std::string_view what, std::string where);

inline events::ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline events::ByteView view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}
inline std::string_view text(events::ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// When the page that names a commit is on the disk. Its content always is first, so that the file is whole
/// at any moment.
enum class Sync : std::uint8_t {
  now,   // before commit() returns
  soon,  // with the next commit, or sync(): until then a power cut may undo this one
};

class Environment;
class SegmentCache;  // storage/archive/segments.hpp

/// A consistent view. While one is open the map cannot grow: keep it short, and call nobody else's code in
/// it. Views that it gives are valid until it ends or writes.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();  // what was not committed is undone

  Result<std::optional<events::ByteView>> get(Table table, events::ByteView key) const;
  Result<std::uint64_t> entries(Table table) const;
  /// LMDB's own account of a database: entries, pages, depth.
  Result<MDB_stat> statistics(Table table) const;
  MDB_txn* native() const { return txn_; }  // for what LMDB alone can say
  const Environment& environment() const { return *environment_; }

 protected:
  friend class Environment;
  friend class Cursor;
  Transaction(const Environment& environment, MDB_txn* txn, std::shared_lock<std::shared_mutex> steady)
      : steady_(std::move(steady)), environment_(&environment), txn_(txn) {}
  Error error(int code, std::string_view what) const;

  std::shared_lock<std::shared_mutex> steady_;  // outlives the transaction; readers only
  const Environment* environment_;
  MDB_txn* txn_;
};

/// Begins and commits on one thread.
class WriteTransaction : public Transaction {
 public:
  Result<void> put(Table table, events::ByteView key, events::ByteView value, unsigned flags = 0);
  Result<bool> erase(Table table, events::ByteView key);  // whether it was there
  /// Durable afterwards, or nothing was written.
  Result<void> commit();

 private:
  friend class Environment;
  using Transaction::Transaction;
};

/// Walks one database in key order; ends before its transaction.
class Cursor {
 public:
  static Result<Cursor> open(const Transaction& transaction, Table table);
  Cursor(Cursor&& other) noexcept
      : transaction_(other.transaction_),
        cursor_(std::exchange(other.cursor_, nullptr)),
        table_(other.table_) {}
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  /// To the first entry whose key is not less than `key`; false where there is none.
  Result<bool> seek(events::ByteView key);
  Result<bool> next();
  /// To the database's last entry; false where there is none.
  Result<bool> last();
  /// To the last entry whose key is not greater than `key`; false where there is none.
  Result<bool> seek_last_until(events::ByteView key);
  /// To the last entry whose key is `prefix` and eight bytes more; false where there is none.
  Result<bool> seek_last_of(events::ByteView prefix);
  /// For hot loops: LMDB's own operations and codes (0, MDB_NOTFOUND, or one that `error` puts in words).
  int step(MDB_cursor_op operation) { return mdb_cursor_get(cursor_, &key_, &value_, operation); }
  int step(MDB_cursor_op operation, events::ByteView key) {
    key_ = {key.size(), const_cast<std::uint8_t*>(key.data())};
    return step(operation);
  }
  Error error(int code) const { return transaction_->error(code, "read on"); }
  events::ByteView key() const { return view(key_); }
  events::ByteView value() const { return view(value_); }

 private:
  Cursor(const Transaction& transaction, MDB_cursor* cursor, Table table)
      : transaction_(&transaction), cursor_(cursor), table_(table) {}
  Result<bool> move(MDB_cursor_op operation);
  const Transaction* transaction_;
  MDB_cursor* cursor_;
  Table table_;
  MDB_val key_{};
  MDB_val value_{};
};

/// One LMDB environment. A process opens a file once, however many stores read it: LMDB's locks belong to the
/// process.
class Environment {
 public:
  /// Opens `directory`/events.mdb with the databases it has; `create` makes what is missing.
  static Result<std::shared_ptr<Environment>> open(const std::filesystem::path& directory, bool create);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Result<Transaction> read() const;
  Result<WriteTransaction> write(Sync sync = Sync::now);
  /// Everything that was committed is on the disk afterwards.
  Result<void> sync();
  /// Doubles the map. No transaction of the calling thread may be open.
  Result<void> grow();
  /// Creates the databases; in a store's first transaction.
  Result<void> create_tables(WriteTransaction& transaction);
  /// Opens the databases that exist: `events.mdb` of another program has others.
  Result<void> open_tables();

  /// Every value that has a check is as it was written. Errors: storage.corrupt.
  Result<void> check_values() const;

  /// An open read transaction of any process, as LMDB's table of readers has it.
  struct ReaderEntry {
    int process;
    std::uint64_t thread;
    std::uint64_t transaction;  // the commit that it sees
  };
  Result<std::vector<ReaderEntry>> reader_table() const;
  std::uint64_t last_transaction() const;  // the newest commit's number
  /// Takes those of processes that died out of the table; how many.
  int clear_stale_readers() const;

  bool is_empty() const;  // nothing was ever committed
  bool is_writable() const { return writable_; }
  bool is_shortened() const { return shortened_; }  // the file ended before its last page did
  std::string where() const { return file_.string(); }
  /// The archived beginning of the history, which lies beside the file.
  SegmentCache& segments() const { return *segments_; }
  MDB_env* native() const { return env_; }  // for backups and statistics

 private:
  friend class Transaction;
  friend class WriteTransaction;
  friend class Cursor;
  explicit Environment(std::filesystem::path file);
  Result<void> start(bool create);
  Result<void> complete_file();
  Result<void> adopt_size() const;
  Result<Transaction> read_alone() const;
  Result<void> check_structure() const;
  Result<void> restart();
  void recover();
  Error not_open() const;
  bool checks(Table table, events::ByteView key) const;
  Error changed(Table table) const;
  MDB_dbi dbi(Table table) const { return tables_[static_cast<std::size_t>(table)]; }

  std::filesystem::path file_;
  std::unique_ptr<SegmentCache> segments_;
  MDB_env* env_ = nullptr;  // null where it could not be opened again after a failed write
  bool writable_ = false;
  bool shortened_ = false;
  bool checked_ = false;  // its format has checks
  std::array<MDB_dbi, table_count> tables_{};
  mutable std::mutex gate_;  // readers pass it, so that they cannot starve one who wants to grow the map
  mutable std::shared_mutex steady_;  // shared: a read transaction is open; exclusive: the map moves
  std::uint64_t committed_ = 0;       // LMDB's number of the last commit that held
  std::size_t writing_bytes_ = 0;     // put since the write transaction began
};

}  // namespace automodel::storage
