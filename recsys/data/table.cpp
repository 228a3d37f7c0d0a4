#include "recsys/data/table.hpp"

#include <algorithm>
#include <fstream>

#include "recsys/data/csv.hpp"
#include "recsys/data/files.hpp"

namespace automodel::recsys {

bool Tally::good() { return ++records_ % 100'000 != 0 || !options_.progress || options_.progress(records_); }

void Tally::bad(const std::filesystem::path& file, std::uint64_t line, std::string reason) {
  ++report_.malformed;
  if (report_.first_malformed.size() < 5)
    report_.first_malformed.push_back({file.string(), line, std::move(reason)});
}

Result<void> Tally::judge() const {
  const auto all = static_cast<double>(records_ + report_.malformed);
  std::string examples;
  for (const MalformedRow& row : report_.first_malformed)
    examples += "; " + row.file + ":" + std::to_string(row.line) + ": " + row.reason;
  if (records_ == 0 && report_.malformed == 0)
    return fail("data.unknown_format", "no rows", report_.format, "The file holds nothing, or only a header");
  if (records_ == 0 || static_cast<double>(report_.malformed) > options_.max_malformed * all) {
    std::string where;
    if (!report_.first_malformed.empty())
      where = report_.first_malformed[0].file + ":" + std::to_string(report_.first_malformed[0].line);
    return fail("data.malformed_rows",
                std::to_string(report_.malformed) + " of " + std::to_string(records_ + report_.malformed) +
                    " rows are malformed" + examples,
                where, "Correct the source, or allow a larger share of malformed rows");
  }
  return {};
}

Result<std::string> first_line(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail("data.no_such_file", "cannot open the file", file.string(),
                "Check the path and its permissions");
  std::string text(65536, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) text.pop_back();
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

namespace {

/// Where the fields of one table's records go, with the builder's column numbers.
class TableLoader {
 public:
  TableLoader(DatasetBuilder& builder, const TableSpec& spec) : builder_(builder), spec_(spec) {
    for (const FieldSpec& field : spec.fields)
      columns_.push_back(field.role == Role::column ? builder.add_column(field.name, field.kind, field.table,
                                                                         field.context, field.separator)
                                                    : 0);
  }

  /// Stores a record whole, or says why not and stores nothing.
  std::string load(std::vector<std::string>& values) {
    if (spec_.prepare)
      if (std::string reason = spec_.prepare(values); !reason.empty()) return reason;
    if (values.size() != spec_.fields.size())
      return std::to_string(values.size()) + " fields where " + std::to_string(spec_.fields.size()) +
             " were expected";
    for (std::string& value : values)
      if (std::find(spec_.missing.begin(), spec_.missing.end(), value) != spec_.missing.end()) value.clear();
    std::optional<std::int64_t> time;
    for (std::size_t f = 0; f < values.size(); ++f)
      if (std::string reason = check(f, values[f], time); !reason.empty()) return reason;
    store(values, time);
    return {};
  }

 private:
  std::string check(std::size_t f, const std::string& value, std::optional<std::int64_t>& time) const {
    const FieldSpec& field = spec_.fields[f];
    if (field.role == Role::column) return builder_.check(columns_[f], value).value_or("");
    if (field.role == Role::ignore) return {};
    if (trim(value).empty()) return "no " + field.name;
    if (field.role != Role::time) return {};
    time = parse_time(value);
    return time ? "" : field.name + " is no time: '" + to_utf8(value.substr(0, 40)) + "'";
  }

  void store(const std::vector<std::string>& values, std::optional<std::int64_t> time) {
    std::uint32_t user = 0, item = 0;
    for (std::size_t f = 0; f < values.size(); ++f) {
      if (spec_.fields[f].role == Role::user) user = builder_.user(trim(values[f]));
      if (spec_.fields[f].role == Role::item) item = builder_.item(trim(values[f]));
    }
    const std::size_t row = spec_.table == Table::interactions ? builder_.add_row(user, item, time) : 0;
    for (std::size_t f = 0; f < values.size(); ++f) {
      if (spec_.fields[f].role != Role::column) continue;
      const Table table = spec_.fields[f].table;
      builder_.set(columns_[f],
                   table == Table::interactions ? row
                   : table == Table::users      ? user
                                                : item,
                   values[f]);
    }
  }

  DatasetBuilder& builder_;
  const TableSpec& spec_;
  std::vector<std::size_t> columns_;
};

}  // namespace

Result<void> read_table(DatasetBuilder& builder, const TableSpec& spec, Tally& tally) {
  const auto file = MappedFile::open(spec.file);
  if (!file) return fail(file.error());
  (*file)->read_ahead();
  TableLoader loader(builder, spec);
  RecordReader reader((*file)->bytes(), spec.separator, spec.quoted);
  RecordReader::Record record;
  if (spec.header) reader.next(record);
  while (reader.next(record)) {
    const std::string reason = record.error.empty() ? loader.load(record.fields) : record.error;
    if (!reason.empty())
      tally.bad(spec.file, record.line, reason);
    else if (!tally.good())
      return fail("data.interrupted", "interrupted while reading", spec.file.string(), "nothing of it was kept; start it again");
  }
  return {};
}

}  // namespace automodel::recsys
