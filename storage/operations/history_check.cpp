#include "storage/operations/history_check.hpp"

#include <algorithm>

namespace automodel::storage {

namespace {

Error corrupt(std::uint64_t sequence, const std::string& message) {
  return {"storage.corrupt", message, "sequence " + std::to_string(sequence), {}};
}

events::Hash256 hash_of(const events::Hash* hash) {
  events::Hash256 bytes{};
  if (hash) std::copy_n(hash->bytes()->data(), bytes.size(), bytes.begin());
  return bytes;
}

}  // namespace

Result<events::Recorded> HistoryCheck::next(events::ByteView unaligned) {
  const std::uint64_t sequence = at_.sequence + 1;
  events::Bytes scratch;
  const auto bytes = events::detail::aligned(unaligned, scratch);
  const auto envelope = events::view_envelope(bytes);
  if (!envelope) return fail(corrupt(sequence, "the record cannot be read: " + to_string(envelope.error())));
  const auto [known, first] = heads_.try_emplace((*envelope)->stream()->str());
  Head& head = known->second;
  if (first && !from_beginning_) head = {(*envelope)->version() - 1, hash_of((*envelope)->previous_hash())};
  auto recorded = events::decode_verified(bytes, head.hash, at_.commit_hash);
  if (!recorded && recorded.error().code == "events.newer_kind") return fail(recorded.error());
  if (!recorded) return fail(corrupt(sequence, to_string(recorded.error())));
  if (recorded->sequence != sequence)
    return fail(corrupt(sequence, "the record is number " + std::to_string(recorded->sequence)));
  if (recorded->version != head.version + 1)
    return fail(corrupt(sequence, "version " + std::to_string(recorded->version) + " follows version " +
                                      std::to_string(head.version) + " in stream '" + recorded->stream +
                                      "'"));
  head = {recorded->version, recorded->hash};
  at_ = {sequence, recorded->commit_hash};
  return recorded;
}

}  // namespace automodel::storage
