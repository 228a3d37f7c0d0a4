#include "storage/stored_rows.hpp"

#include <stdexcept>

#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t max_key_bytes = 511;  // LMDB's

Key row_key(std::string_view space, std::string_view table, std::string_view key) {
  return Key().name(space).name(table).rest(key);
}

class StoredRows final : public RowReader {
 public:
  StoredRows(std::shared_ptr<const Environment> environment, std::string projection)
      : environment_(std::move(environment)), projection_(std::move(projection)) {}

  std::optional<events::Bytes> get(std::string_view table, std::string_view key) const override {
    const auto transaction = or_throw(environment_->read());
    return or_throw(read_row(transaction, space(transaction), table, key));
  }

  void scan(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view, events::ByteView)>& visit) const override {
    const auto found = [&] {
      const auto transaction = or_throw(environment_->read());
      return or_throw(read_rows(transaction, space(transaction), table, prefix));
    }();  // `visit` is somebody else's code: no transaction is open while it runs
    for (const auto& [key, row] : found)
      if (!visit(key, row)) return;
  }

 private:
  template <class T>
  static T or_throw(Result<T> result) {
    if (!result) throw std::runtime_error(to_string(result.error()));
    return std::move(*result);
  }
  /// Which generation answers is read where its rows are: one may take another's place between two calls.
  std::string space(const Transaction& transaction) const {
    const auto checkpoint = or_throw(load<Checkpoint>(transaction, Table::checkpoints, view(projection_)));
    return rows_space(projection_, checkpoint ? checkpoint->generation : 0);
  }

  std::shared_ptr<const Environment> environment_;
  std::string projection_;
};

}  // namespace

std::string rows_space(std::string_view projection, std::uint64_t generation) {
  std::string space(projection);
  // No name holds a control character: spaces of two projections never overlap.
  if (generation > 0) space.append("\1").append(std::to_string(generation));
  return space;
}

std::shared_ptr<const RowReader> stored_rows(std::shared_ptr<const Environment> environment,
                                             std::string projection) {
  return std::make_shared<StoredRows>(std::move(environment), std::move(projection));
}

Result<std::optional<events::Bytes>> read_row(const Transaction& transaction, std::string_view space,
                                              std::string_view table, std::string_view key) {
  const Key full = row_key(space, table, key);
  if (full.size() > max_key_bytes) return std::optional<events::Bytes>();
  const auto row = transaction.get(Table::rows, full);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<events::Bytes>();
  return std::optional<events::Bytes>(std::in_place, (*row)->begin(), (*row)->end());
}

Result<std::vector<Row>> read_rows(const Transaction& transaction, std::string_view space,
                                   std::string_view table, std::string_view prefix) {
  std::vector<Row> found;
  const Key start = row_key(space, table, prefix);
  if (start.size() > max_key_bytes) return found;
  const std::size_t head = start.size() - prefix.size();
  auto cursor = Cursor::open(transaction, Table::rows);
  if (!cursor) return fail(cursor.error());
  auto more = cursor->seek(start);
  for (; more && *more && starts_with(cursor->key(), start); more = cursor->next())
    found.emplace_back(text(cursor->key().subspan(head)),
                       events::Bytes(cursor->value().begin(), cursor->value().end()));
  if (!more) return fail(more.error());
  return found;
}

Result<bool> erase_rows(WriteTransaction& transaction, std::string_view space, std::size_t most) {
  const Key start = Key().name(space);
  std::vector<events::Bytes> keys;
  {
    auto cursor = Cursor::open(transaction, Table::rows);
    if (!cursor) return fail(cursor.error());
    auto more = cursor->seek(start);
    for (; more && *more && starts_with(cursor->key(), start) && keys.size() < most; more = cursor->next())
      keys.emplace_back(cursor->key().begin(), cursor->key().end());
    if (!more) return fail(more.error());
  }
  for (const auto& key : keys)
    if (auto erased = transaction.erase(Table::rows, key); !erased) return fail(erased.error());
  return keys.size() < most;
}

std::optional<events::Bytes> TransactionRows::get(std::string_view table, std::string_view key) const {
  if (!status_) return std::nullopt;
  auto row = read_row(*transaction_, space_, table, key);
  if (row) return std::move(*row);
  status_ = fail(row.error());
  return std::nullopt;
}

void TransactionRows::scan(std::string_view table, std::string_view prefix,
                           const std::function<bool(std::string_view, events::ByteView)>& visit) const {
  if (!status_) return;
  const auto found = read_rows(*transaction_, space_, table, prefix);
  if (!found) {
    status_ = fail(found.error());
    return;
  }
  for (const auto& [key, row] : *found)
    if (!visit(key, row)) return;
}

void TransactionRows::put(std::string_view table, std::string_view key, events::ByteView row) {
  if (!status_) return;
  const Key full = row_key(space_, table, key);
  if (full.size() > max_key_bytes || table.find('\0') != std::string_view::npos) {
    status_ =
        fail("storage.projection_failed", "the key of a row is too long: " + std::string(key.substr(0, 60)),
             space_ + "/" + std::string(table), "shorten it, or put its hash there");
    return;
  }
  status_ = transaction_->put(Table::rows, full, row);
}

void TransactionRows::erase(std::string_view table, std::string_view key) {
  const Key full = row_key(space_, table, key);
  if (!status_ || full.size() > max_key_bytes) return;
  if (auto erased = transaction_->erase(Table::rows, full); !erased) status_ = fail(erased.error());
}

}  // namespace automodel::storage
