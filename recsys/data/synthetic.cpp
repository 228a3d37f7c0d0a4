#include "recsys/data/synthetic.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <string>

#include "recsys/data/files.hpp"

namespace automodel::recsys {

namespace {

constexpr std::size_t kLatent = 4, kStride = kLatent + 1;
constexpr std::uint32_t kMostValues = 50'000;
constexpr std::uint64_t kPairs = 1U << 16U;  // weights of pairs share this many places
constexpr std::int64_t kFirstSecond = 1'000'000'000;
constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// splitmix64 (Steele, Lea & Flood, OOPSLA 2014) of a place: the same everywhere, in any order.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}
std::uint64_t place(std::uint64_t seed, std::uint64_t what, std::uint64_t number) {
  return mixed(mixed(seed * 1'000'003 + what) ^ mixed(number));
}
double uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1p-53; }
/// Box & Muller (1958).
double normal(std::uint64_t bits) {
  const double u = 1 - uniform(bits), v = uniform(mixed(bits));
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

std::vector<float> normals(std::uint64_t seed, std::uint64_t what, std::uint64_t count, double deviation) {
  std::vector<float> out(count);
  for (std::uint64_t i = 0; i < count; ++i) out[i] = static_cast<float>(deviation * normal(place(seed, what, i)));
  return out;
}

/// Each entity's own weight, then its vector.
std::vector<float> entities(std::uint64_t seed, std::uint64_t what, std::uint64_t count) {
  auto out = normals(seed, what, count * kStride, 0.6);
  for (std::uint64_t i = 0; i < count; ++i) out[i * kStride] *= 0.5F / 0.6F;
  return out;
}

void append(std::string& text, std::uint64_t number, char after) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
  text += after;
}

Result<void> write_rows(const SyntheticWorld& world, FileSink& sink, const std::function<bool(std::uint64_t)>& progress) {
  std::string piece = "user_id:token\titem_id:token\tclick:float\ttimestamp:float";
  for (std::uint32_t f = 2; f < world.shape().fields; ++f) piece += "\tf" + std::to_string(f - 1) + ":token";
  piece += '\n';
  SyntheticRow row;
  for (std::uint64_t number = 0; number < world.shape().rows; ++number) {
    world.row(number, row);
    append(piece, row.user + 1, '\t');
    append(piece, row.item + 1, '\t');
    append(piece, row.click ? 1 : 0, '\t');
    append(piece, static_cast<std::uint64_t>(kFirstSecond) + number / 10, row.codes.empty() ? '\n' : '\t');
    for (std::size_t f = 0; f < row.codes.size(); ++f) append(piece, row.codes[f], f + 1 < row.codes.size() ? '\t' : '\n');
    if (piece.size() < kPiece) continue;
    if (auto done = sink.write(piece); !done) return done;
    piece.clear();
    if (progress && !progress(number + 1)) return fail("data.interrupted", "interrupted while writing rows");
  }
  return sink.write(piece);
}

}  // namespace

Result<SyntheticWorld> SyntheticWorld::create(const SyntheticShape& shape) {
  if (shape.rows == 0 || shape.rows > 4'000'000'000U || shape.users == 0 || shape.items == 0 || shape.fields < 2 || shape.fields > 18)
    return fail("data.bad_shape", "there are 1 to 4,000,000,000 rows of 2 to 18 fields, with users and items", {},
                "for example --rows 1000000 --users 10000 --items 2000 --fields 10");
  return SyntheticWorld(shape);
}

SyntheticWorld::SyntheticWorld(const SyntheticShape& shape)
    : shape_(shape), users_(entities(shape.seed, 1, shape.users)), items_(entities(shape.seed, 2, shape.items)) {
  double values = 10;
  for (std::uint32_t f = 2; f < shape.fields; ++f, values *= 3) {
    values_.push_back(static_cast<std::uint32_t>(std::min<double>(values, kMostValues)));
    weights_.push_back(normals(shape.seed, 10 + f, values_.back(), 0.5));
  }
  weights_.push_back(normals(shape.seed, 3, kPairs, 0.5));
}

void SyntheticWorld::row(std::uint64_t number, SyntheticRow& out) const {
  const double u = uniform(place(shape_.seed, 4, number)), v = uniform(place(shape_.seed, 5, number));
  out.user = static_cast<std::uint32_t>(u * u * shape_.users);
  out.item = static_cast<std::uint32_t>(v * v * v * shape_.items);
  const float* user = users_.data() + out.user * kStride;
  const float* item = items_.data() + out.item * kStride;
  double odds = -1 + user[0] + item[0];
  for (std::size_t i = 1; i < kStride; ++i) odds += user[i] * item[i];
  out.codes.resize(values_.size());
  for (std::size_t f = 0; f < values_.size(); ++f) {
    const std::uint64_t whose = f % 3 == 0 ? out.user : f % 3 == 1 ? out.item : number;
    out.codes[f] = static_cast<std::uint32_t>(uniform(place(shape_.seed, 100 + f, whose)) * values_[f]);
    odds += weights_[f][out.codes[f]];
  }
  if (values_.size() >= 2) odds += weights_.back()[mixed(out.codes[0] * 65'537ULL + out.codes[1]) % kPairs];
  out.probability = 1 / (1 + std::exp(-odds));
  out.click = uniform(place(shape_.seed, 6, number)) < out.probability;
}

Result<void> write_synthetic(const SyntheticWorld& world, const std::filesystem::path& file,
                             const std::function<bool(std::uint64_t rows)>& progress) {
  std::error_code unknown;
  if (std::filesystem::exists(file, unknown))
    return fail("data.exists", "a file of that name is there", file.string(), "choose another name, or remove it");
  auto unfinished = file;
  unfinished += ".part";
  auto sink = FileSink::create(unfinished);
  if (!sink) return fail(sink.error());
  auto done = write_rows(world, *sink, progress);
  if (done) {
    if (auto written = sink->finish(); !written) done = fail(written.error());
  }
  std::error_code failed;
  if (done) std::filesystem::rename(unfinished, file, failed);
  if (done && failed) done = fail("data.io", "cannot rename: " + failed.message(), file.string());
  std::error_code ignored;  // left over, it is written anew the next time
  if (!done) std::filesystem::remove(unfinished, ignored);
  return done;
}

}  // namespace automodel::recsys
