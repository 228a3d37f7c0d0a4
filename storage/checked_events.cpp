#include "storage/checked_events.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "events/evolution.hpp"
#include "storage/record_cursor.hpp"

namespace automodel::storage {

namespace {

constexpr std::uint64_t run_events = 256;  // about what a core's cache holds
constexpr std::size_t window = 16;         // runs that are read ahead
constexpr unsigned most_helpers = 3;

}  // namespace

Result<void> CheckedRun::copy(const Environment& environment, std::uint64_t from, std::uint64_t until) {
  records_.clear();
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = RecordCursor::open(*transaction);
  if (!cursor) return fail(cursor.error());
  std::size_t used = 0;
  bool there = cursor->seek(from);
  for (std::uint64_t sequence = from; sequence <= until; ++sequence, there = cursor->next()) {
    if (!there) return fail(cursor->error());
    const auto record = cursor->value();
    const std::size_t words = (record.size() + 7) / 8;
    if (used + words > bytes_.size()) bytes_.resize(std::max(2 * bytes_.size(), used + words));
    std::memcpy(bytes_.data() + used, record.data(), record.size());
    records_.push_back({used, record.size()});
    used += words;
  }
  return {};
}

/// All but the hash of its content, which `checks_` gets.
Result<EventView> CheckedRun::look_at(std::uint64_t sequence, events::ByteView bytes) {
  events::EnvelopeView record;
  if (!reader_.read(bytes, record)) return fail(corrupt_at(sequence, "the record cannot be read"));
  if (record.sequence != sequence) return fail(corrupt_at(sequence, "the record is another one's"));
  events::ByteView payload = record.payload;
  if (!events::is_newest(record.kind)) {
    const auto lifted = events::decode(record);
    if (!lifted && lifted.error().code == "events.newer_kind") return fail(lifted.error());
    if (!lifted) return fail(corrupt_at(sequence, "the record cannot be read: " + to_string(lifted.error())));
    payload = lifted_.emplace_back(events::pack(lifted->event));
  }
  const auto event = events::view_event(payload);
  if (!event) return fail(corrupt_at(sequence, "the record cannot be read: " + to_string(event.error())));
  if ((*event)->body_type() != record.body())
    return fail(corrupt_at(sequence, "the record's kind is not its payload's"));
  checks_.add_content(record);
  return EventView{sequence, record.stream, record.version, record.time, record.correlation, *event, bytes};
}

Result<void> CheckedRun::load(const Environment& environment, std::uint64_t from, std::uint64_t until) {
  events_.clear();
  lifted_.clear();
  if (auto copied = copy(environment, from, until); !copied) return copied;
  Result<void> looked;
  for (std::size_t i = 0; i < records_.size() && looked; ++i) {
    const auto* start = reinterpret_cast<const std::uint8_t*>(bytes_.data() + records_[i].offset);
    const auto view = look_at(from + i, {start, records_[i].size});
    if (view)
      events_.push_back(*view);
    else
      looked = fail(view.error());
  }
  if (const auto wrong = checks_.first_wrong())
    return fail(corrupt_at(from + *wrong, "the record's content does not have its hash"));
  return looked;
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
