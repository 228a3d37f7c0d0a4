// A small data set, imported.
#pragma once

#include <fstream>

#include "recsys/data/dataset.hpp"
#include "recsys/data/import.hpp"
#include "tests/storage/support.hpp"

namespace automodel::cluster::testing {

/// Imports "small" (5,000 rows) into a data directory; returns its hash.
inline std::string import_small_data(const std::filesystem::path& data_directory) {
  const storage::testing::TemporaryDirectory scratch;
  const auto csv = scratch.path() / "ratings.csv";
  {
    std::ofstream out(csv);
    out << "userId,movieId,rating,timestamp\n";
    for (int i = 0; i < 5000; ++i)
      out << i % 97 << ',' << i % 41 << ',' << 1 + i % 5 << ',' << 1000 + i << '\n';
  }
  recsys::ImportOptions options;
  options.name = "small";
  storage::testing::value(recsys::import_dataset(csv, data_directory, options));
  return storage::testing::value(recsys::Dataset::open(data_directory / "small")).hash();
}

}  // namespace automodel::cluster::testing
