// Whether all is well, as fast as the hashes allow. Every check is one of a record and the one before it, so
// that ranges of sequences can be checked beside each other; the one before a range is looked up.
#include <sodium.h>

#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "events/hash_checks.hpp"
#include "storage/reader.hpp"
#include "storage/scan.hpp"
#include "storage/verify_walk.hpp"

namespace automodel::storage {

namespace {

/// A sum over (stream, version, sequence) that is the same in whatever order they come: records and index
/// agree where their sums do. Keyed anew each time, so that nobody can arrange for two that cancel out.
class Sum {
 public:
  using Secret = std::array<std::uint8_t, crypto_shorthash_KEYBYTES>;

  static std::uint64_t name(std::string_view stream, const Secret& key) {
    return hash(reinterpret_cast<const std::uint8_t*>(stream.data()), stream.size(), key);
  }
  static std::uint64_t entry(std::uint64_t name, std::uint64_t version, std::uint64_t sequence,
                             const Secret& key) {
    const std::uint64_t words[] = {name, version, sequence};
    return hash(reinterpret_cast<const std::uint8_t*>(words), sizeof words, key);
  }

 private:
  static std::uint64_t hash(const std::uint8_t* data, std::size_t size, const Secret& key) {
    std::array<std::uint8_t, crypto_shorthash_BYTES> out;
    crypto_shorthash(out.data(), data, size, key.data());
    return std::bit_cast<std::uint64_t>(out);
  }
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

class FastCheck {
 public:
  FastCheck(const Environment& environment, const Claims& claims, unsigned threads,
            const VerifyOptions& options)
      : environment_(environment), claims_(claims), options_(options), last_(claims.sequence) {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
    randombytes_buf(key_.data(), key_.size());
    range_ = std::clamp<std::uint64_t>(last_ / (4 * threads), 1024, 32768);
    threads_ = std::min<std::uint64_t>(threads, last_ / range_ + 1);
  }

  Result<bool> run() {
    if (claims_.archived + claims_.events != last_ || claims_.indexed != last_) return false;
    if (!archive_is_whole(claims_)) return false;
    if (auto unused = check_unused_blocks(environment_, claims_); !unused) return fail(unused.error());
    if (const auto named = claims_hold(); !named || !*named) return named;
    std::vector<std::thread> others;
    for (std::uint64_t i = 1; i < threads_; ++i)
      others.emplace_back([this, i] {
        if (i == 1) note(walk_index());
        work(false);
      });
    if (threads_ == 1) note(walk_index());
    work(true);
    for (auto& other : others) other.join();
    if (error_) return fail(*error_);
    if (options_.progress && !doubt_) options_.progress(last_, last_);
    return !doubt_ && in_records_ == in_index_;
  }

 private:
  struct Link {
    std::uint64_t name = 0;
    std::uint64_t version = 0;
    events::Hash256 hash{};
  };

  void note(const Result<bool>& outcome) {
    if (outcome && *outcome) return;
    doubt_ = true;
    const std::lock_guard lock(mutex_);
    if (!outcome && !error_) error_ = outcome.error();
  }

  void work(bool tells) {
    while (!doubt_) {
      const std::uint64_t first = next_.fetch_add(range_) + 1;
      if (first > last_) return;
      const std::uint64_t until = std::min(first + range_ - 1, last_);
      note(check_range(first, until));
      const std::uint64_t done = done_ += until - first + 1;
      if (tells && options_.progress) options_.progress(done, last_);
    }
  }

  Result<bool> check_range(std::uint64_t first, std::uint64_t until) {
    const auto transaction = environment_.read();
    if (!transaction) return fail(transaction.error());
    auto cursor = RecordCursor::open(*transaction);
    if (!cursor) return fail(cursor.error());
    RecordReader reader;
    events::EnvelopeView view;
    events::Hash256 commit{};
    bool there = cursor->seek(std::max<std::uint64_t>(first, 2) - 1);
    if (first > 1) {
      if (!there) return doubt_about(*cursor);
      if (!reader.read(cursor->value(), first - 1, view)) return false;
      commit = *view.commit_hash;
    }
    std::unordered_map<std::string, Link, NameHash, std::equal_to<>> links;
    events::HashChecks checks;
    std::uint64_t sum = 0;
    for (std::uint64_t sequence = first; sequence <= until; ++sequence) {
      if (sequence > 1) there = cursor->next();
      if (!there) return doubt_about(*cursor);
      if (!reader.read(cursor->value(), sequence, view)) return false;
      auto link = links.find(view.stream);
      if (link == links.end()) {
        auto before = link_before(*transaction, view, first);
        if (!before) return fail(before.error());
        link = links.emplace(std::string(view.stream), *before).first;
      }
      if (!follows(view, link->second, commit, reader.bytes(), checks)) return false;
      sum += Sum::entry(link->second.name, view.version, view.sequence, key_);
    }
    in_records_ += sum;
    return !checks.first_wrong();
  }

  static Result<bool> doubt_about(const RecordCursor& cursor) {
    if (!cursor.is_missing()) return fail(cursor.error());
    return false;
  }

  /// The record is as it was written, if its hashes are, and follows those before it, which it replaces.
  static bool follows(const events::EnvelopeView& view, Link& link, events::Hash256& commit,
                      events::ByteView bytes, events::HashChecks& checks) {
    if (view.version != link.version + 1 || *view.previous_hash != link.hash) return false;
    checks.add_content(view);
    checks.add_commit(view, commit);
    if (checks.is_full() && checks.first_wrong()) return false;
    if (!events::payload_is_whole(view) || !events::is_as_written(view, bytes)) return false;
    link.version = view.version;
    link.hash = *view.hash;
    commit = *view.commit_hash;
    return true;
  }

  /// The event before this one in its stream, which lies before the range. Whatever does not fit gives a link
  /// that nothing follows.
  Result<Link> link_before(const Transaction& transaction, const events::EnvelopeView& view,
                           std::uint64_t first) const {
    Link link{Sum::name(view.stream, key_), 0, {}};
    if (view.version <= 1) return link;
    const std::string stream(view.stream);
    const auto sequence = sequence_of(transaction, stream, view.version - 1);
    if (!sequence) return link;  // a fault of the index: version 0 says so
    if (*sequence == 0 || *sequence >= first) return link;
    std::shared_ptr<const SegmentBlock> held;
    const auto record = find_record(transaction, *sequence, held);
    if (!record) return fail(record.error());
    RecordReader reader;
    events::EnvelopeView before;
    if (!*record || !reader.read(**record, *sequence, before) || before.stream != stream ||
        before.version + 1 != view.version)
      return link;
    link.version = before.version;
    link.hash = *before.hash;
    return link;
  }

  Result<bool> walk_index() {
    std::string stream;  // its last entry so far: what comes next in key order
    std::uint64_t version = 0, sum = 0;
    std::uint64_t name = 0;
    bool begun = false;
    for (bool more = true; more && !doubt_;) {
      const auto transaction = environment_.read();
      if (!transaction) return fail(transaction.error());
      auto cursor = Cursor::open(*transaction, Table::streams);
      if (!cursor) return fail(cursor.error());
      int code = begun ? cursor->step(MDB_SET_RANGE, Key().name(stream).number(version + 1))
                       : cursor->step(MDB_FIRST);
      begun = true;
      Patience patience;
      for (;; code = cursor->step(MDB_NEXT)) {
        more = code == 0;
        if (code == MDB_NOTFOUND) break;
        if (code != 0) return fail(cursor->error(code));
        const auto key = cursor->key();
        if (key.size() < 10 || key[key.size() - 9] != 0 || cursor->value().size() != 8) return false;
        const std::string_view named = text(key).substr(0, key.size() - 9);
        const std::uint64_t leads_to = decode_number(cursor->value()).value_or(0);
        if (leads_to > last_) continue;  // appended since
        if (named != stream) {
          stream = named;
          version = 0;
          name = Sum::name(stream, key_);
        }
        if (number_at_end(key) != ++version) return false;
        sum += Sum::entry(name, version, leads_to, key_);
        if (patience.is_spent()) break;
      }
    }
    in_index_ = sum;
    return true;
  }

  /// What `state` and `heads` name is there. The records themselves are checked with all others.
  Result<bool> claims_hold() const {
    const auto transaction = environment_.read();
    if (!transaction) return fail(transaction.error());
    if (claims_.state.sequence > last_) return false;
    if (claims_.state.sequence > 0) {
      const auto then = hashes_of(*transaction, claims_.state.sequence);
      if (!then) return fail(then.error());
      if (!*then || (*then)->commit != claims_.state.commit_hash) return false;
    }
    std::multimap<std::uint64_t, events::Hash256> named;  // in their order: archived ones share blocks
    for (const auto& [stream, head] : claims_.heads) {
      const auto sequence = sequence_of(*transaction, stream, head.version);
      if (!sequence || *sequence == 0 || *sequence > last_) return false;
      named.emplace(*sequence, head.hash);
    }
    for (const auto& [sequence, hash] : named) {
      const auto then = hashes_of(*transaction, sequence);
      if (!then) return fail(then.error());
      if (!*then || (*then)->event != hash) return false;
    }
    return true;
  }

  struct Hashes {
    events::Hash256 event, commit;
  };
  static Result<std::optional<Hashes>> hashes_of(const Transaction& transaction, std::uint64_t sequence) {
    std::shared_ptr<const SegmentBlock> held;
    const auto record = find_record(transaction, sequence, held);
    if (!record) return fail(record.error());
    RecordReader reader;
    events::EnvelopeView view;
    if (!*record || !reader.read(**record, sequence, view)) return std::optional<Hashes>();
    return std::optional(Hashes{*view.hash, *view.commit_hash});
  }

  const Environment& environment_;
  const Claims& claims_;
  const VerifyOptions& options_;
  const std::uint64_t last_;
  std::uint64_t range_ = 0;
  std::uint64_t threads_ = 1;
  Sum::Secret key_{};
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> in_records_{0};
  std::atomic<std::uint64_t> in_index_{0};
  std::atomic<bool> doubt_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

Result<bool> is_beyond_doubt(const Environment& environment, const Claims& claims, unsigned threads,
                             const VerifyOptions& options) {
  return FastCheck(environment, claims, threads, options).run();
}

}  // namespace automodel::storage
