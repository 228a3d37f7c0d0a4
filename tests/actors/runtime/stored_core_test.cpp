// The agent's core over the real store: commits that come from another thread, and lives that follow each
// other.
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>
#include <random>

#include "actors/runtime/agent_core.hpp"
#include "actors/runtime/messages.hpp"
#include "tests/storage/support.hpp"
#include "toy.hpp"

using namespace automodel;
using namespace automodel::test;
using storage::testing::open_or_throw;

namespace {

struct Stored {
  storage::testing::TemporaryDirectory directory;
  std::shared_ptr<storage::EventStore> store = open_or_throw(directory.path());
  std::unique_ptr<actors::AgentCore> core = make(1);
  std::map<actors::Ticket, events::ReplyT> answers;
  std::deque<storage::AppendRequest> kept;  // instead of being handed to the store
  bool keep = false;

  Stored() { Toy::throws_left = 0; }
  ~Stored() { drain(); }

  std::unique_ptr<actors::AgentCore> make(std::uint64_t epoch) {
    actors::CoreOptions options;
    options.stream = "toy/main";
    options.epoch = epoch;
    options.now = [] { return std::int64_t{1'000}; };
    auto made =
        std::make_unique<actors::AgentCore>(std::make_unique<actors::MachineOf<Toy>>(), store, options);
    BOOST_REQUIRE(made->recover().has_value());
    return made;
  }
  void take(actors::Step step) {
    for (auto& append : step.appends) {
      if (keep) {
        kept.push_back(std::move(append.request));
        continue;
      }
      ++under_way;
      store->append_async(std::move(append.request), [this, id = append.id](auto result) {
        const std::lock_guard lock(mutex);
        done.emplace_back(id, std::move(result));
        came.notify_one();
      });
    }
    for (auto& answer : step.answers) answers[answer.ticket] = std::move(answer.reply);
  }
  void submit(events::CommandT command, actors::Ticket ticket) {
    take(core->submit(std::move(command), ticket));
  }
  /// Until every append has its answer.
  void drain() {
    while (under_way > 0) {
      std::unique_lock lock(mutex);
      came.wait(lock, [&] { return !done.empty(); });
      auto [id, result] = std::move(done.front());
      done.pop_front();
      lock.unlock();
      --under_way;
      take(core->committed(id, std::move(result)));
    }
  }
  void restart() {
    drain();
    core.reset();
    store.reset();
    store = open_or_throw(directory.path());
    core = make(*store->epoch("toy/main"));
  }

 private:
  std::mutex mutex;
  std::condition_variable came;
  std::deque<std::pair<std::uint64_t, Result<storage::Appended>>> done;
  std::size_t under_way = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(stored_core)

BOOST_FIXTURE_TEST_CASE(pipelined_commands_are_decided_in_order_and_all_durable, Stored) {
  constexpr std::uint64_t many = 300;
  for (std::uint64_t i = 1; i <= many; ++i) submit(named(add(1), i), i);
  drain();
  for (std::uint64_t i = 1; i <= many; ++i) {
    BOOST_TEST(answers.at(i).subject == std::to_string(i));
    BOOST_TEST(answers.at(i).version == i);
  }
  BOOST_TEST(*store->stream_version("toy/main") == many);
  BOOST_TEST(store->verify().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_command_is_known_after_the_store_was_opened_again, Stored) {
  submit(named(add(2), 1), 1);
  submit(named(add(3), 2), 2);
  restart();
  submit(named(add(2), 1), 3);
  submit(named(add(100), 2), 4);
  submit(named(add(4), 3), 5);
  drain();
  BOOST_TEST(answers.at(3).subject == "2");
  BOOST_TEST(answers.at(4).subject == "5");
  BOOST_TEST(answers.at(5).subject == "9");
  BOOST_TEST(*store->stream_version("toy/main") == 3u);
}

BOOST_FIXTURE_TEST_CASE(commands_repeated_at_random_over_restarts_have_one_effect_each, Stored) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  constexpr std::uint64_t commands = 40;
  std::map<std::uint64_t, std::string> told;
  actors::Ticket ticket = 0;
  const auto ask = [&](std::uint64_t number) {
    submit(named(add(number), number), ++ticket);
    return ticket;
  };
  for (int step = 0; step < 400; ++step) {
    if (random() % 100 == 0) restart();
    const auto number = 1 + random() % commands;
    const auto asked = ask(number);
    if (random() % 3 != 0) continue;
    drain();
    const auto& subject = answers.at(asked).subject;
    BOOST_TEST(told.emplace(number, subject).first->second == subject);
  }
  for (std::uint64_t number = 1; number <= commands; ++number) ask(number);
  drain();
  BOOST_TEST(*store->stream_version("toy/main") == commands);
  submit(named(actors::command_of(events::TimePassedT{}), 1, "clock"), 100'000);
  drain();
  BOOST_TEST(answers.at(100'000).subject == std::to_string(commands * (commands + 1) / 2));
}

/// Two commands of an earlier life are still on their way when the next one begins: the first expects what
/// the new life's first expects, and the new life's second would fit on top of it, had both the same epoch.
BOOST_FIXTURE_TEST_CASE(what_an_earlier_life_had_under_way_cannot_slip_under_a_later_one, Stored) {
  keep = true;
  submit(named(add(1), 1), 1);
  submit(named(add(1), 2), 2);
  BOOST_REQUIRE(kept.size() == 2u);
  keep = false;
  BOOST_REQUIRE(store->raise_epoch("toy/main", 2).has_value());
  core = make(2);
  for (auto& late : kept) BOOST_TEST(store->append(std::move(late)).error().code == "storage.fenced");
  submit(named(add(10), 3), 3);
  submit(named(add(20), 4), 4);
  drain();
  BOOST_TEST(answers.at(3).subject == "10");
  BOOST_TEST(answers.at(4).subject == "30");
  submit(named(add(1), 1), 5);  // asked again, as nobody answered it
  drain();
  BOOST_TEST(answers.at(5).subject == "31");
}

BOOST_AUTO_TEST_SUITE_END()
