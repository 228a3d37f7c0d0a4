#include "actors/decisions/random.hpp"

#include <cmath>
#include <numbers>

namespace automodel::actors {

Random::Random(std::uint64_t seed, std::uint64_t number, std::string_view purpose) : state_(seed) {
  std::uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a
  for (char c : purpose) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
  state_ = next() ^ hash;
  state_ = next() ^ number;
  state_ = next();
}

std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::uint64_t Random::below(std::uint64_t bound) {
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // so that every residue is equally likely
  std::uint64_t drawn = next();
  while (drawn >= limit) drawn = next();
  return drawn % bound;
}

double Random::normal(double mean, double deviation) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return mean + deviation * radius * std::cos(2 * std::numbers::pi * uniform());
}

}  // namespace automodel::actors
