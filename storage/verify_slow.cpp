// What is wrong with a history that is not sound: one record after the other, in order of sequence.
#include <algorithm>
#include <set>

#include "storage/reader.hpp"
#include "storage/scan.hpp"
#include "storage/verify_walk.hpp"

namespace automodel::storage {

namespace {

class SlowCheck {
 public:
  SlowCheck(const Environment& environment, const Claims& claims, const VerifyOptions& options,
            Verification& found)
      : environment_(environment), claims_(claims), options_(options), found_(found) {}

  Result<void> run() {
    const std::uint64_t last = claims_.sequence;
    for (std::uint64_t sequence = 1; sequence <= last;) {
      const auto transaction = environment_.read();
      if (!transaction) return fail(transaction.error());
      const auto next = check_part(*transaction, sequence);
      if (!next) return fail(next.error());
      sequence = *next;
      if (options_.progress) options_.progress(sequence - 1, last);
    }
    if (auto walked = check_index(); !walked) return walked;
    check_ends();
    std::ranges::stable_sort(found_.faults, {}, &Fault::sequence);
    return {};
  }

 private:
  /// What is known of a stream's last event. Without an anchor nothing can be said of the next one's link:
  /// the event between is lost.
  struct Last {
    std::uint64_t version = 0;
    std::uint64_t sequence = 0;
    events::Hash256 hash{};
    bool anchored = true;
  };

  /// One fault for each sequence: the first.
  void report(std::uint64_t sequence, std::string message) {
    if (!at_fault_.insert(sequence).second) return;
    ++found_.fault_count;
    if (found_.faults.size() < std::max<std::size_t>(1, options_.max_faults))
      found_.faults.push_back({sequence, std::move(message)});
  }

  /// A record that cannot be believed: its stream will miss a version.
  void lose(std::uint64_t sequence, std::string message) {
    report(sequence, std::move(message));
    ++lost_;
    commit_.reset();
  }

  /// From this sequence on, as long as a transaction may be open; the next sequence.
  Result<std::uint64_t> check_part(const Transaction& transaction, std::uint64_t sequence) {
    auto cursor = RecordCursor::open(transaction);
    if (!cursor) return fail(cursor.error());
    Patience patience;
    bool there = cursor->seek(sequence);
    while (sequence <= claims_.sequence) {
      if (there) {
        if (auto checked = check(transaction, sequence, cursor->value()); !checked)
          return fail(checked.error());
        ++sequence;
      } else {
        const auto behind = lose_gap(transaction, *cursor);
        if (!behind) return fail(behind.error());
        sequence = *behind;
      }
      if (patience.is_spent()) break;
      there = there ? cursor->next() : cursor->seek(sequence);
    }
    return sequence;
  }

  /// From where the cursor did not get: events that are missing, or that are in a segment which is. The first
  /// sequence behind them.
  Result<std::uint64_t> lose_gap(const Transaction& transaction, const RecordCursor& cursor) {
    const std::uint64_t from = cursor.sequence();
    if (cursor.is_missing()) {
      auto live = Cursor::open(transaction, Table::events);
      if (!live) return fail(live.error());
      const auto more = live->seek(SequenceKey(from));
      if (!more) return fail(more.error());
      const std::uint64_t end = claims_.sequence + 1;
      const std::uint64_t behind = *more ? std::min(SequenceKey::of(live->key()), end) : end;
      lose_range(from, behind);
      return behind;
    }
    const auto archived = load_archived(transaction);
    if (!archived) return fail(archived.error());
    if (from > *archived) return fail(cursor.error());
    const auto last = unreadable_until(transaction, from);
    if (!last) return fail(last.error());
    const Error why = cursor.error();
    report(from, why.message + " (" + why.where + "): events " + std::to_string(from) + " to " +
                     std::to_string(*last) + " cannot be read");
    lost_ += *last - from + 1;
    commit_.reset();
    return *last + 1;
  }

  /// Events that are not there. A key that was damaged may leave a gap of any size: not all are named.
  void lose_range(std::uint64_t from, std::uint64_t until) {
    const std::uint64_t named = std::min<std::uint64_t>(until - from, options_.max_faults);
    for (std::uint64_t i = 0; i < named; ++i) lose(from + i, "the event is missing");
    found_.fault_count += until - from - named;
    lost_ += until - from - named;
  }

  Result<void> check(const Transaction& transaction, std::uint64_t sequence, events::ByteView record) {
    RecordReader reader;
    events::EnvelopeView view;
    if (auto viewed = reader.view(record, sequence, view); !viewed) {
      lose(sequence, viewed.error().message);
      return {};
    }
    check_content(view, reader.bytes());
    return check_place(transaction, view);
  }

  void check_content(const events::EnvelopeView& view, events::ByteView bytes) {
    const std::uint64_t sequence = view.sequence;
    if (*view.hash != events::content_hash(view))
      report(sequence, "the record's content does not have its hash");
    if (commit_ && *view.commit_hash != events::commit_hash(*commit_, sequence, *view.hash))
      report(sequence, "the record does not follow the commit before it");
    if (!events::payload_is_whole(view))
      report(sequence, "the record cannot be read: its payload is no event of its kind");
    if (!events::is_as_written(view, bytes))
      report(sequence, "the record's bytes are not as they were written");
    // What follows a fault is not blamed for it.
    if (at_fault_.contains(sequence))
      commit_.reset();
    else
      commit_ = *view.commit_hash;
  }

  Result<void> check_place(const Transaction& transaction, const events::EnvelopeView& view) {
    const std::uint64_t sequence = view.sequence;
    const bool doubtful = at_fault_.contains(sequence);
    const auto entry =
        transaction.get(Table::streams, Key().name(std::string(view.stream)).number(view.version));
    if (!entry) return fail(entry.error());
    const bool indexed = *entry && decode_number(**entry) == sequence;
    if (doubtful && !indexed) {  // it may say to be in the place of another: nobody else is blamed for that
      ++lost_;
      return {};
    }
    Last& last = last_of_[std::string(view.stream)];
    const bool missed = view.version > last.version + 1 && view.version - last.version - 1 <= lost_;
    if (view.version != last.version + 1 && !missed) {
      report(sequence, "version " + std::to_string(view.version) + " follows version " +
                           std::to_string(last.version) + " in stream '" + std::string(view.stream) + "'");
      ++lost_;
      return {};
    }
    if (missed) lost_ -= view.version - last.version - 1;
    if (!missed && last.anchored && *view.previous_hash != last.hash)
      report(sequence, "the record does not follow the one before it in its stream");
    last = {view.version, sequence, *view.hash, !doubtful};
    check_claims(view);
    if (!indexed) {
      report(sequence, "the index of stream '" + std::string(view.stream) + "' does not lead to it");
      misled_.insert(events::reference(view.stream, view.version));
    }
    return {};
  }

  /// Entries that lead to nothing, or to another event.
  Result<void> check_index() {
    Key from;
    bool begun = false;
    for (bool more = true; more;) {
      const auto transaction = environment_.read();
      if (!transaction) return fail(transaction.error());
      auto cursor = Cursor::open(*transaction, Table::streams);
      if (!cursor) return fail(cursor.error());
      auto there = begun ? cursor->seek(from) : cursor->seek({});
      begun = true;
      for (Patience patience;; there = cursor->next()) {
        if (!there) return fail(there.error());
        more = *there;
        if (!more) break;
        if (patience.is_spent()) {
          from = Key().rest(text(cursor->key()));
          break;
        }
        if (auto checked = check_entry(*transaction, cursor->key(), cursor->value()); !checked)
          return checked;
      }
    }
    return {};
  }

  Result<void> check_entry(const Transaction& transaction, events::ByteView key, events::ByteView value) {
    const std::uint64_t sequence = decode_number(value).value_or(0), end = claims_.sequence;
    const std::string_view stream = text(key).substr(0, key.size() - std::min<std::size_t>(key.size(), 9));
    const std::string name = events::reference(stream, number_at_end(key));
    std::shared_ptr<const SegmentBlock> held;
    if (sequence > end) {
      // Appended since, or an entry of nothing.
      const auto record = find_record(transaction, sequence, held);
      if (!record) return fail(record.error());
      if (!*record) report(end, "the index has " + name + ", which does not exist");
      return {};
    }
    if (at_fault_.contains(sequence) || misled_.contains(name)) return {};
    const auto record = find_record(transaction, sequence, held);
    if (!record || (!*record && sequence > 0)) return {};  // missing, or not readable, and named already
    RecordReader reader;
    events::EnvelopeView view;
    if (!*record || !reader.read(**record, sequence, view) || view.stream != stream ||
        view.version != number_at_end(key))
      report(sequence == 0 ? end : sequence, "the index says that it is " + name);
    return {};
  }

  /// What `state` and `heads` say of this event.
  void check_claims(const events::EnvelopeView& view) {
    if (claims_.state.sequence == view.sequence && claims_.state.commit_hash != *view.commit_hash)
      report(view.sequence, "the commit's hash is not what the store recorded");
    const auto head = claims_.heads.find(std::string(view.stream));
    if (head == claims_.heads.end() || head->second.version != view.version) return;
    met_.insert(head->first);
    if (head->second.hash != *view.hash && !at_fault_.contains(view.sequence))
      report(claims_.sequence, wrong_head(head->first));
  }

  static std::string wrong_head(const std::string& stream) {
    return "the head of stream '" + stream + "' is not one of its events";
  }

  void check_ends() {
    const std::uint64_t end = claims_.sequence;
    if (claims_.state.sequence > end) lose_range(end + 1, claims_.state.sequence + 1);
    if (const auto unused = check_unused_blocks(environment_, claims_); !unused)
      report(claims_.archived + 1, unused.error().message + " (" + unused.error().where + ")");
    if (!archive_is_whole(claims_) && at_fault_.empty())
      report(end, "the segments of the archive do not follow each other");
    if (claims_.archived + claims_.events != end && at_fault_.empty())
      report(end, "there are other records than the store says it has");
    if (claims_.indexed != end && at_fault_.empty()) report(end, "there are more index entries than events");
    for (const auto& [stream, head] : claims_.heads) {
      if (met_.contains(stream)) continue;
      if (lost_ > 0)
        --lost_;  // the event that it names is at fault already
      else
        report(end, wrong_head(stream));
    }
  }

  const Environment& environment_;
  const Claims& claims_;
  const VerifyOptions& options_;
  Verification& found_;
  std::map<std::string, Last> last_of_;
  std::optional<events::Hash256> commit_ = events::Hash256{};  // none: the one before is not to be believed
  std::uint64_t lost_ = 0;  // versions that streams will miss, for faults that are named already
  std::set<std::uint64_t> at_fault_;
  std::set<std::string> met_;     // streams whose head's event was seen
  std::set<std::string> misled_;  // events whose index entry leads elsewhere: named already
};

}  // namespace

Result<void> find_faults(const Environment& environment, const Claims& claims, const VerifyOptions& options,
                         Verification& found) {
  return SlowCheck(environment, claims, options, found).run();
}

}  // namespace automodel::storage
