#include "storage/vocabulary.hpp"

#include <algorithm>

#include "events/evolution.hpp"

namespace automodel::storage {

namespace {

constexpr std::string_view vocabulary_key = "vocabulary";

/// A store from before there were vocabularies holds what the first one did: nothing that is unknown here.
Result<events::Bytes> stored(const Transaction& transaction) {
  const auto found = transaction.get(Table::meta, view(vocabulary_key));
  if (!found) return fail(found.error());
  return *found ? events::Bytes((*found)->begin(), (*found)->end()) : events::Bytes();
}

Result<void> extend(Environment& environment) {
  auto transaction = environment.write();
  if (!transaction) return fail(transaction.error());
  const auto before = stored(*transaction);
  if (!before) return fail(before.error());
  const auto joined = events::join_vocabularies(*before, events::vocabulary());
  if (joined == *before) return {};
  if (auto put = transaction->put(Table::meta, view(vocabulary_key), joined); !put) return put;
  return transaction->commit();
}

}  // namespace

Result<void> check_vocabulary(const Environment& environment, const Transaction& transaction) {
  const auto theirs = stored(transaction);
  if (!theirs) return fail(theirs.error());
  auto known = events::check_vocabulary(*theirs);
  if (!known) known.error().where = environment.where();
  return known;
}

Result<void> extend_vocabulary(Environment& environment) {
  for (;;) {
    auto extended = extend(environment);
    if (extended || extended.error().code != map_full) return extended;
    if (auto grown = environment.grow(); !grown) return grown;
  }
}

}  // namespace automodel::storage
