// What is remembered of the rows seen so far, by key: updated in order of time, read at any moment after.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace automodel::recsys {

/// Sums over all rows of a key.
struct Totals {
  std::uint32_t count = 0;
  double sum = 0;
  double squares = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// Sums over any newest part of a key's rows: running sums beside the rows' times.
class Timeline {
 public:
  void add(std::int64_t time, double value);
  /// Of the rows after `time`.
  Totals since(std::int64_t time) const;
  /// Of the newest `rows`.
  Totals newest(std::size_t rows) const;

 private:
  struct Point {
    std::int64_t time;
    double sum, squares;  // of all rows up to and with this one
  };
  Totals from(std::size_t first) const;
  std::vector<Point> points_;
};

/// How alike items are, by how the users who rated both deviated from what was expected of them, and from
/// that how much a user is expected to deviate at an item: item-based collaborative filtering (Sarwar et al.,
/// WWW 2001, equation 3) with shrunk similarities (Bell & Koren, ICDM 2007, equation 4), kept up to date row
/// by row.
class Similarity {
 public:
  Similarity(std::size_t users, std::uint32_t last) : last_(last), users_(users) {}
  void add(std::uint32_t user, std::uint32_t item, double residual);
  /// Expected residual; 0 where nothing is known.
  double expect(std::uint32_t user, std::uint32_t item) const;
  std::size_t pairs() const { return used_; }

 private:
  struct Rated {
    std::uint32_t item;
    float residual;
  };
  struct Pair {
    std::uint64_t key = 0;            // 0: free
    float products = 0, squares = 0;  // of the residuals of users who rated both
    float count = 0;
  };
  static std::uint64_t key_of(std::uint32_t a, std::uint32_t b);
  const Pair* find(std::uint64_t key) const;
  Pair& at(std::uint64_t key);
  void grow();

  std::uint32_t last_;
  std::vector<std::vector<Rated>> users_;  // newest `last_` of each user, as a ring
  std::vector<std::uint32_t> next_;
  std::vector<Pair> pairs_;
  std::size_t used_ = 0;
};

}  // namespace automodel::recsys
