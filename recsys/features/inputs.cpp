#include "recsys/features/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "recsys/data/split.hpp"
#include "recsys/features/keys.hpp"

namespace automodel::recsys {

namespace {

std::size_t count_kind(const std::vector<Field>& fields, Field::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& f) { return f.kind == kind; }));
}

constexpr const char* kinds[] = {"single", "bag", "dense"};

/// Sorted codes as runs [first, length]: nearly all codes are seen in training, so there are few runs.
nlohmann::json runs_of(const std::vector<std::uint32_t>& codes) {
  nlohmann::json runs = nlohmann::json::array();
  for (std::size_t i = 0; i < codes.size();) {
    std::size_t end = i + 1;
    while (end < codes.size() && codes[end] == codes[end - 1] + 1) ++end;
    runs.push_back({codes[i], end - i});
    i = end;
  }
  return runs;
}

Field field_from(const nlohmann::json& json) {
  Field field;
  const std::string kind = json.at("kind");
  const auto at = std::find(std::begin(kinds), std::end(kinds), kind);
  if (at == std::end(kinds)) throw std::runtime_error("unknown kind '" + kind + "'");
  field.kind = static_cast<Field::Kind>(at - std::begin(kinds));
  field.source = json.at("source");
  field.feature = json.at("feature");
  field.mean = json.at("mean");
  field.scale = json.at("scale");
  for (const auto& run : json.at("codes")) {
    const std::uint64_t first = run.at(0), length = run.at(1);
    if (first == 0 || length == 0 || length > (1u << 28) || first + length > (1ull << 32) ||
        (!field.codes.empty() && first <= field.codes.back()))
      throw std::runtime_error("codes of '" + field.source + "' are not ascending");
    for (std::uint64_t code = first; code < first + length; ++code)
      field.codes.push_back(static_cast<std::uint32_t>(code));
  }
  field.cardinality = static_cast<std::uint32_t>(field.codes.size());
  return field;
}

/// Gives every single and bag field its part of the shared table.
void lay_out(InputSpec& spec) {
  spec.table_rows = 0;
  for (Field& field : spec.fields) {
    if (field.kind == Field::Kind::dense) continue;
    field.offset = spec.table_rows;
    spec.table_rows += field.cardinality + 1;
  }
}

}  // namespace

std::size_t InputSpec::singles() const { return count_kind(fields, Field::Kind::single); }
std::size_t InputSpec::bags() const { return count_kind(fields, Field::Kind::bag); }
std::size_t InputSpec::denses() const { return count_kind(fields, Field::Kind::dense); }

std::string InputSpec::to_json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const Field& field : fields)
    list.push_back({{"kind", kinds[static_cast<std::size_t>(field.kind)]},
                    {"source", field.source},
                    {"feature", field.feature},
                    {"mean", field.mean},
                    {"scale", field.scale},
                    {"codes", runs_of(field.codes)}});
  return nlohmann::json{{"fields", list}, {"max_bag", max_bag}}.dump();
}

Result<InputSpec> InputSpec::from_json(std::string_view text) try {
  const auto json = nlohmann::json::parse(text);
  InputSpec spec;
  spec.max_bag = json.at("max_bag");
  for (const auto& field : json.at("fields")) spec.fields.push_back(field_from(field));
  lay_out(spec);
  return spec;
} catch (const std::exception& error) {
  return fail("features.bad_inputs",
              std::string("the description of a model's inputs cannot be read: ") + error.what());
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

namespace {

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
  lay_out(spec);
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
  return out;
}

Result<InputEncoder> InputEncoder::fit(const Dataset& data, const FeatureEngine& features,
                                       std::string_view label, std::span<const std::uint32_t> train_rows) {
  const auto hidden = label_columns(label);
  if (!hidden) return fail(hidden.error());
  InputSpec spec;
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

namespace {

void size_batch(const InputSpec& spec, std::size_t rows, Batch& out) {
  out.rows = rows;
  out.singles.resize(rows * spec.singles());
  out.bags.assign(rows * spec.bags() * spec.max_bag, -1);
  out.dense.resize(rows * spec.denses());
  out.labels.clear();
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

void InputEncoder::encode(std::span<const std::uint32_t> rows, std::span<const float> labels,
                          Batch& out) const {
  size_batch(spec_, rows.size(), out);
  for (std::size_t r = 0; r < rows.size(); ++r)
    encode_one(moment_of(data_, rows[r]), features_->columns(), rows[r], r, out);
  if (labels.empty()) return;
  for (const std::uint32_t row : rows) out.labels.push_back(labels[row]);
}

void InputEncoder::encode_live(std::uint32_t user, std::span<const std::uint32_t> items, std::int64_t now,
                               Batch& out) const {
  size_batch(spec_, items.size(), out);
  const std::vector<FeatureColumn> columns = features_->at(user, items, now);
  for (std::size_t r = 0; r < items.size(); ++r)
    encode_one({user, items[r], now, Moment::no_row}, columns, r, r, out);
}

}  // namespace automodel::recsys
