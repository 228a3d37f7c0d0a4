#include "recsys/training/batches.hpp"

#include <algorithm>
#include <numeric>

#include "recsys/models/values.hpp"

namespace automodel::recsys {
namespace {

constexpr std::size_t kWholeBytes = 256U << 20U;
constexpr std::uint32_t kFewValues = 100;  // a field with more is an id

/// The rows of width `width` at these positions, one after the other; none where `from` has none.
template <class T>
void copy_rows(const std::vector<T>& from, std::span<const std::uint32_t> positions, std::size_t width,
               std::vector<T>& to) {
  to.resize(from.empty() ? 0 : positions.size() * width);
  if (to.empty()) return;
  for (std::size_t i = 0; i < positions.size(); ++i)
    std::copy_n(from.data() + positions[i] * width, width, to.data() + i * width);
}

std::size_t bytes_of(const InputSpec& spec) {
  return 8 * spec.singles() + 8 * spec.bags() * spec.max_bag + 4 * spec.denses() +
         (spec.users.rows() > 0 ? 8 : 0) + (spec.items.rows() > 0 ? 8 : 0) + 12 * std::size_t{spec.history};
}

}  // namespace

Batches::Batches(const InputEncoder& encoder, const Dataset& data, std::span<const float> labels,
                 std::span<const std::uint32_t> train_rows, const Settings& settings, const Program& program)
    : encoder_(encoder),
      data_(data),
      labels_(labels),
      program_(program),
      unknown_(number(settings, "unknown")),
      rows_(train_rows) {
  const auto& spec = encoder.spec();
  if (program.ranks()) {
    for (const auto row : train_rows)
      if (labels[row] > 0.5F) positive_rows_.push_back(row);
    rows_ = positive_rows_;
  }
  if (program.negatives > 0) negatives_.emplace(data_, spec.items, train_rows);
  std::size_t position = 0;
  for (const auto& field : spec.fields) {
    if (field.kind != Field::Kind::single) continue;
    if (field.cardinality > kFewValues) hidden_.push_back({position, field.offset});
    ++position;
  }
  whole_ = rows_.size() * bytes_of(spec) <= kWholeBytes;
  if (whole_) encoder_.encode(rows_, {}, all_);
}

void Batches::encode(std::span<const std::uint32_t> positions) {
  if (!whole_) {
    std::vector<std::uint32_t> rows;
    for (const auto p : positions) rows.push_back(rows_[p]);
    encoder_.encode(rows, {}, batch_);
    return;
  }
  const auto& spec = encoder_.spec();
  batch_.rows = positions.size();
  batch_.candidates = 1;
  batch_.shared_items = false;
  copy_rows(all_.singles, positions, spec.singles(), batch_.singles);
  copy_rows(all_.bags, positions, spec.bags() * spec.max_bag, batch_.bags);
  copy_rows(all_.dense, positions, spec.denses(), batch_.dense);
  copy_rows(all_.users, positions, 1, batch_.users);
  copy_rows(all_.items, positions, 1, batch_.items);
  copy_rows(all_.history, positions, spec.history, batch_.history);
  copy_rows(all_.ages, positions, spec.history, batch_.ages);
}

/// What is learnt of candidates must be of the items that they are; but a program that does not rank may meet
/// an unknown item.
void Batches::hide_ids(Random& random) {
  if (unknown_ <= 0) return;
  const auto width = encoder_.spec().singles();
  for (std::size_t i = 0; i < batch_.rows; ++i) {
    for (const auto& field : hidden_) {
      if (random.uniform() < unknown_) batch_.singles[i * width + field.position] = field.unknown;
    }
    if (!batch_.users.empty() && random.uniform() < unknown_) batch_.users[i] = 0;
    if (!batch_.items.empty() && !program_.ranks() && random.uniform() < unknown_) batch_.items[i] = 0;
  }
}

void Batches::add_candidates(std::span<const std::uint32_t> positions, Random& random) {
  if (!program_.ranks()) return;
  if (!negatives_) {  // all items
    positives_.clear();
    for (const auto item : batch_.items) positives_.push_back(item - 1);  // known: it is in training
    batch_.shared_items = true;
    batch_.candidates = encoder_.spec().items.rows() - 1;
    batch_.items.resize(batch_.candidates);
    std::iota(batch_.items.begin(), batch_.items.end(), std::int64_t{1});
    return;
  }
  const auto own = batch_.items;
  batch_.candidates = program_.negatives + std::size_t{1};
  batch_.items.clear();
  for (std::size_t i = 0; i < batch_.rows; ++i) {
    batch_.items.push_back(own[i]);
    const auto user = data_.user()[rows_[positions[i]]];
    for (std::uint32_t n = 0; n < program_.negatives; ++n)
      batch_.items.push_back(negatives_->draw(user, random));
  }
}

const Batch& Batches::gather(std::span<const std::uint32_t> positions, Random& random) {
  encode(positions);
  batch_.labels.resize(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) batch_.labels[i] = labels_[rows_[positions[i]]];
  hide_ids(random);
  add_candidates(positions, random);
  return batch_;
}

Targets Batches::targets() const {
  if (!program_.ranks()) return {batch_.rows, 1, batch_.labels};
  if (negatives_) return {batch_.rows, batch_.candidates};
  return {batch_.rows, batch_.candidates, {}, positives_};
}

}  // namespace automodel::recsys
