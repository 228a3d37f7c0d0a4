// The same operations on the store and on a plain model of it give the same answers. A sequence that does not
// is made as short as it can be and printed.
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/storage/proof/forked.hpp"
#include "tests/storage/proof/model.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Operation {
  enum class Kind : std::uint8_t {
    append,
    raise_epoch,
    acknowledge,
    snapshot,
    read_stream,
    read_all,
    find_reply,
    reopen
  } kind = Kind::append;
  unsigned stream = 0;
  Expected expected;
  std::uint64_t epoch = 1, number = 0, from = 0;  // number 0: not a command
  unsigned events = 1, messages = 0;
};
using Kind = Operation::Kind;

std::string name(unsigned stream) { return "stream-" + std::to_string(stream); }

std::string describe(const Operation& o) {
  std::ostringstream text;
  switch (o.kind) {
    case Kind::append:
      text << "append " << name(o.stream) << " expected "
           << (o.expected.kind == Expected::Kind::any      ? "any"
               : o.expected.kind == Expected::Kind::none   ? "none"
               : o.expected.kind == Expected::Kind::exists ? "exists"
                                                           : std::to_string(o.expected.version))
           << " epoch " << o.epoch << " command " << o.number << " events " << o.events << " messages "
           << o.messages;
      break;
    case Kind::raise_epoch:
      text << "raise the epoch of " << name(o.stream) << " to " << o.epoch;
      break;
    case Kind::acknowledge:
      text << "acknowledge the message of " << name(o.stream) << " at place " << o.from;
      break;
    case Kind::snapshot:
      text << "snapshot " << name(o.stream) << " at " << o.from;
      break;
    case Kind::read_stream:
      text << "read " << name(o.stream) << " from " << o.from;
      break;
    case Kind::read_all:
      text << "read all from " << o.from;
      break;
    case Kind::find_reply:
      text << "the reply to command " << o.number << " of " << name(o.stream);
      break;
    case Kind::reopen:
      text << "close and open";
      break;
  }
  return text.str();
}

Operation random_operation(std::mt19937_64& random) {
  static constexpr Kind often[] = {Kind::append,      Kind::append,    Kind::append,      Kind::append,
                                   Kind::append,      Kind::append,    Kind::raise_epoch, Kind::acknowledge,
                                   Kind::acknowledge, Kind::snapshot,  Kind::read_stream, Kind::read_all,
                                   Kind::find_reply,  Kind::find_reply};
  Operation o;
  o.kind = random() % 25 == 0 ? Kind::reopen : often[random() % std::size(often)];
  o.stream = static_cast<unsigned>(random() % 3);
  o.expected = {static_cast<Expected::Kind>(random() % 4), random() % 12};
  if (random() % 3 != 0) o.expected = Expected::any();
  o.epoch = 1 + (random() % 4 == 0 ? random() % 4 : random() % 2);
  o.number = random() % 3 == 0 ? 0 : 1 + random() % 12;
  o.from = random() % 20;
  o.events = static_cast<unsigned>(random() % 4);  // none as well
  o.messages = static_cast<unsigned>(random() % 3 == 0);
  return o;
}

/// Both of them, and what they answered differently.
class Pair {
 public:
  explicit Pair(const std::filesystem::path& directory)
      : directory_(directory), store_(open_or_throw(directory)) {
    value(store_->attach(std::make_shared<Counting>()));
  }

  std::string apply(const Operation& o, std::size_t step) {
    std::ostringstream ours, theirs;  // the store's answer, the model's
    const std::string stream = name(o.stream);
    switch (o.kind) {
      case Kind::append:
        append(o, step, ours, theirs);
        break;
      case Kind::raise_epoch:
        ours << code_of(store_->raise_epoch(stream, o.epoch)) << " " << value(store_->epoch(stream));
        theirs << model_.raise_epoch(stream, o.epoch) << " " << model_.epoch(stream);
        break;
      case Kind::acknowledge: {
        const auto pending = model_.outbox(stream);
        const std::uint64_t id =
            pending.empty()
                ? o.from
                : std::next(pending.begin(), static_cast<std::ptrdiff_t>(o.from % pending.size()))->first;
        value(store_->acknowledge(stream, id));
        model_.acknowledge(stream, id);
        for (const auto& one : value(store_->outbox(stream)))
          ours << one.id << ":" << one.message.command->number << " ";
        for (const auto& [number, command] : model_.outbox(stream)) theirs << number << ":" << command << " ";
        break;
      }
      case Kind::snapshot: {
        const Snapshot snapshot{o.from, "s" + std::to_string(step), events::Bytes(step, 7)};
        value(store_->save_snapshot(stream, snapshot));
        model_.save_snapshot(stream, snapshot);
        break;
      }
      case Kind::read_stream:
        value(store_->read_stream(stream, o.from, [&](const events::Recorded& r) { return note(ours, r); }));
        for (const std::size_t at : model_.events(stream))
          if (model_.all[at].version >= o.from) note(theirs, at);
        break;
      case Kind::read_all:
        value(store_->read_all(o.from, [&](const events::Recorded& r) { return note(ours, r); }));
        for (std::size_t at = o.from == 0 ? 0 : o.from - 1; at < model_.all.size(); ++at) note(theirs, at);
        break;
      case Kind::find_reply: {
        const auto reply = value(store_->find_reply(stream, "sender", o.number + 1));
        const auto* known = model_.reply(stream, "sender", o.number + 1);
        ours << (reply ? std::string(reply->begin(), reply->end()) : "none");
        theirs << (known ? known->reply : "none");
        break;
      }
      case Kind::reopen:
        store_.reset();
        store_ = open_or_throw(directory_);
        value(store_->attach(std::make_shared<Counting>()));
        compare_all(ours, theirs);
        break;
    }
    return ours.str() == theirs.str() ? "" : "the store: " + ours.str() + "\n  the model: " + theirs.str();
  }

  /// Everything at the end.
  std::string conclude() {
    std::ostringstream ours, theirs;
    compare_all(ours, theirs);
    ours << value(store_->verify());
    theirs << model_.all.size();
    value(store_->wait_for("counting", model_.all.size(), std::chrono::seconds(60)));
    const auto rows = store_->projection_rows("counting");
    for (unsigned stream = 0; stream < 3; ++stream) {
      ours << " " << count_of(*rows, name(stream));
      theirs << " " << model_.version(name(stream));
    }
    return ours.str() == theirs.str()
               ? ""
               : "at the end, the store: " + ours.str() + "\n  the model: " + theirs.str();
  }

 private:
  void append(const Operation& o, std::size_t step, std::ostream& ours, std::ostream& theirs) {
    const auto make = [&] {
      AppendRequest request;
      request.stream = name(o.stream);
      request.expected = o.expected;
      request.epoch = o.epoch;
      if (o.number > 0) request.sender = "sender";
      request.number = o.number;
      const std::string reply = "reply at " + std::to_string(step);
      request.reply.assign(reply.begin(), reply.end());
      for (unsigned i = 0; i < o.messages; ++i) request.outbox.push_back(message_to("target", step));
      return request;
    };
    std::vector<std::string> contents;
    for (unsigned i = 0; i < o.events; ++i)
      contents.push_back(std::to_string(step) + "." + std::to_string(i));
    AppendRequest request = make();
    for (const auto& content : contents) request.events.push_back(paused(content));
    const auto appended = store_->append(std::move(request));
    const Model::Answer answer = model_.append(make(), contents);
    ours << code_of(appended);
    theirs << answer.code;
    if (appended)
      ours << appended->first_sequence << " " << appended->last_sequence << " " << appended->version << " "
           << appended->repeated << " " << std::string(appended->reply.begin(), appended->reply.end());
    if (answer.code.empty())
      theirs << answer.first << " " << answer.last << " " << answer.version << " " << answer.repeated << " "
             << answer.reply;
  }
  static bool note(std::ostream& out, const events::Recorded& r) {
    out << r.sequence << ":" << r.stream << "#" << r.version << "@" << r.epoch << "=" << goal_of(r) << " ";
    return true;
  }
  void note(std::ostream& out, std::size_t at) const {
    const auto& e = model_.all[at];
    out << at + 1 << ":" << e.stream << "#" << e.version << "@" << e.epoch << "=" << e.content << " ";
  }
  void compare_all(std::ostream& ours, std::ostream& theirs) {
    ours << store_->last_sequence();
    theirs << model_.all.size();
    for (const auto& stream : value(store_->streams())) ours << " " << stream;
    for (const auto& stream : model_.streams()) theirs << " " << stream;
    for (unsigned number = 0; number < 3; ++number) {
      const std::string stream = name(number);
      const auto snapshot = value(store_->load_snapshot(stream));
      const auto& expected = model_.snapshot(stream);
      ours << " " << value(store_->stream_version(stream)) << "/" << value(store_->epoch(stream));
      theirs << " " << model_.version(stream) << "/" << model_.epoch(stream);
      if (snapshot) ours << " " << snapshot->version << snapshot->schema << snapshot->bytes.size();
      if (expected) theirs << " " << expected->version << expected->schema << expected->bytes.size();
    }
  }

  std::filesystem::path directory_;
  std::unique_ptr<EventStore> store_;
  Model model_;
};

/// "" where both agree.
std::string difference(const std::vector<Operation>& operations) {
  const TemporaryDirectory directory(fast_place());
  try {
    Pair pair(directory.path());
    for (std::size_t step = 0; step < operations.size(); ++step)
      if (const auto found = pair.apply(operations[step], step); !found.empty())
        return "step " + std::to_string(step) + ", " + describe(operations[step]) + "\n  " + found;
    return pair.conclude();
  } catch (const std::exception& thrown) {
    return std::string("exception: ") + thrown.what();
  }
}

/// Leaves out what the failure does not need: halves first, single operations at last.
template <class Fails>
std::vector<Operation> shrink(std::vector<Operation> operations, const Fails& fails) {
  for (std::size_t part = operations.size() / 2; part > 0; part /= 2)
    for (std::size_t from = 0; from < operations.size();) {
      auto fewer = operations;
      const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(from);
      fewer.erase(first, first + static_cast<std::ptrdiff_t>(std::min(part, fewer.size() - from)));
      if (fails(fewer))
        operations = std::move(fewer);
      else
        from += part;
    }
  return operations;
}

std::vector<Operation> random_operations(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Operation> operations;
  while (operations.size() < count) operations.push_back(random_operation(random));
  return operations;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(differential)

BOOST_AUTO_TEST_CASE(the_store_and_the_model_answer_alike) {
  const std::uint64_t seed = chosen_seed();
  std::uint64_t alike = 0;
  for (std::uint64_t run = 0; run < rounds(60); ++run) {
    const auto operations = random_operations(seed + run, 150);
    if (difference(operations).empty()) {
      ++alike;
      continue;
    }
    const auto few = shrink(operations, [](const auto& some) { return !difference(some).empty(); });
    std::ostringstream text;
    for (const auto& operation : few) text << "  " << describe(operation) << "\n";
    BOOST_ERROR("AUTOMODEL_SEED=" << seed + run << ", " << few.size() << " of " << operations.size()
                                  << " operations:\n"
                                  << text.str() << difference(few));
  }
  BOOST_TEST(alike == rounds(60));
  BOOST_TEST_MESSAGE(rounds(60) << " runs of 150 operations from seed " << seed);
}

BOOST_AUTO_TEST_CASE(a_failing_sequence_is_made_as_short_as_it_can_be) {
  // A "defect" that needs two operations in this order: an epoch raised, later a snapshot of the same stream.
  const auto fails = [](const std::vector<Operation>& operations) {
    for (std::size_t i = 0; i < operations.size(); ++i)
      for (std::size_t j = i + 1; j < operations.size(); ++j)
        if (operations[i].kind == Kind::raise_epoch && operations[j].kind == Kind::snapshot &&
            operations[i].stream == operations[j].stream)
          return true;
    return false;
  };
  const auto operations = random_operations(11, 150);
  BOOST_REQUIRE(fails(operations));
  const auto few = shrink(operations, fails);
  BOOST_TEST(few.size() == 2u);
  BOOST_TEST(fails(few));
}

BOOST_AUTO_TEST_SUITE_END()
