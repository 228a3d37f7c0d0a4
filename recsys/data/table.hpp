// Reading one file of records into a builder: what every importer of separated values shares.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "recsys/data/builder.hpp"
#include "recsys/data/import.hpp"

namespace automodel::recsys {

enum class Role : std::uint8_t { ignore, user, item, time, column };

/// One field of a record and where it goes.
struct FieldSpec {
  Role role = Role::ignore;
  std::string name;
  ColumnKind kind = ColumnKind::category;
  Table table = Table::interactions;
  bool context = true;
  std::string separator = "|";  // between the values of a categories column
};

/// A file of records. An interactions file has a user and an item field; it may carry columns of all three
/// tables. A users file has a user field and columns of `users`, an items file likewise.
struct TableSpec {
  std::filesystem::path file;
  Table table = Table::interactions;
  std::string separator = ",";
  bool quoted = true;
  bool header = true;  // the first record is no data
  std::vector<std::string> missing{"NA"};
  std::vector<FieldSpec> fields;
  /// Turns the record as read into one of `fields`; returns why it cannot, or nothing.
  std::function<std::string(std::vector<std::string>&)> prepare;
};

/// What an import has seen so far.
class Tally {
 public:
  Tally(ImportReport& report, const ImportOptions& options) : report_(report), options_(options) {}
  /// False where the import was interrupted.
  bool good();
  void bad(const std::filesystem::path& file, std::uint64_t line, std::string reason);
  /// Errors: data.malformed_rows, data.unknown_format where nothing was read.
  Result<void> judge() const;

 private:
  ImportReport& report_;
  const ImportOptions& options_;
  std::uint64_t records_ = 0;
};

/// Errors: data.no_such_file, data.io, data.interrupted. Malformed records are counted, and change nothing else.
Result<void> read_table(DatasetBuilder& builder, const TableSpec& spec, Tally& tally);

// The formats. Each gives the tables to read, interactions first.
Result<std::vector<TableSpec>> movielens_tables(const std::filesystem::path& interactions,
                                                const std::string& format);
Result<std::vector<TableSpec>> recbole_tables(const std::filesystem::path& interactions);
/// Errors: data.bad_schema, with the place in the TOML file.
Result<std::vector<TableSpec>> described_tables(const std::filesystem::path& source,
                                                const std::filesystem::path& schema);
Result<void> read_libsvm(DatasetBuilder& builder, const std::filesystem::path& file, Tally& tally);
bool looks_like_libsvm(std::string_view line);

/// The first line of a file, without its end (at most 64 KiB of it).
Result<std::string> first_line(const std::filesystem::path& file);

}  // namespace automodel::recsys
