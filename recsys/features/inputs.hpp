// From columns and features to what a model reads: one place that training and serving share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/features/feature.hpp"

namespace automodel::recsys {

struct Moment;

/// One input field of a model.
struct Field {
  enum class Kind : std::uint8_t { single, bag, dense } kind = Kind::single;
  std::string source;    // a column's name or a feature expression
  bool feature = false;  // `source` is a feature expression
  std::uint32_t cardinality =
      0;  // single, bag: codes 0..cardinality, 0 is missing, or (nearly) not seen in training
  std::uint32_t offset = 0;          // of code 0 in the table that all single and bag fields share
  std::vector<std::uint32_t> codes;  // single, bag: the data set's codes, ascending, that became 1, 2, … here
  float mean = 0, scale = 1;         // dense: (x - mean) * scale; missing becomes 0
};

/// Users or items that a method knows each by a row of its own: those that training rows hold have rows 1, 2,
/// … of its tables, and row 0 is all others.
struct Vocabulary {
  std::vector<std::uint32_t> codes;  // the data set's, ascending
  /// Of a table over it; 0 where the method does not look at them.
  std::uint32_t rows() const { return codes.empty() ? 0 : static_cast<std::uint32_t>(codes.size()) + 1; }
  /// [code] -> row, 0 for the unknown; codes past the end are unknown too.
  std::vector<std::uint32_t> by_code() const;
};

/// Who chose what in the positive training rows: edge e joins row users[e] and row items[e] of the
/// vocabularies. Ascending by user, then item; each once.
struct Graph {
  std::vector<std::uint32_t> users, items;
  bool operator==(const Graph&) const = default;
};

constexpr std::uint32_t longest_history = 4096;

/// What a method reads.
struct Sources {
  bool users = false, items = false;  // the row's user; items: candidates, and those of the history
  std::uint32_t history = 0;          // the longest that it looks at, to `longest_history`; needs items
  bool fields = true;  // those of the row. Methods that rank candidates do without: see Program
  bool graph = false;  // who chose what; needs users and items
  bool only_fields() const { return !users && !items && history == 0; }
  bool operator==(const Sources&) const = default;
};

/// The inputs of a model, fitted on training rows; kept in its checkpoint as JSON, but for the graph, which
/// stands among its tensors.
struct InputSpec {
  std::vector<Field> fields;
  std::uint32_t table_rows = 0;  // of the shared embedding table
  std::uint32_t max_bag = 0;     // longest bag: shorter ones are padded with -1
  Vocabulary users = {}, items = {};
  std::uint32_t history = 0;  // longest history: shorter ones are padded at the front
  Graph graph = {};           // without edges where the method does not look at it
  std::size_t singles() const;
  std::size_t bags() const;
  std::size_t denses() const;
  void lay_out();  // gives every single and bag field its part of the shared table
  std::string to_json() const;
  static Result<InputSpec> from_json(std::string_view text);
};

/// Rows ready for a model; row-major.
struct Batch {
  std::size_t rows = 0;
  std::vector<std::int64_t> singles;  // [rows, singles] rows of the shared table
  std::vector<std::int64_t> bags;     // [rows, bags, max_bag] rows of the shared table, -1 is padding
  std::vector<float> dense;           // [rows, denses]
  std::vector<float> labels;          // [rows]; empty where unknown
  // Only where the spec has them. Users and items are rows of their vocabularies.
  std::size_t candidates = 1;
  bool shared_items = false;          // every row has the same candidates
  std::vector<std::int64_t> users;    // [rows]
  std::vector<std::int64_t> items;    // [rows, candidates]; [1, candidates] where they are shared
  std::vector<std::int64_t> history;  // [rows, history] items, latest last; 0 pads at the front
  std::vector<float> ages;            // [rows, history] days from that interaction to this one; 0 at padding
};

/// Encodes rows of a data set for one spec. Reads the mapped columns; holds no copy of the data.
class InputEncoder {
 public:
  /// Chooses and fits fields: user and item ids, every category, categories and number column that was known
  /// before the interaction (so not the column that the label is made of, nor titles), and the engine's
  /// features; where `sources` ask for them, users, items and histories. Errors: data.bad_label,
  /// features.bad_sources, those of `bind`.
  static Result<InputEncoder> fit(const Dataset& data, const FeatureEngine& features, std::string_view label,
                                  std::span<const std::uint32_t> train_rows, const Sources& sources = {});
  /// For a spec from a checkpoint. Errors: features.unknown_column where data or engine lack a field;
  /// data.no_time where histories are needed and the data set has no times.
  static Result<InputEncoder> bind(const Dataset& data, const FeatureEngine& features, InputSpec spec);

  const InputSpec& spec() const { return spec_; }
  /// Takes the rows with a positive label into the spec's graph. `labels` are of all rows of the data set.
  void fit_graph(std::span<const float> labels, std::span<const std::uint32_t> train_rows);
  /// `labels` are of all rows of the data set, or empty. One candidate a row: its item. A row's history is
  /// its user's rows of strictly earlier time whose items are in the vocabulary, the newest of them, by time
  /// and then row number.
  void encode(std::span<const std::uint32_t> rows, std::span<const float> labels, Batch& out) const;
  /// For serving: one user with many items, a row each, at a moment after all rows. The history is that of
  /// the moment `now`.
  void encode_live(std::uint32_t user, std::span<const std::uint32_t> items, std::int64_t now,
                   Batch& out) const;
  /// The same for methods that read no fields: one row, with the items as its candidates.
  void encode_candidates(std::uint32_t user, std::span<const std::uint32_t> items, std::int64_t now,
                         Batch& out) const;

 private:
  struct Source;
  struct Ids;
  InputEncoder(Dataset data, const FeatureEngine* features, InputSpec spec);
  static Result<Source> find_source(const Dataset& data, const FeatureEngine& features, const Field& field);
  static void fit_field(const Dataset& data, const FeatureEngine& features, const Source& source,
                        std::span<const std::uint32_t> train_rows, Field& field, std::uint32_t& max_bag);
  void encode_one(const Moment& moment, const std::vector<FeatureColumn>& columns, std::size_t at,
                  std::size_t r, Batch& out) const;
  void encode_ids(const Moment& moment, std::size_t r, Batch& out) const;
  void expect(std::uint32_t row) const;
  Dataset data_;
  const FeatureEngine* features_;  // must outlive the encoder
  InputSpec spec_;
  std::shared_ptr<const std::vector<Source>> sources_;  // one a field
  std::shared_ptr<const Ids> ids_;
};

}  // namespace automodel::recsys
