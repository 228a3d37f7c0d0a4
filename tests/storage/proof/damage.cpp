// Files that were cut off or in which a bit has changed: a clear error, a fault that is found, or no
// difference.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>

#include "tests/storage/proof/content.hpp"
#include "tests/storage/proof/forked.hpp"
#include "tests/storage/proof/workload.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;
namespace fs = std::filesystem;

namespace {

/// The file of a store in which there is something of everything.
std::string sound_file() {
  const TemporaryDirectory directory(fast_place());
  work(directory.path(), 45, [](const std::string&) {});
  value(open_or_throw(directory.path())->attach(std::make_shared<Counting>()));  // up to date
  return content_of(directory.path() / "events.mdb");
}

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().code);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Everything that can be asked of a store, as one text; an error where anything cannot be answered.
Result<std::string> answers(const fs::path& directory) {
  std::string all;
  Result<void> trouble;
  const auto note = [&](const auto& result) {
    if (!result && trouble) trouble = fail(result.error());
    return result.has_value();
  };
  auto store = EventStore::open(directory);
  if (!store) return fail(store.error());
  const auto counting = std::make_shared<Counting>();
  if (auto attached = (*store)->attach(counting); !attached) return fail(attached.error());
  note((*store)->verify());
  all += std::to_string((*store)->last_sequence()) + "\n";
  note((*store)->read_all(1, [&](const events::Recorded& recorded) {
    all += events::to_json(recorded) + "\n";
    return true;
  }));
  const auto streams = (*store)->streams();
  if (note(streams))
    for (const auto& stream : *streams) all += stream + "\n";
  for (unsigned worker = 0; worker < worker_count; ++worker) {
    const std::string stream = stream_of(worker);
    note((*store)->read_stream(stream, 1, [&](const events::Recorded& recorded) {
      all += std::to_string(recorded.sequence) + " ";
      return true;
    }));
    if (const auto version = (*store)->stream_version(stream); note(version))
      all += std::to_string(*version) + " ";
    if (const auto epoch = (*store)->epoch(stream); note(epoch)) all += std::to_string(*epoch) + "\n";
    if (const auto snapshot = (*store)->load_snapshot(stream); note(snapshot) && *snapshot)
      all +=
          std::to_string((*snapshot)->version) + (*snapshot)->schema + events::hex((*snapshot)->bytes) + "\n";
    if (const auto outbox = (*store)->outbox(stream); note(outbox))
      for (const auto& message : *outbox)
        all += std::to_string(message.id) + message.stream + events::to_json(message.message) + "\n";
    for (std::uint64_t number = 1; number <= 46; ++number)
      if (const auto reply = (*store)->find_reply(stream, "proof", number); note(reply))
        all += *reply ? std::string((*reply)->begin(), (*reply)->end()) + " " : "none ";
  }
  note((*store)->wait_for("counting", (*store)->last_sequence(), std::chrono::seconds(20)));
  try {  // rows that cannot be read are thrown
    all += events::hex(digest(*counting, *(*store)->projection_rows("counting")));
  } catch (const std::runtime_error& thrown) {
    if (trouble) trouble = fail("storage.corrupt", thrown.what());
  }
  if (!trouble) return fail(trouble.error());
  return all;
}

enum class Outcome : std::uint8_t { refused, found, no_difference, wrong, crashed };

/// What a store made of this file says.
std::pair<Outcome, std::string> try_file(const std::string& content, const std::string& truth) {
  const TemporaryDirectory directory(fast_place());
  std::ofstream(directory.path() / "events.mdb", std::ios::binary).write(content.data(), std::ssize(content));
  const Ended ended = in_a_process([&]() -> std::string {
    const auto said = answers(directory.path());
    if (!said)
      return (said.error().code.starts_with("storage.") ? "error " : "unnamed ") + to_string(said.error());
    return *said == truth ? "same" : "other";
  });
  if (ended.signal != 0) return {Outcome::crashed, "signal " + std::to_string(ended.signal)};
  if (ended.said == "same") return {Outcome::no_difference, {}};
  if (ended.said.starts_with("error ")) return {Outcome::found, ended.said};
  return {Outcome::wrong, ended.said};
}

std::string truth_of(const std::string& content) {
  const TemporaryDirectory directory(fast_place());
  std::ofstream(directory.path() / "events.mdb", std::ios::binary).write(content.data(), std::ssize(content));
  return value(answers(directory.path()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_is_found_or_makes_no_difference) {
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  std::string content = sound_file();
  const std::string truth = truth_of(content);
  std::map<Outcome, unsigned> outcomes;
  for (unsigned flips = rounds(1000); flips > 0; --flips) {
    const std::size_t bit = random() % (content.size() * 8);
    const char mask = static_cast<char>(1 << bit % 8);
    content[bit / 8] ^= mask;
    const auto [outcome, said] = try_file(content, truth);
    content[bit / 8] ^= mask;
    ++outcomes[outcome];
    BOOST_TEST((outcome == Outcome::found || outcome == Outcome::no_difference),
               "seed " << seed << ", bit " << bit % 8 << " of byte " << bit / 8 << " (page " << bit / 8 / 4096
                       << ", " << bit / 8 % 4096 << "): " << said.substr(0, 200));
  }
  BOOST_TEST_MESSAGE("found " << outcomes[Outcome::found] << ", no difference "
                              << outcomes[Outcome::no_difference] << ", wrong " << outcomes[Outcome::wrong]
                              << ", crashed " << outcomes[Outcome::crashed] << "; file of " << content.size()
                              << " bytes, seed " << seed);
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_is_found_or_makes_no_difference) {
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  const std::string content = sound_file();
  const std::string truth = truth_of(content);
  for (unsigned cuts = rounds(60); cuts > 0; --cuts) {
    std::size_t length = 1 + random() % (content.size() - 1);
    if (cuts % 2) length -= length % 4096;
    if (length == 0) continue;
    const auto [outcome, said] = try_file(content.substr(0, length), truth);
    BOOST_TEST((outcome == Outcome::found || outcome == Outcome::no_difference),
               "seed " << seed << ", cut off at " << length << " of " << content.size() << ": "
                       << said.substr(0, 200));
  }
}

BOOST_AUTO_TEST_SUITE_END()
