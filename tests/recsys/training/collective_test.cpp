#include "recsys/training/collective.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/recsys/training/ranks.hpp"

using namespace automodel;
using namespace automodel::recsys;
using namespace std::chrono_literals;

namespace {

/// Numbers of a rank, of very different sizes: the order of a sum of them matters.
std::vector<float> numbers_of(std::uint32_t rank, std::size_t count) {
  std::mt19937 random(rank + 1);
  std::vector<float> out(count);
  for (auto& x : out)
    x = std::ldexp(static_cast<float>(random() % 2001) - 1000, static_cast<int>(random() % 30) - 15);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(collective)

BOOST_AUTO_TEST_CASE(numbers_are_added_in_the_order_of_ranks_to_the_same_bits_everywhere) {
  for (const std::uint32_t size : {1U, 2U, 3U, 5U}) {
    for (const std::size_t count : {0U, 1U, 7U, 10'000U}) {
      std::vector<float> expected(count);
      for (std::uint32_t rank = 0; rank < size; ++rank) {
        const auto numbers = numbers_of(rank, count);
        for (std::size_t i = 0; i < count; ++i)
          expected[i] = rank == 0 ? numbers[i] : expected[i] + numbers[i];
      }
      const auto sums = at_all_ranks<std::vector<float>>(size, [&](Collective& group) {
        auto numbers = numbers_of(group.rank(), count);
        const auto done = group.sum(numbers);
        return done ? numbers : std::vector<float>();
      });
      for (const auto& sum : sums) BOOST_TEST((sum == expected), size << " ranks, " << count << " numbers");
      const auto in_turn = at_all_ranks<std::vector<float>>(size, [&](Collective& group) {
        const auto own = numbers_of(group.rank(), count);
        std::vector<float> numbers(count);
        const auto done = group.sum_in_turn(numbers, [&] {
          for (std::size_t i = 0; i < count; ++i) numbers[i] += own[i];
        });
        return done ? numbers : std::vector<float>();
      });
      for (const auto& sum : in_turn)
        BOOST_TEST((sum == expected), size << " ranks in turn, " << count << " numbers");
    }
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_what_each_gives_and_what_rank_0_has) {
  const auto all = at_all_ranks<std::string>(3, [](Collective& group) {
    std::string bytes = group.rank() == 0 ? std::string(100'000, 'x') : "mine";
    const auto gathered = group.gather("rank " + std::to_string(group.rank()));
    const auto sent = group.broadcast(bytes);
    std::string empty = group.rank() == 0 ? "" : "not empty";
    const auto nothing = group.broadcast(empty);
    return gathered.value_or("?") + (sent ? std::to_string(bytes.size()) : "?") + (nothing ? empty : "?");
  });
  for (const auto& one : all) BOOST_TEST(one == "rank 0rank 1rank 2100000");
}

BOOST_AUTO_TEST_CASE(an_error_of_one_is_an_error_of_all) {
  const Error error{"training.made_up", std::string(3000, '\x01'), "here", "do\xff something"};
  const auto all = at_all_ranks<Result<void>>(3, [&](Collective& group) {
    if (auto good = agree(group, {}); !good) return good;
    const Result<void> mine = group.rank() == 1 ? Result<void>(fail(error)) : Result<void>();
    auto first = agree(group, mine);
    if (auto good = agree(group, {}); !good) return good;  // it goes on after that
    return first;
  });
  BOOST_TEST((all[1].error() == error));
  for (const auto rank : {0, 2}) {
    const auto& heard = all[static_cast<std::size_t>(rank)].error();
    BOOST_TEST(heard.code == "training.made_up");
    BOOST_TEST(heard.where == "worker 1, here");
    BOOST_TEST(heard.hint.starts_with("do"));
  }
}

BOOST_AUTO_TEST_CASE(what_differs_is_named) {
  const auto all = at_all_ranks<Result<void>>(3, [](Collective& group) -> Result<void> {
    const std::string same = "same", other = group.rank() == 2 ? "2" : "0";
    const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(same)),
                                                 std::as_bytes(std::span(other))};
    if (auto good = compare(group, "the first", std::span(pieces).first(1)); !good) return good;
    return compare(group, "the second", pieces);
  });
  for (const auto& one : all) {
    BOOST_REQUIRE(!one);
    BOOST_TEST(one.error().code == "training.processes_differ");
    BOOST_TEST(one.error().message.find("the second: worker 2") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_gone_is_an_error_at_the_others_soon) {
  for (const bool in_turn : {false, true}) {
    const auto start = std::chrono::steady_clock::now();
    const auto all = at_all_ranks<Result<void>>(3, [&](Collective& group) -> Result<void> {
      std::vector<float> numbers(1000, 1);
      const auto sum = [&] { return in_turn ? group.sum_in_turn(numbers, [] {}) : group.sum(numbers); };
      if (auto good = sum(); !good) return good;
      if (group.rank() == 1) return {};
      return sum();
    });
    BOOST_TEST(all[1].has_value());
    for (const auto rank : {0U, 2U}) {
      BOOST_REQUIRE(!all[rank]);
      BOOST_TEST(all[rank].error().code == "training.worker_lost");
    }
    BOOST_TEST((std::chrono::steady_clock::now() - start < 10s));
  }
}

BOOST_AUTO_TEST_CASE(who_waits_alone_is_told_so) {
  const auto file = new_meeting();
  const auto alone = join({file.string(), {}, 0, 0}, 0, 2, 1s);
  BOOST_REQUIRE(!alone);
  BOOST_TEST(alone.error().code == "training.no_meeting");
  std::filesystem::remove(file);
  BOOST_TEST(MeetingPoint::find("127.0.0.1", 1, 1s).error().code == "training.no_meeting");
  BOOST_TEST(join({{}, "127.0.0.1", 1, 0}, 1, 2, 1s).error().code == "training.no_meeting");
  BOOST_TEST(join({{}, "no.such.host.invalid", 1, 0}, 1, 2, 1s).error().code == "training.no_meeting");
}

BOOST_AUTO_TEST_CASE(a_round_is_begun_once_however_many_ask_for_it) {
  const std::uint16_t port = static_cast<std::uint16_t>(20'000 + ::getpid() % 20'000);
  auto point = MeetingPoint::open("127.0.0.1", port, 5s);
  BOOST_REQUIRE_MESSAGE(point, (point ? "" : to_string(point.error())));
  BOOST_TEST(MeetingPoint::open("127.0.0.1", port, 5s).error().code == "training.no_meeting");
  auto other = MeetingPoint::find("127.0.0.1", port, 5s);
  BOOST_REQUIRE(other);
  BOOST_TEST(point->round().value() == 0U);
  BOOST_TEST(point->begin_after(0).has_value());
  BOOST_TEST(other->begin_after(0).has_value());
  BOOST_TEST(other->round().value() == 1U);
  BOOST_TEST(other->begin_after(1).has_value());
  BOOST_TEST(point->round().value() == 2U);
  std::vector<std::thread> ranks;
  std::vector<std::string> heard(2);
  for (std::uint32_t rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&, rank] {
      auto group = join({{}, "127.0.0.1", port, 2}, rank, 2, 20s);
      heard[rank] = group ? (*group)->gather(std::to_string(rank)).value_or("?") : to_string(group.error());
    });
  }
  for (auto& rank : ranks) rank.join();
  for (const auto& one : heard) BOOST_TEST(one == "01");
  { auto closed = std::move(*point); }
  BOOST_TEST(other->round().error().code == "training.no_meeting");
}

BOOST_AUTO_TEST_SUITE_END()
