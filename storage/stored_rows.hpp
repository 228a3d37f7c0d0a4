// Projection rows inside a transaction. Private to storage/.
#pragma once

#include "storage/lmdb/environment.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// A row and its key.
using Row = std::pair<std::string, events::Bytes>;

/// Where the rows of one generation of a projection lie: the first part of their keys.
std::string rows_space(std::string_view projection, std::uint64_t generation);

Result<std::optional<events::Bytes>> read_row(const Transaction& transaction, std::string_view space,
                                              std::string_view table, std::string_view key);
Result<std::vector<Row>> read_rows(const Transaction& transaction, std::string_view space,
                                   std::string_view table, std::string_view prefix);
/// Removes at most `most` rows; whether none are left.
Result<bool> erase_rows(WriteTransaction& transaction, std::string_view space, std::size_t most);

/// Rows of the generation that answers, read from outside, each call in a short transaction of its own. Safe
/// from any thread, and while the environment is held also after the store was closed. A store that cannot be
/// read is thrown as std::runtime_error: a RowReader has no other way to say so.
std::shared_ptr<const RowReader> stored_rows(std::shared_ptr<const Environment> environment,
                                             std::string projection);

/// What a projection writes to. Its interface has no errors: the first one is kept, and nothing is done after
/// it.
class TransactionRows final : public RowWriter {
 public:
  TransactionRows(WriteTransaction& transaction, std::string space)
      : transaction_(&transaction), space_(std::move(space)) {}
  std::optional<events::Bytes> get(std::string_view table, std::string_view key) const override;
  void scan(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view, events::ByteView)>& visit) const override;
  void put(std::string_view table, std::string_view key, events::ByteView row) override;
  void erase(std::string_view table, std::string_view key) override;
  const Result<void>& status() const { return status_; }

 private:
  WriteTransaction* transaction_;
  std::string space_;
  mutable Result<void> status_;
};

}  // namespace automodel::storage
