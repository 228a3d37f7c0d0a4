#include "recsys/data/builder.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "recsys/data/files.hpp"

namespace automodel::recsys {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16U;  // values that are put in order at a time

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// Writes the files of one column and notes what they hold.
class FileWriter {
 public:
  FileWriter(std::filesystem::path directory, std::string stem)
      : directory_(std::move(directory)), stem_(std::move(stem)) {}

  Result<void> put(const std::string& suffix, std::string_view bytes) {
    const std::string name = stem_ + "." + suffix;
    if (auto written = write_file(directory_ / name, bytes); !written) return written;
    files_.push_back({name, bytes.size(), hash_hex(bytes)});
    return {};
  }

  /// `order` as in `order_by_time`.
  template <class T>
  Result<void> put_values(const std::string& suffix, std::span<const T> values, const std::vector<std::uint32_t>& order) {
    const std::string name = stem_ + "." + suffix;
    auto sink = FileSink::create(directory_ / name);
    if (!sink) return fail(sink.error());
    std::vector<T> piece;
    for (std::size_t first = 0; first < values.size(); first += kPiece) {
      const auto count = std::min(kPiece, values.size() - first);
      piece.assign(values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(first + count));
      if (!order.empty())
        for (std::size_t i = 0; i < count; ++i) piece[i] = values[order[first + i]];
      if (auto done = sink->write(bytes_of(piece)); !done) return done;
    }
    auto written = sink->finish();
    if (!written) return fail(written.error());
    files_.push_back({name, written->bytes, written->blake2b});
    return {};
  }

  Result<void> put_tokens(const TokenTable& vocabulary) {
    if (auto written = put("tokens_offsets", bytes_of(vocabulary.offsets())); !written) return written;
    return put("tokens", vocabulary.bytes());
  }

  Result<void> put_texts(const std::string& suffix, const std::vector<std::string>& texts) {
    std::vector<std::uint64_t> offsets{0};
    std::string bytes;
    for (const std::string& text : texts) {
      bytes += text;
      offsets.push_back(bytes.size());
    }
    if (auto written = put(suffix + "_offsets", bytes_of(offsets)); !written) return written;
    return put(suffix, bytes);
  }

  std::vector<ManifestFile> files_;

 private:
  std::filesystem::path directory_;
  std::string stem_;
};

std::string identifier(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += fits ? c : '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out = "c" + out;
  return out;
}

std::vector<std::string_view> split_values(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = separator.empty() ? std::string_view::npos : text.find(separator);
    const std::string_view part = trim(text.substr(0, at));
    if (!part.empty()) parts.push_back(part);
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

}  // namespace

std::uint32_t TokenTable::code(std::string_view text) {
  std::string converted;
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  if (!ascii) text = converted = to_utf8(text);
  if (2 * (size() + 1) > slots_.size()) grow();
  const auto hash = std::hash<std::string_view>()(text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  auto place = hash & (slots_.size() - 1);
  for (; slots_[place].next != 0; place = (place + 1) & (slots_.size() - 1))
    if (slots_[place].tag == tag && at(slots_[place].next - 1) == text) return slots_[place].next - 1;
  bytes_ += text;
  offsets_.push_back(bytes_.size());
  slots_[place] = {tag, static_cast<std::uint32_t>(size())};
  return slots_[place].next - 1;
}

void TokenTable::grow() {
  std::vector<Slot> wider(std::max<std::size_t>(16, 2 * slots_.size()));
  for (std::uint32_t code = 0; code < size(); ++code) {
    const auto hash = std::hash<std::string_view>()(at(code));
    auto place = hash & (wider.size() - 1);
    while (wider[place].next != 0) place = (place + 1) & (wider.size() - 1);
    wider[place] = {static_cast<std::uint32_t>(hash >> 32U), code + 1};
  }
  slots_ = std::move(wider);
}

std::size_t DatasetBuilder::rows_of(Table table) const {
  return table == Table::interactions ? user_.size()
                                      : (table == Table::users ? users_ : items_).size();
}

std::size_t DatasetBuilder::add_column(std::string name, ColumnKind kind, Table table, bool context,
                                       std::string separator) {
  name = identifier(name);
  const auto taken = [&](const std::string& candidate) {
    // `label` is the label's name in feature expressions.
    if (candidate == "user" || candidate == "item" || candidate == "time" || candidate == "label")
      return true;
    return std::any_of(columns_.begin(), columns_.end(),
                       [&](const Column& c) { return c.info.name == candidate; });
  };
  if (taken(name))
    name = std::string(table == Table::users ? "user_" : table == Table::items ? "item_" : "row_") + name;
  const std::string base = name;
  for (int n = 2; taken(name); ++n) name = base + "_" + std::to_string(n);
  columns_.push_back({{name, kind, table, 0, context}, std::move(separator), Spool<std::uint32_t>(scratch_), {},
                      Spool<float>(scratch_), {}, {}});
  return columns_.size() - 1;
}

std::optional<std::string> DatasetBuilder::check(std::size_t column, std::string_view value) const {
  const ColumnInfo& info = columns_[column].info;
  if (info.kind != ColumnKind::number || trim(value).empty() || parse_number(value)) return std::nullopt;
  return info.name + " is not a finite number: '" + to_utf8(value.substr(0, 40)) + "'";
}

void DatasetBuilder::set(std::size_t column, std::size_t row, std::string_view value) {
  Column& to = columns_[column];
  value = trim(value);
  switch (to.info.kind) {
    case ColumnKind::category:
      to.codes.resize(row + 1, 0);
      to.codes[row] = value.empty() ? 0 : to.vocabulary.code(value) + 1;
      break;
    case ColumnKind::categories: {
      if (to.sets.size() <= row) to.sets.resize(row + 1);
      auto& codes = to.sets[row];
      codes.clear();
      for (const std::string_view part : split_values(value, to.separator)) {
        const std::uint32_t code = to.vocabulary.code(part) + 1;
        if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
      }
      break;
    }
    case ColumnKind::number:
      to.numbers.resize(row + 1, std::numeric_limits<float>::quiet_NaN());
      if (const auto number = parse_number(value)) to.numbers[row] = static_cast<float>(*number);
      break;
    case ColumnKind::text:
      if (to.texts.size() <= row) to.texts.resize(row + 1);
      to.texts[row] = to_utf8(value);
      break;
    case ColumnKind::time:
      break;  // times have a place of their own
  }
}

std::size_t DatasetBuilder::add_row(std::uint32_t user, std::uint32_t item,
                                    std::optional<std::int64_t> time) {
  user_.push_back(user);
  item_.push_back(item);
  if (time) time_.push_back(*time);
  return user_.size() - 1;
}

namespace {

template <class T>
std::vector<T> reordered(std::vector<T>& values, const std::vector<std::uint32_t>& order) {
  if (order.empty()) return std::move(values);
  std::vector<T> out;
  out.reserve(values.size());
  for (const std::uint32_t row : order) out.push_back(std::move(values[row]));
  return out;
}

}  // namespace

Result<ManifestColumn> DatasetBuilder::write_column(const std::filesystem::path& directory, Column& column,
                                                    std::size_t number,
                                                    const std::vector<std::uint32_t>& order) const {
  const std::size_t rows = rows_of(column.info.table);
  const bool sorted = column.info.table == Table::interactions;
  static const std::vector<std::uint32_t> as_given;
  FileWriter files(directory, "c" + std::to_string(number));
  Result<void> done;
  switch (column.info.kind) {
    case ColumnKind::category:
      column.codes.resize(rows, 0);
      done = files.put_values("codes", std::as_const(column.codes).span(), sorted ? order : as_given);
      break;
    case ColumnKind::categories: {
      column.sets.resize(rows);
      if (sorted) column.sets = reordered(column.sets, order);
      std::vector<std::uint64_t> offsets{0};
      std::vector<std::uint32_t> codes;
      for (const auto& set : column.sets) {
        codes.insert(codes.end(), set.begin(), set.end());
        offsets.push_back(codes.size());
      }
      done = files.put("offsets", bytes_of(offsets));
      if (done) done = files.put("codes", bytes_of(codes));
      break;
    }
    case ColumnKind::number:
      column.numbers.resize(rows, std::numeric_limits<float>::quiet_NaN());
      done = files.put_values("numbers", std::as_const(column.numbers).span(), sorted ? order : as_given);
      break;
    case ColumnKind::text:
      column.texts.resize(rows);
      if (sorted) column.texts = reordered(column.texts, order);
      done = files.put_texts("text", column.texts);
      break;
    case ColumnKind::time:
      break;
  }
  if (done && (column.info.kind == ColumnKind::category || column.info.kind == ColumnKind::categories)) {
    column.info.cardinality = column.vocabulary.size();
    done = files.put_tokens(column.vocabulary);
  }
  if (!done) return fail(done.error());
  return ManifestColumn{column.info, files.files_};
}

std::vector<std::uint32_t> DatasetBuilder::order_by_time() {
  const auto times = time_.span();
  if (times.empty()) return {};
  std::vector<std::uint32_t> order;
  if (!std::is_sorted(times.begin(), times.end())) {
    order.resize(times.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return times[a] < times[b]; });
  }
  // The year 5138 in seconds is 1973 in milliseconds: larger numbers are milliseconds.
  if (*std::max_element(times.begin(), times.end()) > 100'000'000'000)
    for (std::int64_t& time : times) time /= 1000;
  return order;
}

Result<void> DatasetBuilder::write(const std::filesystem::path& directory, const std::string& source,
                                   const std::string& importer) {
  Manifest manifest{source,         importer, user_.size(), users_.size(), items_.size(),
                    !time_.empty(), {}};
  const auto order = order_by_time();
  const auto write_ids = [&](const std::string& name, const Spool<std::uint32_t>& codes,
                             const TokenTable& ids) -> Result<void> {
    FileWriter files(directory, name);
    if (auto done = files.put_values("codes", codes.span(), order); !done) return done;
    if (auto done = files.put_tokens(ids); !done) return done;
    manifest.columns.push_back(
        {{name, ColumnKind::category, Table::interactions, ids.size(), true}, files.files_});
    return {};
  };
  if (auto done = write_ids("user", user_, users_); !done) return done;
  if (auto done = write_ids("item", item_, items_); !done) return done;
  if (!time_.empty()) {
    FileWriter files(directory, "time");
    if (auto done = files.put_values("times", std::as_const(time_).span(), order); !done) return done;
    manifest.columns.push_back({{"time", ColumnKind::time, Table::interactions, 0, true}, files.files_});
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    auto column = write_column(directory, columns_[c], c, order);
    if (!column) return fail(column.error());
    manifest.columns.push_back(std::move(*column));
  }
  const std::string text = to_json(manifest);
  if (auto done = write_file(directory / "manifest.json", text); !done) return done;
  if (auto done = write_file(directory / "manifest.hash", hash_hex(text) + "\n"); !done) return done;
  return sync_directory(directory);
}

}  // namespace automodel::recsys
