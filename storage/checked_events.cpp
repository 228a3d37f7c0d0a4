#include "storage/checked_events.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "events/evolution.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

constexpr std::uint64_t run_events = 256;  // about what a core's cache holds
constexpr std::size_t window = 16;         // runs that are read ahead
constexpr unsigned most_helpers = 3;

Error corrupt(std::uint64_t sequence, const std::string& message) {
  return {"storage.corrupt", message, "sequence " + std::to_string(sequence),
          "restore the store from a backup"};
}

std::string_view text_of(const flatbuffers::String* text) {
  return text ? text->string_view() : std::string_view();
}

}  // namespace

Result<void> CheckedRun::copy(const Environment& environment, std::uint64_t from, std::uint64_t until) {
  records_.clear();
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::events);
  if (!cursor) return fail(cursor.error());
  std::size_t used = 0;
  auto more = cursor->seek(SequenceKey(from));
  for (std::uint64_t sequence = from; sequence <= until; ++sequence, more = cursor->next()) {
    if (!more) return fail(more.error());
    if (!*more || SequenceKey::of(cursor->key()) != sequence)
      return fail(corrupt(sequence, "the event is missing"));
    const auto record = cursor->value();
    const std::size_t words = (record.size() + 7) / 8;
    if (used + words > bytes_.size()) bytes_.resize(std::max(2 * bytes_.size(), used + words));
    std::memcpy(bytes_.data() + used, record.data(), record.size());
    records_.push_back({used, record.size()});
    used += words;
  }
  return {};
}

Result<EventView> CheckedRun::check(std::uint64_t sequence, events::ByteView bytes) {
  const auto record = events::view_envelope(bytes);
  if (!record) return fail(corrupt(sequence, "the record cannot be read: " + to_string(record.error())));
  const events::Envelope& envelope = **record;
  if (auto intact = events::verify_content(envelope); !intact)
    return fail(corrupt(sequence, intact.error().message));
  if (envelope.sequence() != sequence) return fail(corrupt(sequence, "the record is another one's"));
  events::ByteView payload(envelope.payload()->data(), envelope.payload()->size());
  if (!events::is_newest(envelope)) {
    const auto lifted = events::decode_envelope(bytes);
    if (!lifted && lifted.error().code == "events.newer_kind") return fail(lifted.error());
    if (!lifted) return fail(corrupt(sequence, "the record cannot be read: " + to_string(lifted.error())));
    payload = lifted_.emplace_back(events::pack(lifted->event));
  }
  const auto event = events::view_event(payload);
  if (!event) return fail(corrupt(sequence, "the record cannot be read: " + to_string(event.error())));
  if ((*event)->body_type() != events::kind_of(envelope.kind()))
    return fail(corrupt(sequence, "the record's kind is not its payload's"));
  return EventView{sequence,
                   text_of(envelope.stream()),
                   envelope.version(),
                   envelope.time(),
                   text_of(envelope.correlation()),
                   *event,
                   bytes};
}

Result<void> CheckedRun::load(const Environment& environment, std::uint64_t from, std::uint64_t until) {
  events_.clear();
  lifted_.clear();
  if (auto copied = copy(environment, from, until); !copied) return copied;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const auto* start = reinterpret_cast<const std::uint8_t*>(bytes_.data() + records_[i].offset);
    const auto view = check(from + i, {start, records_[i].size});
    if (!view) return fail(view.error());
    events_.push_back(*view);
  }
  return {};
}

CheckedEvents::CheckedEvents(const Environment& environment, std::uint64_t from, std::uint64_t until)
    : environment_(&environment),
      from_(from),
      until_(until),
      runs_(until < from ? 0 : static_cast<std::size_t>((until - from) / run_events + 1)),
      slots_(window) {
  const unsigned cores = std::max(2u, std::thread::hardware_concurrency());
  const auto helpers = std::min<std::size_t>({cores - 1, most_helpers, runs_ / 2});
  for (std::size_t i = 0; i < helpers; ++i) helpers_.emplace_back([this] { help(); });
}

CheckedEvents::~CheckedEvents() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

std::size_t CheckedEvents::claimable() const { return std::min(runs_, released_ + window); }

void CheckedEvents::load(std::unique_lock<std::mutex>& lock) {
  const std::size_t claimed = claimed_++;
  Slot& slot = slots_[claimed % window];
  slot.loaded.reset();
  lock.unlock();
  const std::uint64_t first = from_ + claimed * run_events;
  const auto begun = std::chrono::steady_clock::now();
  auto loaded = slot.run.load(*environment_, first, std::min(until_, first + run_events - 1));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  lock.lock();
  seconds_ += took.count();
  slot.loaded = std::move(loaded);
  changed_.notify_all();
}

double CheckedEvents::seconds() const {
  const std::lock_guard lock(mutex_);
  return seconds_;
}

void CheckedEvents::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || claimed_ < claimable(); });
    if (stopping_) return;
    load(lock);
  }
}

Result<const CheckedRun*> CheckedEvents::next() {
  std::unique_lock lock(mutex_);
  if (released_ < handed_out_) {
    released_ = handed_out_;
    changed_.notify_all();
  }
  if (handed_out_ == runs_) return nullptr;
  Slot& slot = slots_[handed_out_ % window];
  const auto ready = [&] { return claimed_ > handed_out_ && slot.loaded.has_value(); };
  while (!ready()) {
    if (claimed_ < claimable())
      load(lock);
    else
      changed_.wait(lock);
  }
  ++handed_out_;
  if (!*slot.loaded) {
    stopping_ = true;
    changed_.notify_all();
    return fail(slot.loaded->error());
  }
  return &slot.run;
}

}  // namespace automodel::storage
