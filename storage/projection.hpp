// A projection folds events into rows that answer questions. It is a pure function over a table of rows, so
// that the same code runs inside a store's transaction, over a map in memory (replay, verify), and in tests.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

/// Rows by (table, key), ordered by key. Keys and tables are short printable text.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual std::optional<events::Bytes> get(std::string_view table, std::string_view key) const = 0;
  /// Visits rows of a table whose key starts with `prefix`, in key order, until `visit` returns false.
  virtual void scan(std::string_view table, std::string_view prefix,
                    const std::function<bool(std::string_view key, events::ByteView row)>& visit) const = 0;
};

class RowWriter : public RowReader {
 public:
  virtual void put(std::string_view table, std::string_view key, events::ByteView row) = 0;
  virtual void erase(std::string_view table, std::string_view key) = 0;
};

/// Rows in memory: for rebuilding beside the stored ones, and for tests.
class MapRows final : public RowWriter {
 public:
  std::optional<events::Bytes> get(std::string_view table, std::string_view key) const override;
  void scan(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view, events::ByteView)>& visit) const override;
  void put(std::string_view table, std::string_view key, events::ByteView row) override;
  void erase(std::string_view table, std::string_view key) override;

 private:
  std::map<std::string, std::map<std::string, events::Bytes, std::less<>>, std::less<>> tables_;
};

class Projection {
 public:
  virtual ~Projection() = default;
  virtual std::string name() const = 0;
  /// Changes when `apply` or the rows change: a stored projection of another schema is rebuilt.
  virtual std::string schema() const = 0;
  /// Its tables, for the digest and for listing.
  virtual std::vector<std::string> tables() const = 0;
  virtual void apply(RowWriter& rows, const events::Recorded& event) const = 0;
};

/// BLAKE2b-256 over every row of the projection's tables, in order: equal digests mean equal memory.
events::Hash256 digest(const Projection& projection, const RowReader& rows);

}  // namespace automodel::storage
