// Reading by filter. What passes is decoded in short transactions, and handed out outside of them: visitors
// may take their time, and append.
#include <algorithm>

#include "storage/heads.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/reader.hpp"
#include "storage/scan.hpp"

namespace automodel::storage {

namespace {

/// What one transaction found. The first ones are small, for those who want little.
class Batch {
 public:
  explicit Batch(std::size_t most) : most_(most) {}

  /// Checked against its own hash. Errors: storage.corrupt.
  Result<void> add(const events::EnvelopeView& view) {
    auto recorded = decode_checked(view);
    if (!recorded) return fail(recorded.error());
    bytes_ += view.payload.size();
    events_.push_back(std::move(*recorded));
    return {};
  }
  bool is_full() const { return events_.size() >= most_ || bytes_ >= most_bytes; }
  const std::vector<events::Recorded>& events() const { return events_; }

 private:
  static constexpr std::size_t most_bytes = 4u << 20;
  std::size_t most_;
  std::size_t bytes_ = 0;
  std::vector<events::Recorded> events_;
};

/// Goes over events in order, a transaction at a time.
class Walk {
 public:
  virtual ~Walk() = default;
  /// Once, in the first transaction.
  virtual Result<void> begin(const Transaction&) { return {}; }
  /// Until the batch is full or the transaction was open long enough; whether there may be more.
  virtual Result<bool> part(const Transaction& transaction, Batch& batch) = 0;
};

/// All events between two sequences, which exist.
class RangeWalk final : public Walk {
 public:
  explicit RangeWalk(const EventFilter& filter)
      : filter_(filter),
        next_(filter.newest_first ? filter.until : filter.from),
        last_(filter.newest_first ? filter.from : filter.until) {}

  Result<bool> part(const Transaction& transaction, Batch& batch) override {
    auto cursor = RecordCursor::open(transaction);
    if (!cursor) return fail(cursor.error());
    Patience patience;
    RecordReader reader;
    events::EnvelopeView view;
    for (bool there = cursor->seek(next_);;
         there = filter_.newest_first ? cursor->previous() : cursor->next()) {
      if (!there) return fail(cursor->error());
      if (auto viewed = reader.view(cursor->value(), next_, view); !viewed) return fail(viewed.error());
      if (wants(filter_, view))
        if (auto added = batch.add(view); !added) return fail(added.error());
      if (next_ == last_) return false;
      filter_.newest_first ? --next_ : ++next_;
      if (batch.is_full() || patience.is_spent()) return true;
    }
  }

 private:
  const EventFilter& filter_;
  std::uint64_t next_;
  std::uint64_t last_;
};

/// The events of some streams by their index, merged in order of sequence.
class StreamsWalk final : public Walk {
 public:
  explicit StreamsWalk(const EventFilter& filter) : filter_(filter) {}

  void add(std::string stream, std::uint64_t version) { lines_.push_back({std::move(stream), version, 0}); }

  Result<void> begin(const Transaction& transaction) override {
    for (Line& line : lines_)
      if (auto found = look_up(transaction, line); !found) return found;
    return {};
  }

  Result<bool> part(const Transaction& transaction, Batch& batch) override {
    auto cursor = RecordCursor::open(transaction);
    if (!cursor) return fail(cursor.error());
    Patience patience;
    RecordReader reader;
    events::EnvelopeView view;
    while (Line* line = nearest()) {
      if (!cursor->seek(line->sequence)) return fail(cursor->error());
      if (auto viewed = reader.view(cursor->value(), line->sequence, view); !viewed)
        return fail(viewed.error());
      if (view.stream != line->stream || view.version != line->version)
        return fail(corrupt_at(line->sequence,
                               "the record is not " + events::reference(line->stream, line->version)));
      if (wants(filter_, view))
        if (auto added = batch.add(view); !added) return fail(added.error());
      filter_.newest_first ? --line->version : ++line->version;
      if (auto found = look_up(transaction, *line); !found) return fail(found.error());
      if (batch.is_full() || patience.is_spent()) return true;
    }
    return false;
  }

 private:
  struct Line {
    std::string stream;
    std::uint64_t version;
    std::uint64_t sequence;  // of this version; 0: the line has ended
  };

  Line* nearest() {
    Line* best = nullptr;
    for (Line& line : lines_)
      if (line.sequence != 0 && (best == nullptr || (line.sequence < best->sequence) != filter_.newest_first))
        best = &line;
    return best;
  }

  Result<void> look_up(const Transaction& transaction, Line& line) const {
    line.sequence = 0;
    if (line.version == 0) return {};
    const auto sequence = sequence_of(transaction, line.stream, line.version);
    if (!sequence) return fail(sequence.error());
    // Versions go up with sequences: beyond the filter's end there is nothing more of this stream.
    const bool beyond = filter_.newest_first ? *sequence < filter_.from : *sequence > filter_.until;
    if (!beyond) line.sequence = *sequence;
    return {};
  }

  const EventFilter& filter_;
  std::vector<Line> lines_;
};

Result<void> hand_out(const Environment& environment, Walk& walk, std::uint64_t limit,
                      const std::function<bool(const events::Recorded&)>& visit) {
  std::uint64_t left = limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit;
  bool more = true;
  for (std::size_t size = 16, first = 1; more; size = std::min<std::size_t>(2 * size, 512), first = 0) {
    Batch batch(std::min<std::uint64_t>(size, left));
    Result<bool> part = false;
    {
      const auto transaction = environment.read();
      if (!transaction) return fail(transaction.error());
      if (first != 0)
        if (auto begun = walk.begin(*transaction); !begun) return begun;
      part = walk.part(*transaction, batch);
    }
    for (const auto& event : batch.events())  // what was good before a fault is handed out first
      if (!visit(event) || --left == 0) return {};
    if (!part) return fail(part.error());
    more = *part;
  }
  return {};
}

/// The version from which a stream's events lie within the filter, in the filter's direction. 0: none.
Result<std::uint64_t> first_version(const Transaction& transaction, const std::string& stream,
                                    const EventFilter& filter) {
  const auto last = load_version(transaction, stream);
  if (!last) return fail(last.error());
  // The number of versions whose sequence is below `bound`.
  const std::uint64_t bound = filter.newest_first ? filter.until : filter.from - 1;
  std::uint64_t low = 0, high = *last;
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    const auto sequence = sequence_of(transaction, stream, middle);
    if (!sequence) return fail(sequence.error());
    if (*sequence != 0 && *sequence <= bound)
      low = middle;
    else
      high = middle - 1;
  }
  if (filter.newest_first) return low;
  return low < *last ? low + 1 : 0;
}

}  // namespace

Result<void> select_events(const Environment& environment, const EventFilter& given,
                           const std::function<bool(const events::Recorded&)>& visit) {
  EventFilter filter = given;
  StreamsWalk by_index(filter);
  std::uint64_t indexed = 0;
  {
    const auto transaction = environment.read();
    if (!transaction) return fail(transaction.error());
    const auto newest = load_last_sequence(*transaction);
    if (!newest) return fail(newest.error());
    filter.from = std::max<std::uint64_t>(filter.from, 1);
    filter.until = std::min(filter.until, *newest);
    if (filter.from > filter.until) return {};
    std::ranges::sort(filter.streams);
    filter.streams.erase(std::unique(filter.streams.begin(), filter.streams.end()), filter.streams.end());
    for (const auto& stream : filter.streams) {
      const auto version = first_version(*transaction, stream, filter);
      const auto last = load_version(*transaction, stream);
      if (!version) return fail(version.error());
      if (!last) return fail(last.error());
      indexed += filter.newest_first || *version == 0 ? *version : *last - *version + 1;
      by_index.add(stream, *version);
    }
  }
  // An event by its index costs as much as several in passing.
  if (!filter.streams.empty() && filter.streams.size() <= 64 &&
      indexed <= (filter.until - filter.from + 1) / 4) {
    return hand_out(environment, by_index, filter.limit, visit);
  }
  RangeWalk all(filter);
  return hand_out(environment, all, filter.limit, visit);
}

Result<void> visit_stream(const Environment& environment, const std::string& stream,
                          std::uint64_t from_version, const Visit& visit) {
  const EventFilter everything;
  StreamsWalk walk(everything);
  walk.add(stream, std::max<std::uint64_t>(from_version, 1));
  return hand_out(environment, walk, 0, visit);
}

}  // namespace automodel::storage
