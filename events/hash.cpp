// Hashes and the two chains: one along each stream, one along the node's commits.
#include <sodium.h>

#include <cstring>
#include <stdexcept>

#include "events/codec.hpp"
#include "events/envelope.hpp"
#include "events/evolution.hpp"
#include "events/hashed_fields.hpp"

namespace automodel::events {

namespace {

static_assert(crypto_generichash_BYTES == 32);

/// Gathers what is hashed: one update of a few hundred bytes costs less than thirty small ones.
class Blake2b {
 public:
  Blake2b() {
    static const int ready = sodium_init();
    if (ready < 0) throw std::runtime_error("libsodium cannot be initialised");
    crypto_generichash_init(&state_, nullptr, 0, 32);
  }
  void raw(ByteView bytes) {
    if (bytes.size() > gathered_.size() - used_) flush();
    if (bytes.size() > gathered_.size()) {
      crypto_generichash_update(&state_, bytes.data(), bytes.size());
    } else if (!bytes.empty()) {
      std::memcpy(gathered_.data() + used_, bytes.data(), bytes.size());
      used_ += bytes.size();
    }
  }
  Hash256 finish() {
    flush();
    Hash256 out;
    crypto_generichash_final(&state_, out.data(), out.size());
    return out;
  }

 private:
  void flush() {
    if (used_ > 0) crypto_generichash_update(&state_, gathered_.data(), used_);
    used_ = 0;
  }
  crypto_generichash_state state_;
  std::array<std::uint8_t, 1024> gathered_;
  std::size_t used_ = 0;
};

}  // namespace

Hash256 content_hash(const EnvelopeView& fields) {
  Blake2b hash;
  write_content(hash, fields);
  return hash.finish();
}

Hash256 event_hash(const Recorded& head, ByteView payload) { return content_hash(view_of(head, payload)); }

Hash256 event_hash_as(std::uint16_t stored_kind, const Recorded& head, ByteView payload) {
  EnvelopeView record = view_of(head, payload);
  record.kind = stored_kind;
  return content_hash(record);
}

Hash256 commit_hash(const Hash256& previous, std::uint64_t sequence, const Hash256& hash) {
  Blake2b found;
  write_commit(found, previous, sequence, hash);
  return found.finish();
}

Hash256 blake2b(ByteView bytes) {
  Blake2b hash;
  hash.raw(bytes);
  return hash.finish();
}

Result<void> verify_content(const Envelope& record) {
  const EnvelopeView fields = view_of(record);
  if (*fields.hash != content_hash(fields))
    return fail("events.corrupt", "the record's content does not have its hash",
                reference(fields.stream, fields.version));
  return {};
}

Result<void> verify_chain(const Envelope& record, const Hash256& previous_in_stream,
                          const Hash256& previous_commit) {
  const EnvelopeView fields = view_of(record);
  const std::string where = reference(fields.stream, fields.version);
  if (*fields.previous_hash != previous_in_stream)
    return fail("events.corrupt", "the record does not follow the one before it in its stream", where);
  if (*fields.hash != content_hash(fields))
    return fail("events.corrupt", "the record's content does not have its hash", where);
  if (*fields.commit_hash != commit_hash(previous_commit, fields.sequence, *fields.hash))
    return fail("events.corrupt", "the record does not follow the commit before it", where);
  return {};
}

std::string hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Result<Hash256> hash_from_hex(std::string_view text) {
  const auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  const auto wrong = [&] {
    return fail("events.bad_hash", "'" + std::string(text) + "' is no hash", {},
                "a hash is 64 digits 0-9, a-f");
  };
  Hash256 hash;
  if (text.size() != hash.size() * 2) return wrong();
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = value(text[2 * i]), low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return wrong();
    hash[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return hash;
}

}  // namespace automodel::events
