// Baselines without gradients, and the recall stage of serving: what is popular, and what those liked who
// liked the same.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// Items by their share of positives, shrunk towards the overall rate: (positives + w * rate) / (rows + w), w
/// = 20.
class Popularity {
 public:
  /// Counts `rows`. `labels` has one value per row of the data set.
  static Popularity fit(const Dataset& data, std::span<const float> labels,
                        std::span<const std::uint32_t> rows);
  /// Probability of a positive; an unknown item has the overall rate.
  float score(std::uint32_t item) const { return item < rates_.size() ? rates_[item] : rate_; }
  /// Positive rows of an item: what a list of the most popular is ordered by.
  float positives(std::uint32_t item) const { return positives_[item]; }
  /// All items, most positives first (equal: smaller code first).
  std::span<const std::uint32_t> ranked() const { return ranked_; }
  std::uint64_t bytes() const {
    return (rates_.size() + positives_.size()) * sizeof(float) + ranked_.size() * sizeof(std::uint32_t);
  }

 private:
  float rate_ = 0.5F;
  std::vector<float> rates_, positives_;
  std::vector<std::uint32_t> ranked_;
};

struct Neighbour {
  std::uint32_t item = 0;
  float similarity = 0;
};

/// Item-based collaborative filtering: cosine similarity over the users who liked both, shrunk by their
/// number (Sarwar et al., WWW 2001; shrinkage as in Bell & Koren, KDD Cup 2007).
class ItemKnn {
 public:
  static ItemKnn fit(const Dataset& data, std::span<const float> labels, std::span<const std::uint32_t> rows,
                     std::uint32_t neighbours, float shrink);
  /// Probability of a positive: the user's own labels on similar items, weighed by similarity, beside the
  /// item's smoothed rate with weight 1. The item itself is left out of the user's history.
  float score(std::uint32_t user, std::uint32_t item) const;
  /// Items that are near to what the user liked, best first, without those in the user's history; at most
  /// `count`.
  std::vector<Neighbour> recall(std::uint32_t user, std::uint32_t count) const;
  /// What `recall` orders by, for all items, the user's own too: the similarities to each item that the user
  /// liked, summed. out: [items].
  void affinities(std::uint32_t user, std::span<float> out) const;
  /// Most similar first.
  std::span<const Neighbour> neighbours(std::uint32_t item) const;
  bool had(std::uint32_t user, std::uint32_t item) const;
  const Popularity& popularity() const { return popularity_; }
  std::uint64_t bytes() const;

 private:
  struct Seen {
    std::uint32_t item = 0;
    float label = 0;
  };
  std::span<const Seen> history(std::uint32_t user) const;  // by item, once each: the latest label

  Popularity popularity_;
  std::vector<std::uint64_t> user_offsets_;
  std::vector<Seen> seen_;
  std::vector<std::uint64_t> item_offsets_;
  std::vector<Neighbour> neighbours_;
};

}  // namespace automodel::recsys
