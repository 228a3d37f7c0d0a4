// Private to training: Adam over large tables of which a batch touches few rows.
//
// A row that a step does not touch has a zero gradient there: plain Adam still moves it, by its first moment,
// which fades. Here those steps are made up for when the row is touched again, or at the end of an epoch: the
// sum of k of them is the moment over the root of the second one, times a factor of the step and k alone. It
// is the plain step but for one thing: epsilon is taken as large, against the fading root, as it was at the
// row's last touch; for gradients of 1e-3 and
// more the difference is under 2e-5 of the way, for those of 1e-5 under 2e-4.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recsys/models/net.hpp"
#include "recsys/training/adam.hpp"

namespace automodel::recsys {

/// What many steps without a gradient come to.
class SkippedSteps {
 public:
  /// To be called once before each step, one after the other; `step` counts from 1. The first call may be at
  /// any.
  void begin(std::uint64_t step, float rate);
  struct Factors {
    float first, second;  // of the moments
    float move;     // of the first moment / (root of the second + epsilon * rescale): taken from the weight
    float rescale;  // as AdamStep's at the step `last`
  };
  /// Of the steps after `last` and before the one that was begun; `last` is not before that of the first
  /// `begin`, less 1.
  Factors since(std::uint64_t last) const;

 private:
  static constexpr std::size_t kRemembered = 256;  // steps, after which a moment has faded to 1e-12
  static double correction(std::uint64_t step);
  std::uint64_t begun_ = 0, step_ = 0;
  double rate_ = 0;
  std::vector<std::pair<double, double>> fades_;  // [k]: of the moments in k steps
  std::vector<double> sums_;                      // [k]: of the k steps before this one
  // [step - begun_], 12 to 20 bytes a step: of the step before; and sums of so many steps after it as are
  // remembered.
  std::vector<double> corrections_, whole_;
  std::vector<float> rescales_;
};

/// The rows of a shared table that a batch touches, numbered from 0 as they are met.
class TouchedRows {
 public:
  explicit TouchedRows(std::size_t table_rows) : met_(table_rows) {}

  /// Fields of `rows` from here on have these numbers for codes; they stay until the next call.
  void number(Rows& rows);
  /// The table's row of each number.
  const std::vector<std::uint32_t>& rows() const { return rows_; }

 private:
  std::uint32_t take(std::int64_t code);
  void take_all(std::span<const std::int64_t> codes, std::vector<std::int64_t>& numbers);
  std::uint32_t batch_ = 0;
  struct Met {
    std::uint32_t batch, number;  // in which batch last, and as which number
  };
  std::vector<Met> met_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::int64_t> singles_, bags_;
};

/// One table: its weights and moments are `width` numbers a row.
struct LazyTable {
  static constexpr std::size_t kAhead = 8;  // rows before its turn that a row is expected

  std::size_t index = 0, width = 1;  // among the net's tensors
  std::vector<std::uint32_t> last;   // [rows]: the last step that the row has been through
  std::vector<float> rows;           // [touched, width]: as they are before the step

  /// Tells the processor that `row` is wanted soon: rows lie apart, and each would be waited for.
  void expect(std::size_t row, std::span<const float> weights, const AdamState& moments) const;
  /// Brings row `row` to the state before the step that was begun.
  void catch_up(std::size_t row, std::span<float> weights, AdamState& moments, const SkippedSteps& skipped,
                std::uint64_t step);
};

}  // namespace automodel::recsys
