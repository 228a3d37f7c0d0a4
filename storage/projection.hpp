// A projection folds events into rows that answer questions. It is a pure function over a table of rows, so
// that the same code runs inside a store's transaction, over a map in memory (replay, verify), and in tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
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
  /// `put` of what the caller has no more use for.
  virtual void put_moved(std::string_view table, std::string key, events::Bytes row) { put(table, key, row); }
};

/// Rows in memory: for rebuilding beside the stored ones, and for tests.
class MapRows final : public RowWriter {
 public:
  std::optional<events::Bytes> get(std::string_view table, std::string_view key) const override;
  void scan(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view, events::ByteView)>& visit) const override;
  void put(std::string_view table, std::string_view key, events::ByteView row) override;
  void erase(std::string_view table, std::string_view key) override;
  void put_moved(std::string_view table, std::string key, events::Bytes row) override;

 private:
  std::map<std::string, std::map<std::string, events::Bytes, std::less<>>, std::less<>> tables_;
};

/// An event where it lies, its form verified: nothing is copied. Valid during the call that it is given to.
struct EventView {
  std::uint64_t sequence = 0;
  std::string_view stream;
  std::uint64_t version = 0;
  std::int64_t time = 0;  // UTC, ns
  std::string_view correlation;
  const events::Event* event = nullptr;  // never null, nor is its body
  events::ByteView record;               // the whole record; empty where the event was never in a store
};

/// A run of events folded into rows, one after the other. What changed may be kept unpacked until `finish`
/// writes it; then the rows are those that Projection::apply leaves, event by event.
class Fold {
 public:
  virtual ~Fold() = default;
  /// Throws what Projection::apply throws; then the fold is of no further use.
  virtual void apply(const EventView& event) = 0;
  virtual void finish() = 0;
};

class Projection {
 public:
  virtual ~Projection() = default;
  /// Its rows' and checkpoint's name: no control characters.
  virtual std::string name() const = 0;
  /// Changes when `apply` or the rows change: a stored projection of another schema is rebuilt.
  virtual std::string schema() const = 0;
  /// Its tables, for the digest and for listing.
  virtual std::vector<std::string> tables() const = 0;
  virtual void apply(RowWriter& rows, const events::Recorded& event) const = 0;
  /// Begins a run of events over `rows`, which must outlive it. By default each event is unpacked and applied
  /// at once; a projection that is rebuilt from long histories does better.
  virtual std::unique_ptr<Fold> fold(RowWriter& rows) const;
};

/// BLAKE2b-256 over every row of the projection's tables, in order: equal digests mean equal memory.
events::Hash256 digest(const Projection& projection, const RowReader& rows);

}  // namespace automodel::storage
