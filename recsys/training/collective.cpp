#include "recsys/training/collective.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace automodel::recsys {
namespace {

constexpr std::size_t kErrorBytes = 1024;

/// As JSON in exactly so many bytes, filled up with spaces.
std::string padded(const Error& error) {
  const auto text = [&](std::size_t most) {
    return nlohmann::json::array({error.code.substr(0, 100), error.message.substr(0, most),
                                  error.where.substr(0, most), error.hint.substr(0, most)})
        .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  };
  // Characters that JSON escapes take up to six bytes.
  std::string out = text(kErrorBytes);
  for (std::size_t most = kErrorBytes / 3; out.size() > kErrorBytes; most /= 2) out = text(most);
  out.resize(kErrorBytes, ' ');
  return out;
}

Error error_in(std::string_view bytes) {
  const auto fields = nlohmann::json::parse(bytes, nullptr, false);
  if (!fields.is_array() || fields.size() != 4 ||
      !std::all_of(fields.begin(), fields.end(), [](const auto& f) { return f.is_string(); }))
    return {"training.failed", "another process failed and does not say why", {}, {}};
  const auto text = [&](int i) { return fields[i].get<std::string>(); };
  return {text(0), text(1), text(2), text(3)};
}

/// That of `rank`, as all see it; one's own is known whole.
tl::unexpected<Error> error_of(Collective& group, std::uint32_t rank, const Result<void>& well) {
  const auto errors = group.gather(well ? std::string(kErrorBytes, ' ') : padded(well.error()));
  if (!well) return fail(well.error());
  if (!errors) return fail(errors.error());
  auto error = error_in(std::string_view(*errors).substr(rank * kErrorBytes, kErrorBytes));
  error.where = "worker " + std::to_string(rank) + (error.where.empty() ? "" : ", " + error.where);
  return fail(std::move(error));
}

}  // namespace

Result<std::string> gather_if_well(Collective& group, const Result<void>& well, std::string_view mine) {
  const auto length = 1 + mine.size();
  const auto all = group.gather((well ? "+" : "-") + std::string(mine));
  if (!all) return fail(well ? all.error() : well.error());
  std::string out;
  for (std::uint32_t rank = 0; rank < group.size(); ++rank) {
    if ((*all)[rank * length] == '-') return error_of(group, rank, well);
    out.append(*all, rank * length + 1, mine.size());
  }
  return out;
}

Result<void> agree(Collective& group, const Result<void>& well) {
  if (auto all = gather_if_well(group, well, {}); !all) return fail(all.error());
  return {};
}

Result<void> compare(Collective& group, std::string_view what,
                     std::span<const std::span<const std::byte>> pieces) {
  XXH64_hash_t hash = 0;
  for (const auto& piece : pieces) hash = XXH3_64bits_withSeed(piece.data(), piece.size(), hash);
  std::array<char, sizeof hash> bytes;
  std::memcpy(bytes.data(), &hash, sizeof hash);
  const auto all = group.gather({bytes.data(), bytes.size()});
  if (!all) return fail(all.error());
  for (std::uint32_t rank = 1; rank < group.size(); ++rank) {
    if (std::memcmp(all->data(), all->data() + rank * bytes.size(), bytes.size()) == 0) continue;
    return fail("training.processes_differ",
                std::string(what) + ": worker " + std::to_string(rank) + " has something else than worker 0",
                {}, "start all with the same program, data and flags, on computers of one kind");
  }
  return {};
}

}  // namespace automodel::recsys
