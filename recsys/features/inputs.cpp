#include "recsys/features/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "recsys/data/split.hpp"
#include "recsys/features/keys.hpp"
#include "recsys/features/past_items.hpp"

namespace automodel::recsys {

namespace {

std::size_t count_kind(const std::vector<Field>& fields, Field::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& f) { return f.kind == kind; }));
}

}  // namespace

std::size_t InputSpec::singles() const { return count_kind(fields, Field::Kind::single); }
std::size_t InputSpec::bags() const { return count_kind(fields, Field::Kind::bag); }
std::size_t InputSpec::denses() const { return count_kind(fields, Field::Kind::dense); }

std::vector<std::uint32_t> Vocabulary::by_code() const {
  std::vector<std::uint32_t> out(codes.empty() ? 0 : codes.back() + std::size_t{1});
  for (std::size_t i = 0; i < codes.size(); ++i) out[codes[i]] = static_cast<std::uint32_t>(i) + 1;
  return out;
}

void InputSpec::lay_out() {
  table_rows = 0;
  for (Field& field : fields) {
    if (field.kind == Field::Kind::dense) continue;
    field.offset = table_rows;
    table_rows += field.cardinality + 1;
  }
}

/// Where a field's values come from, found once.
struct InputEncoder::Source {
  std::optional<ColumnReader> category;
  std::span<const float> numbers;
  Table table = Table::interactions;
  std::size_t feature = 0;            // number of the engine's column
  std::vector<std::uint32_t> encode;  // [original code] -> code of the field; 0: not seen in training

  std::uint32_t code(std::uint64_t original) const { return original < encode.size() ? encode[original] : 0; }
};

/// The rows of users and items in their vocabularies, and each user's past.
struct InputEncoder::Ids {
  std::vector<std::uint32_t> users, items;  // [code] -> row; 0: unknown
  std::optional<PastItems> past;

  static std::int64_t row(const std::vector<std::uint32_t>& rows, std::size_t code) {
    return code < rows.size() ? rows[code] : 0;
  }
};

namespace {

/// Those of `codes` that the rows hold.
Vocabulary vocabulary_of(std::span<const std::uint32_t> codes, std::span<const std::uint32_t> rows,
                         std::size_t all) {
  std::vector<bool> there(all);
  for (const std::uint32_t row : rows) there[codes[row]] = true;
  Vocabulary out;
  for (std::uint32_t code = 0; code < there.size(); ++code)
    if (there[code]) out.codes.push_back(code);
  return out;
}

/// Features made of this few training rows would be learnt by heart; they share row 0, which so learns what
/// to expect of the unknown.
constexpr std::uint32_t min_rows = 3;

/// Codes that at least `min_rows` rows hold.
std::vector<std::uint32_t> frequent(const std::vector<std::uint32_t>& counts) {
  std::vector<std::uint32_t> codes;
  for (std::uint32_t code = 1; code < counts.size(); ++code)
    if (counts[code] >= min_rows) codes.push_back(code);
  return codes;
}

void standardise(Field& field, std::size_t rows, const std::function<float(std::size_t)>& value) {
  double sum = 0, squares = 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const double x = value(i);
    if (!std::isfinite(x)) continue;
    sum += x;
    ++n;
  }
  const double mean = n ? sum / static_cast<double>(n) : 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const double x = value(i);
    if (std::isfinite(x)) squares += (x - mean) * (x - mean);
  }
  const double deviation = n ? std::sqrt(squares / static_cast<double>(n)) : 0;
  field.mean = static_cast<float>(mean);
  field.scale = deviation > 1e-9 ? static_cast<float>(1 / deviation) : 0.0f;  // a constant says nothing
}

Moment moment_of(const Dataset& data, std::uint32_t row) {
  return {data.user()[row], data.item()[row], data.time()[row], row};
}

}  // namespace

InputEncoder::InputEncoder(Dataset data, const FeatureEngine* features, InputSpec spec)
    : data_(std::move(data)), features_(features), spec_(std::move(spec)) {}

Result<InputEncoder::Source> InputEncoder::find_source(const Dataset& data, const FeatureEngine& features,
                                                       const Field& field) {
  Source source;
  if (field.feature) {
    const auto& columns = features.columns();
    const auto at = std::find_if(columns.begin(), columns.end(),
                                 [&](const auto& c) { return c.expression == field.source; });
    if (at == columns.end() || at->categorical != (field.kind != Field::Kind::dense))
      return fail("features.unknown_column", "the feature '" + field.source + "' is not computed",
                  data.name());
    source.feature = static_cast<std::size_t>(at - columns.begin());
    return source;
  }
  if (field.kind != Field::Kind::dense) {
    auto reader = ColumnReader::bind(data, field.source);
    if (!reader) return fail(reader.error());
    source.category = std::move(*reader);
    return source;
  }
  const auto numbers = data.numbers(field.source);
  if (!numbers)
    return fail("features.unknown_column", "no number column '" + field.source + "'", data.name());
  source.numbers = *numbers;
  source.table = data.column(field.source)->table;
  return source;
}

Result<InputEncoder> InputEncoder::bind(const Dataset& data, const FeatureEngine& features, InputSpec spec) {
  spec.lay_out();
  if (spec.history > 0 && !data.has_time()) {
    return fail("data.no_time", "the method looks at histories, and the interactions have no times",
                data.name());
  }
  InputEncoder out(data, &features, std::move(spec));
  auto sources = std::make_shared<std::vector<Source>>();
  for (const Field& field : out.spec_.fields) {
    auto source = find_source(data, features, field);
    if (!source) return fail(source.error());
    if (!field.codes.empty()) source->encode.resize(field.codes.back() + 1u, 0);
    for (std::size_t i = 0; i < field.codes.size(); ++i)
      source->encode[field.codes[i]] = static_cast<std::uint32_t>(i) + 1;
    sources->push_back(std::move(*source));
  }
  out.sources_ = std::move(sources);
  auto ids = std::make_shared<Ids>();
  ids->users = out.spec_.users.by_code();
  ids->items = out.spec_.items.by_code();
  if (out.spec_.history > 0) ids->past.emplace(data, ids->items);
  out.ids_ = std::move(ids);
  return out;
}

Result<InputEncoder> InputEncoder::fit(const Dataset& data, const FeatureEngine& features,
                                       std::string_view label, std::span<const std::uint32_t> train_rows,
                                       const Sources& sources) {
  const auto hidden = label_columns(label);
  if (!hidden) return fail(hidden.error());
  if (sources.history > longest_history || (sources.history > 0 && !sources.items)) {
    return fail("features.bad_sources",
                "a history of " + std::to_string(sources.history) + (sources.items ? "" : " without items"),
                {}, "histories are of items, and at most " + std::to_string(longest_history) + " long");
  }
  if (sources.graph && (!sources.users || !sources.items))
    return fail("features.bad_sources", "a graph without users or without items");
  InputSpec spec;
  if (sources.users) spec.users = vocabulary_of(data.user(), train_rows, data.users());
  if (sources.items) spec.items = vocabulary_of(data.item(), train_rows, data.items());
  spec.history = sources.history;
  if (!sources.fields) return bind(data, features, std::move(spec));
  const auto add = [&](std::string source, bool feature, Field::Kind kind) {
    Field field;
    field.kind = kind;
    field.source = std::move(source);
    field.feature = feature;
    spec.fields.push_back(std::move(field));
  };
  for (const ColumnInfo& column : data.columns()) {
    const bool of_label = std::find(hidden->begin(), hidden->end(), column.name) != hidden->end();
    if (of_label || (column.table == Table::interactions && !column.context)) continue;
    if (column.kind == ColumnKind::category) add(column.name, false, Field::Kind::single);
    if (column.kind == ColumnKind::categories) add(column.name, false, Field::Kind::bag);
    if (column.kind == ColumnKind::number) add(column.name, false, Field::Kind::dense);
  }
  for (const FeatureColumn& column : features.columns())
    add(column.expression, true, column.categorical ? Field::Kind::single : Field::Kind::dense);
  for (Field& field : spec.fields) {
    auto source = find_source(data, features, field);
    if (!source) return fail(source.error());
    fit_field(data, features, *source, train_rows, field, spec.max_bag);
  }
  return bind(data, features, std::move(spec));
}

void InputEncoder::fit_field(const Dataset& data, const FeatureEngine& features, const Source& source,
                             std::span<const std::uint32_t> train_rows, Field& field,
                             std::uint32_t& max_bag) {
  if (field.kind == Field::Kind::dense) {
    standardise(field, train_rows.size(), [&](std::size_t i) -> float {
      const std::uint32_t row = train_rows[i];
      if (field.feature) return features.columns()[source.feature].numbers[row];
      return source.numbers[table_row(source.table, moment_of(data, row), data)];
    });
    return;
  }
  const std::uint64_t cardinality =
      field.feature ? features.columns()[source.feature].cardinality : source.category->cardinality();
  std::vector<std::uint32_t> counts(cardinality + 1, 0);
  for (const std::uint32_t row : train_rows) {
    if (field.feature) {
      ++counts[features.columns()[source.feature].codes[row]];
      continue;
    }
    std::uint32_t scratch = 0;
    const auto values = source.category->values(moment_of(data, row), scratch);
    for (const std::uint32_t value : values) ++counts[value];
    if (field.kind == Field::Kind::bag)
      max_bag = std::max(max_bag, static_cast<std::uint32_t>(values.size()));
  }
  field.codes = frequent(counts);
  field.cardinality = static_cast<std::uint32_t>(field.codes.size());
}

void InputEncoder::fit_graph(std::span<const float> labels, std::span<const std::uint32_t> train_rows) {
  std::vector<std::uint32_t> positive;
  for (const auto row : train_rows)
    if (labels[row] > 0.5F) positive.push_back(row);
  spec_.graph = {};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (const auto row : positive)
    edges.emplace_back(ids_->users[data_.user()[row]], ids_->items[data_.item()[row]]);
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  for (const auto& [user, item] : edges) {
    spec_.graph.users.push_back(user);
    spec_.graph.items.push_back(item);
  }
}

namespace {

void size_batch(const InputSpec& spec, std::size_t rows, Batch& out) {
  out.rows = rows;
  out.singles.resize(rows * spec.singles());
  out.bags.assign(rows * spec.bags() * spec.max_bag, -1);
  out.dense.resize(rows * spec.denses());
  out.labels.clear();
  out.candidates = 1;
  out.shared_items = false;
  out.users.resize(spec.users.rows() > 0 ? rows : 0);
  out.items.resize(spec.items.rows() > 0 ? rows : 0);
  out.history.assign(rows * spec.history, 0);
  out.ages.assign(rows * spec.history, 0.0f);
}

}  // namespace

/// Fills row `r` of a batch. `columns` hold the features' values, of which entry `at` belongs to the moment.
void InputEncoder::encode_one(const Moment& moment, const std::vector<FeatureColumn>& columns, std::size_t at,
                              std::size_t r, Batch& out) const {
  std::int64_t* single = out.singles.data() + r * spec_.singles();
  std::int64_t* bag = out.bags.data() + r * spec_.bags() * spec_.max_bag;
  float* dense = out.dense.data() + r * spec_.denses();
  for (std::size_t f = 0; f < spec_.fields.size(); ++f) {
    const Field& field = spec_.fields[f];
    const Source& source = (*sources_)[f];
    if (field.kind == Field::Kind::dense) {
      const std::size_t row = field.feature ? at : table_row(source.table, moment, data_);
      const auto numbers =
          field.feature ? std::span<const float>(columns[source.feature].numbers) : source.numbers;
      const float value = row < numbers.size() ? numbers[row] : std::numeric_limits<float>::quiet_NaN();
      *dense++ = std::isfinite(value) ? (value - field.mean) * field.scale : 0.0f;
      continue;
    }
    std::uint32_t scratch = 0;
    std::span<const std::uint32_t> values;
    if (field.feature) {
      scratch = columns[source.feature].codes[at];
      values = {&scratch, 1};
    } else {
      values = source.category->values(moment, scratch);
    }
    if (field.kind == Field::Kind::single) {
      *single++ = static_cast<std::int64_t>(field.offset) + (values.empty() ? 0 : source.code(values[0]));
      continue;
    }
    for (std::size_t v = 0; v < std::min<std::size_t>(values.size(), spec_.max_bag); ++v)
      bag[v] = static_cast<std::int64_t>(field.offset) + source.code(values[v]);
    bag += spec_.max_bag;
  }
}

/// The same for users, items and histories.
void InputEncoder::encode_ids(const Moment& moment, std::size_t r, Batch& out) const {
  if (!out.users.empty()) out.users[r] = Ids::row(ids_->users, moment.user);
  if (!out.items.empty()) out.items[r] = Ids::row(ids_->items, moment.item);
  if (!ids_->past) return;
  const std::size_t longest = spec_.history;
  ids_->past->before(moment.user, moment.time, std::span(out.history).subspan(r * longest, longest),
                     std::span(out.ages).subspan(r * longest, longest));
}

/// Tells the processor that this row is wanted soon: rows of a shuffled batch lie apart, in many columns, and
/// each would be waited for.
void InputEncoder::expect(std::uint32_t row) const {
  __builtin_prefetch(&data_.user()[row]);
  __builtin_prefetch(&data_.item()[row]);
  __builtin_prefetch(&data_.time()[row]);
  for (const auto& source : *sources_) {
    if (source.category) source.category->expect(row);
    if (source.table == Table::interactions && row < source.numbers.size())
      __builtin_prefetch(&source.numbers[row]);
  }
}

void InputEncoder::encode(std::span<const std::uint32_t> rows, std::span<const float> labels,
                          Batch& out) const {
  constexpr std::size_t kAhead = 8;  // rows before its turn that a row is expected
  size_batch(spec_, rows.size(), out);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r + kAhead < rows.size()) expect(rows[r + kAhead]);
    const Moment moment = moment_of(data_, rows[r]);
    encode_one(moment, features_->columns(), rows[r], r, out);
    encode_ids(moment, r, out);
  }
  if (labels.empty()) return;
  for (const std::uint32_t row : rows) out.labels.push_back(labels[row]);
}

void InputEncoder::encode_live(std::uint32_t user, std::span<const std::uint32_t> items, std::int64_t now,
                               Batch& out) const {
  size_batch(spec_, items.size(), out);
  const std::vector<FeatureColumn> columns =
      spec_.fields.empty() ? std::vector<FeatureColumn>{} : features_->at(user, items, now);
  for (std::size_t r = 0; r < items.size(); ++r) {
    const Moment moment{user, items[r], now, Moment::no_row};
    encode_one(moment, columns, r, r, out);
    encode_ids(moment, r, out);
  }
}

void InputEncoder::encode_candidates(std::uint32_t user, std::span<const std::uint32_t> items,
                                     std::int64_t now, Batch& out) const {
  size_batch(spec_, 1, out);
  encode_ids({user, 0, now, Moment::no_row}, 0, out);
  out.candidates = items.size();
  out.items.resize(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) out.items[i] = Ids::row(ids_->items, items[i]);
}

}  // namespace automodel::recsys
