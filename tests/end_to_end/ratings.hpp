// Data for end-to-end tests.
#pragma once

#include <filesystem>
#include <string>

namespace automodel::test {

/// Imports the MovieLens ratings that r-cran-dslabs ships (100,004 rows) as data set "movielens" into
/// `directory`/var/data: the real thing, exported by the same line as in tools/quickstart.
void import_movielens(const std::filesystem::path& directory);

/// Generates `rows` ratings with a known structure (users and items have tastes and qualities) and imports
/// them as data set "small". Seeded: the same rows on every machine.
void import_small(const std::filesystem::path& directory, int rows);

/// The folder of RecBole's ml-100k (AUTOMODEL_ML100K, or shared/data/ml-100k beside the checkout); empty
/// where there is none.
std::filesystem::path ml100k();

}  // namespace automodel::test
