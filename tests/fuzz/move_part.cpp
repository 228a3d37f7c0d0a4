// Whatever part of a move a node sends: it is refused with a code, or what it brought are records that prove
// themselves; never a crash. Nearly every change is stopped by a hash: so the hashes are made to fit what
// there is, and the part is taken once more.
#include <algorithm>
#include <cstdlib>

#include "events/evolution.hpp"
#include "storage/moves/move.hpp"

using namespace automodel;

namespace {

void take(const events::MovePartT& part) {
  storage::MoveWrite write(storage::MoveWrite::Kind::part);
  write.agent = part.agent;
  write.move = part.move;
  write.epoch = 1;
  write.version = part.until;
  write.peer = "there";
  const auto copy = events::unpack<events::MovePartT>(events::pack(part));
  if (!copy) std::abort();
  write.part = *copy;
  auto prepared = storage::prepare_move("here", std::move(write));
  if (!prepared) {
    if (prepared.error().code.empty()) std::abort();
    return;
  }
  std::uint64_t version = part.after;
  for (const auto& record : prepared->records)
    if (record.view.version != ++version || record.view.stream != part.agent) std::abort();
}

/// What the hashes of its records should be: each of what it holds, after the one before it.
void seal(events::MovePartT& part) {
  events::Hash256 before = events::no_hash;
  for (auto& moved : part.records) {
    events::EnvelopeView view;
    if (!moved || !events::read_envelope(moved->record, view)) continue;
    events::Recorded record;
    record.sequence = view.sequence;
    record.stream = view.stream;
    record.version = view.version;
    record.time = view.time;
    record.correlation = view.correlation;
    record.causation = view.causation;
    record.epoch = view.epoch;
    record.origin_node = view.origin_node;
    record.origin_sequence = view.origin_sequence;
    record.previous_hash = part.after == 0 || &moved != &part.records.front() ? before : *view.previous_hash;
    record.commit_hash = *view.commit_hash;
    const events::Bytes unsealed = events::encode_envelope_as(view.kind, record, view.payload);
    if (!events::read_envelope(unsealed, view)) continue;
    before = record.hash = events::content_hash(view);
    moved->record = events::encode_envelope_as(view.kind, record, view.payload);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto part = events::unpack<events::MovePartT>({data, size});
  if (!part) return 0;
  take(*part);
  seal(*part);
  take(*part);
  return 0;
}
