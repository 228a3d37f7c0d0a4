#include "actors/jobs/slices.hpp"

namespace automodel::actors {

namespace {

constexpr std::uint64_t split_seed = 1;

Result<recsys::SplitKind> kind_of(const events::DataRefT& ref) {
  switch (ref.split) {
    case events::SplitKind::Temporal:
      return recsys::SplitKind::temporal;
    case events::SplitKind::Random:
      return recsys::SplitKind::random;
    case events::SplitKind::LeaveLastOut:
      return recsys::SplitKind::leave_last_out;
  }
  return fail("data.bad_split", "no split " + std::to_string(static_cast<int>(ref.split)), ref.name);
}

}  // namespace

Result<recsys::Split> slices_of(const recsys::Dataset& data, const events::DataRefT& ref) {
  const auto kind = kind_of(ref);
  if (!kind) return fail(kind.error());
  const std::vector<double> ratios = ref.ratios.empty() ? std::vector<double>{0.8, 0.1, 0.1} : ref.ratios;
  return recsys::split(data, *kind, ratios, split_seed);
}

}  // namespace automodel::actors
