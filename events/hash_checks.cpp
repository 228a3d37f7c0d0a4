#include "events/hash_checks.hpp"

#include <cstring>

#include "events/blake2b_many.hpp"
#include "events/hashed_fields.hpp"

namespace automodel::events {

namespace {

struct Counter {
  std::size_t bytes = 0;
  void raw(ByteView more) { bytes += more.size(); }
};

struct Writer {
  std::uint8_t* at;
  void raw(ByteView more) {
    if (!more.empty()) std::memcpy(at, more.data(), more.size());
    at += more.size();
  }
};

}  // namespace

template <class Write>
void HashChecks::add(const Hash256& expected, const Write& write) {
  Counter counter;
  write(counter);
  if (used_ + counter.bytes > bytes_.size())
    bytes_.resize(std::max(2 * bytes_.size(), used_ + counter.bytes));
  Writer writer{bytes_.data() + used_};
  write(writer);
  messages_.push_back({used_, counter.bytes});
  expected_.push_back(expected);
  used_ += counter.bytes;
}

void HashChecks::add_content(const EnvelopeView& record) {
  add(*record.hash, [&](auto& sink) { write_content(sink, record); });
}

void HashChecks::add_commit(const EnvelopeView& record, const Hash256& before) {
  add(*record.commit_hash, [&](auto& sink) { write_commit(sink, before, record.sequence, *record.hash); });
}

std::optional<std::size_t> HashChecks::first_wrong() {
  std::vector<lanes::Message> messages;
  messages.reserve(messages_.size());
  for (const Place& place : messages_) messages.push_back({bytes_.data() + place.offset, place.size});
  std::vector<Hash256> found(messages.size());
  if (!found.empty()) lanes::widest()({messages.data(), messages.size(), found.front().data()});
  std::optional<std::size_t> wrong;
  for (std::size_t i = 0; i < found.size() && !wrong; ++i)
    if (found[i] != expected_[i]) wrong = i;
  used_ = 0;
  messages_.clear();
  expected_.clear();
  return wrong;
}

}  // namespace automodel::events
