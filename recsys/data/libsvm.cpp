// libsvm and libFM files: `label index:value index:value …`, one row a line, with `#` beginning a comment.
//
// Such files name no users and items. Where in every row the first two values are 1, the file is taken for
// libFM's form of ratings: the first index is the user, the second the item. Otherwise all rows belong to one
// user and one item, both called "all", and the other columns speak for themselves. The label becomes the
// number column `label_value`. The other indices become number columns x<index> (0 where a row lacks one) if
// some value is not 1 and at most 256 indices occur; else one categories column `features`, whose tokens are
// `index` or, for values other than 1, `index=value`.
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "recsys/data/csv.hpp"
#include "recsys/data/files.hpp"
#include "recsys/data/table.hpp"

namespace automodel::recsys {

namespace {

struct Entry {
  std::uint64_t index = 0;
  std::string_view value;
};

struct Row {
  std::uint64_t line = 0;
  std::string_view label;
  std::vector<Entry> entries;
};

/// Reads one row; returns why it cannot, or nothing.
std::string parse_row(std::string_view text, Row& row) {
  text = trim(text.substr(0, text.find('#')));
  const auto word = [&] {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view taken = text.substr(0, end);
    text = trim(text.substr(end));
    return taken;
  };
  row.label = word();
  if (!parse_number(row.label))
    return "the label is not a number: '" + to_utf8(row.label.substr(0, 40)) + "'";
  row.entries.clear();
  while (!text.empty()) {
    const std::string_view pair = word();
    const std::size_t colon = pair.find(':');
    Entry entry;
    if (colon == std::string_view::npos) return "'" + to_utf8(pair.substr(0, 40)) + "' is not index:value";
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + colon, entry.index);
    entry.value = pair.substr(colon + 1);
    if (error != std::errc{} || end != pair.data() + colon || !parse_number(entry.value))
      return "'" + to_utf8(pair.substr(0, 40)) + "' is not index:value";
    row.entries.push_back(entry);
  }
  return {};
}

/// What the file as a whole looks like.
struct Shape {
  bool pairs = true;  // user and item come first
  bool ones = true;   // every other value is 1
  std::set<std::uint64_t> indices;
};

bool is_one(const Entry& entry) { return parse_number(entry.value) == 1.0; }

Shape shape_of(const std::vector<Row>& rows) {
  Shape shape;
  for (const Row& row : rows)
    shape.pairs = shape.pairs && row.entries.size() >= 2 && is_one(row.entries[0]) && is_one(row.entries[1]);
  for (const Row& row : rows)
    for (std::size_t e = shape.pairs ? 2 : 0; e < row.entries.size(); ++e) {
      shape.ones = shape.ones && is_one(row.entries[e]);
      if (shape.indices.size() <= 256) shape.indices.insert(row.entries[e].index);
    }
  return shape;
}

void store(DatasetBuilder& builder, const std::vector<Row>& rows, const Shape& shape) {
  const std::size_t label = builder.add_column("label_value", ColumnKind::number, Table::interactions, false);
  const bool numbers = !shape.ones && shape.indices.size() <= 256;
  std::map<std::uint64_t, std::size_t> columns;
  std::size_t bag = 0;
  if (numbers)
    for (const std::uint64_t index : shape.indices)
      columns[index] =
          builder.add_column("x" + std::to_string(index), ColumnKind::number, Table::interactions, true);
  else if (!shape.indices.empty())
    bag = builder.add_column("features", ColumnKind::categories, Table::interactions, true, " ");
  for (const Row& row : rows) {
    const std::string user = shape.pairs ? std::to_string(row.entries[0].index) : "all";
    const std::string item = shape.pairs ? std::to_string(row.entries[1].index) : "all";
    const std::size_t r = builder.add_row(builder.user(user), builder.item(item), std::nullopt);
    builder.set(label, r, row.label);
    if (numbers)
      for (const auto& [index, column] : columns) builder.set(column, r, "0");
    std::string tokens;
    for (std::size_t e = shape.pairs ? 2 : 0; e < row.entries.size(); ++e) {
      const Entry& entry = row.entries[e];
      if (numbers)
        builder.set(columns.at(entry.index), r, entry.value);
      else
        tokens += std::to_string(entry.index) + (is_one(entry) ? "" : "=" + std::string(entry.value)) + " ";
    }
    if (!numbers && !shape.indices.empty()) builder.set(bag, r, tokens);
  }
}

}  // namespace

bool looks_like_libsvm(std::string_view line) {
  Row row;
  return parse_row(line, row).empty() && !row.entries.empty();
}

Result<void> read_libsvm(DatasetBuilder& builder, const std::filesystem::path& file, Tally& tally) {
  const auto mapped = MappedFile::open(file);
  if (!mapped) return fail(mapped.error());
  std::vector<Row> rows;
  std::uint64_t line = 0;
  for (std::string_view rest = (*mapped)->bytes(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view content = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line;
    if (content.empty() || content[0] == '#') continue;
    Row row;
    row.line = line;
    if (const std::string reason = parse_row(content, row); !reason.empty()) {
      tally.bad(file, line, reason);
    } else {
      rows.push_back(std::move(row));
      if (!tally.good())
        return fail("data.interrupted", "interrupted while reading", file.string(), "nothing of it was kept; start it again");
    }
  }
  store(builder, rows, shape_of(rows));
  return {};
}

}  // namespace automodel::recsys
