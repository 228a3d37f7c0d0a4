#include "tests/end_to_end/ratings.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/end_to_end/program.hpp"

namespace automodel::test {

namespace {

void import(const std::filesystem::path& source, const std::string& name,
            const std::filesystem::path& directory) {
  const auto imported = run({"data", "import", source.string(), "--name", name}, directory);
  if (imported.status != 0) throw std::runtime_error("import of " + name + " failed: " + imported.errors);
}

}  // namespace

void import_movielens(const std::filesystem::path& directory) {
  const auto source = directory / "ratings.csv";
  const auto line =
      "LC_ALL=C.UTF-8 Rscript -e 'library(dslabs); write.csv(movielens, \"" + source.string() + "\", row.names=FALSE)'";
  if (std::system(line.c_str()) != 0) throw std::runtime_error("Rscript failed: is r-cran-dslabs installed?");
  import(source, "movielens", directory);
}

void import_small(const std::filesystem::path& directory, int rows) {
  constexpr int users = 120, items = 200;
  std::mt19937_64 random(7);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<double> mood(users), quality(items);
  for (auto& value : mood) value = uniform() * 2 - 1;
  for (auto& value : quality) value = uniform() * 3 - 1.5;
  const auto source = directory / "small.csv";
  std::ofstream out(source);
  out << "userId,movieId,rating,timestamp\n";
  for (int row = 0; row < rows; ++row) {
    const auto user = static_cast<int>(random() % users), item = static_cast<int>(random() % items);
    const double wish = 3.4 + mood[static_cast<std::size_t>(user)] + quality[static_cast<std::size_t>(item)] +
                        uniform() - 0.5;
    out << user + 1 << ',' << item + 1 << ',' << std::fmin(5, std::fmax(1, std::round(wish))) << ','
        << 1000000000 + row * 60 << '\n';
  }
  out.close();
  import(source, "small", directory);
}

std::filesystem::path ml100k() {
  if (const char* given = std::getenv("AUTOMODEL_ML100K")) return given;
  const auto beside = std::filesystem::path(AUTOMODEL_SOURCE_DIR).parent_path() / "shared/data/ml-100k";
  return std::filesystem::exists(beside / "ml-100k.inter") ? beside : std::filesystem::path{};
}

}  // namespace automodel::test
