// Several processes train one model (here threads of one process, over the same sockets): the weights are
// those of one process with as many threads to the bit, and those of one thread but for rounding.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <set>

#include "recsys/models/checkpoint.hpp"
#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/training/workers.hpp"
#include "tests/recsys/factors.hpp"
#include "tests/recsys/small_world.hpp"
#include "tests/recsys/training/ranks.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

struct World {
  SmallWorld world{{"count(user)", "mean(label | item)"}};

  TrainOptions options(const std::string& method, std::uint32_t epochs = 3) const {
    return SmallWorld::options(method, epochs);
  }
  TrainOptions options(const Program& program, std::uint32_t epochs = 3) const {
    TrainOptions out;
    out.method = "my own";
    out.settings = {{"batch", "64"}, {"lr", "0.02"}, {"unknown", "0.1"}};
    out.program = [program](const InputSpec&) { return program; };
    out.sources = program.sources;
    out.max_epochs = epochs;
    out.patience = 100;
    return out;
  }
  Result<Trained> alone(TrainOptions how, std::uint32_t threads = 1) const {
    how.threads = threads;
    return world.trained(how, world.parts.validation());
  }
  std::vector<Result<Trained>> together(
      std::uint32_t size, const TrainOptions& how,
      const std::function<void(std::uint32_t, TrainOptions&)>& change = {},
      const std::function<bool(std::uint32_t, const EpochReport&)>& on_epoch = {}) const {
    return at_all_ranks<Result<Trained>>(size, [&](Collective& group) {
      auto own = how;
      own.group = &group;
      if (change) change(group.rank(), own);
      return world.trained(own, world.parts.validation(), [&](const EpochReport& report) {
        return !on_epoch || on_epoch(group.rank(), report);
      });
    });
  }
};

std::string why(const Result<Trained>& result) { return result ? "no error" : to_string(result.error()); }

std::vector<float> weights_of(const Trained& trained) {
  const auto model = read_checkpoint(trained.checkpoint).value();
  std::vector<float> out;
  for (const auto& tensor : model.tensors) {
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    if (load_values(model, tensor.name, values)) out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out = std::max(out, std::abs(static_cast<double>(a[i]) - b[i]));
  return out;
}

/// Of everything that may differ between methods: fields with dropout, hidden ids, l2; penalties; users,
/// items and histories with noise and negatives; all items as candidates; graphs.
std::vector<std::pair<std::string, TrainOptions>> all_kinds(const World& world) {
  std::vector<std::pair<std::string, TrainOptions>> out;
  for (const auto* method : {"lr", "fm", "deepfm", "dcnv2"}) {
    out.emplace_back(method, world.options(method));
    out.back().second.settings["unknown"] = "0.1";
  }
  out.emplace_back("deepfm with l2", out[2].second);
  out.back().second.settings["l2"] = "0.001";
  Program penalised{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    return self.w(singles, bags, dense).sum(1)
def penalty(self) -> Tensor:
    return 0.005 * (self.w_table * self.w_table).sum()
)",
      {{"w", {}, "zeros"}}};
  penalised.penalised = true;
  out.emplace_back("penalised", world.options(penalised));
  out.emplace_back("logloss of candidates", world.options(factors(Loss::logloss, 3)));
  out.emplace_back("bpr with histories", world.options(factors(Loss::bpr, 2, 4)));
  out.emplace_back("softmax over all items", world.options(factors(Loss::softmax, 0)));
  out.emplace_back("softmax over some with histories", world.options(factors(Loss::softmax, 5, 4)));
  out.emplace_back("graph", world.options(neighbours()));
  return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(together, World)

BOOST_AUTO_TEST_CASE(processes_give_the_weights_of_as_many_threads_bit_for_bit) {
  for (auto [name, how] : all_kinds(*this)) {
    for (const auto& [size, threads] : {std::pair{1U, 1U}, {2U, 1U}, {3U, 1U}, {1U, 2U}, {2U, 2U}}) {
      const auto what = name + ", " + std::to_string(size) + " processes of " + std::to_string(threads);
      const auto expected = alone(how, size * threads);
      BOOST_REQUIRE_MESSAGE(expected, what << ": " << why(expected));
      how.threads = threads;
      const auto all = together(size, how);
      for (const auto& one : all) BOOST_REQUIRE_MESSAGE(one, what << ": " << why(one));
      BOOST_TEST((all[0]->checkpoint == expected->checkpoint), what);
      for (const auto& one : all) {
        // Measured by fewer threads: sums in another order.
        for (const auto& [metric, value] : expected->best)
          BOOST_TEST(std::abs(one->best.at(metric) - value) < 1e-5, what << " " << metric);
        BOOST_TEST((one->best == all[0]->best), what);
        BOOST_TEST(one->last_epoch == 3U);
        for (std::size_t i = 0; i < 3; ++i)
          BOOST_TEST(std::abs(one->epochs[i].train_loss - expected->epochs[i].train_loss) < 1e-12, what);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(processes_give_the_weights_of_one_thread_but_for_rounding) {
  for (const auto& [name, how] : all_kinds(*this)) {
    // Where a rectifier's input is nearly zero, rounding decides: that is no measure of anything.
    if (name.starts_with("deepfm") || name == "dcnv2") continue;
    const auto expected = alone(how).value();
    for (const std::uint32_t size : {2U, 3U}) {
      for (const std::uint32_t threads : {1U, 2U}) {
        auto with_threads = how;
        with_threads.threads = threads;
        const auto all = together(size, with_threads);
        BOOST_REQUIRE_MESSAGE(all[0], name << ": " << why(all[0]));
        const double apart = largest_difference(weights_of(*all[0]), weights_of(expected));
        BOOST_TEST_MESSAGE(name << ", " << size << " processes of " << threads << " threads: " << apart);
        BOOST_TEST(apart < 1e-5,
                   name << ", " << size << " processes of " << threads << " threads: " << apart);
        for (const auto& [metric, value] : expected.best)
          BOOST_TEST(std::abs(all[0]->best.at(metric) - value) < 1e-5,
                     name << " " << metric << " " << all[0]->best.at(metric) << " " << value);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(large_tables_are_stepped_lazily_as_by_threads) {
  const Program program{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    v = self.v(singles, bags, dense)
    return self.w(singles, bags, dense).sum(1) + (v[:, 0] * v[:, 1]).sum(1)
)",
      {{"v", {4}, "normal(0.1)"}, {"w", {}, "zeros"}}};
  const auto inputs = made_up_inputs(2, 1, 1, 60, 3);
  const auto weights_after = [&](std::uint32_t threads, Collective* group) {
    auto net = Net::compile(program, inputs, 1).value();
    initialise(net, inputs, 4);
    auto workers = Workers::make(program, inputs, net, threads, 0, 0, group).value();
    std::vector<AdamState> moments;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      moments.push_back({std::vector<float>(net.values(i).size()), std::vector<float>(net.values(i).size())});
    for (std::uint64_t step = 1; step <= 60; ++step) {
      if (step % 20 == 1) workers.begin(step - 1);
      const auto batch = random_batch(inputs, 12, step);
      if (!workers.differentiate(batch, {12, 1, batch.labels}, moments, 1, step, 0.01F))
        return std::vector<float>();
      workers.take_step(moments, step, 0.01F, 0);
      if (step % 20 == 0) workers.end(moments, step, 0.01F);
    }
    std::vector<float> out;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      out.insert(out.end(), net.values(i).begin(), net.values(i).end());
    return out;
  };
  for (const auto& [size, threads] : {std::pair{1U, 1U}, {2U, 1U}, {3U, 1U}, {2U, 2U}}) {
    const auto expected = weights_after(size * threads, nullptr);
    const auto all = at_all_ranks<std::vector<float>>(
        size, [&, own = threads](Collective& group) { return weights_after(own, &group); });
    for (const auto& one : all) BOOST_TEST((one == expected), size << " processes of " << threads);
  }
}

BOOST_AUTO_TEST_CASE(of_a_table_only_the_rows_that_a_batch_touches_are_sent) {
  struct Counting final : Collective {
    std::size_t numbers = 0;
    std::uint32_t rank() const override { return 0; }
    std::uint32_t size() const override { return 1; }
    Result<void> sum(std::span<float> values) override {
      numbers = values.size();
      return {};
    }
    Result<void> sum_in_turn(std::span<float> values, const std::function<void()>& add) override {
      add();
      return sum(values);
    }
    Result<std::string> gather(std::string_view mine) override { return std::string(mine); }
    Result<void> broadcast(std::string&) override { return {}; }
  };
  Program program{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    return self.v(singles, bags, dense).sum([1, 2]) * self.scale
)",
      {{"v", {4}, "normal(0.1)"}},
      {{"scale", {}, "ones"}}};
  const auto inputs = made_up_inputs(2, 0, 1, 1000, 3);
  const auto batch = random_batch(inputs, 5, 1);
  const auto numbers_sent = [&](std::size_t lazy_from) {
    auto net = Net::compile(program, inputs, 1).value();
    initialise(net, inputs, 4);
    Counting group;
    auto workers = Workers::make(program, inputs, net, 1, 0, lazy_from, &group).value();
    std::vector<AdamState> moments;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      moments.push_back({std::vector<float>(net.values(i).size()), std::vector<float>(net.values(i).size())});
    workers.begin(0);
    BOOST_REQUIRE(workers.differentiate(batch, {5, 1, batch.labels}, moments, 1, 1, 0.01F));
    workers.take_step(moments, 1, 0.01F, 0);
    return group.numbers;
  };
  const auto touched = std::set<std::int64_t>(batch.singles.begin(), batch.singles.end()).size();
  const std::size_t others = 4 + 1;  // the dense field's row, the scale
  BOOST_TEST(numbers_sent(0) == touched * 4 + others);
  BOOST_TEST(numbers_sent(1'000'000) == touched * 4 + others);
  program.penalised = true;
  program.script += "def penalty(self) -> Tensor:\n    return (self.v_table * self.v_table).sum()\n";
  BOOST_TEST(numbers_sent(0) == inputs.table_rows * 4 + others);
}

BOOST_AUTO_TEST_CASE(a_batch_with_fewer_rows_than_processes_leaves_some_without_work) {
  auto how = options("fm", 1);
  how.settings["batch"] = "2";
  world.parts.train.resize(21);
  const auto expected = alone(how, 3).value();
  const auto all = together(3, how);
  BOOST_REQUIRE_MESSAGE(all[0], why(all[0]));
  BOOST_TEST((all[0]->checkpoint == expected.checkpoint));
}

BOOST_AUTO_TEST_CASE(they_go_on_from_what_rank_0_kept_of_an_epoch) {
  auto how = options("deepfm", 4);
  how.settings["unknown"] = "0.1";
  const auto whole = together(2, how)[0].value();
  std::vector<std::string> kept;
  const auto begun = together(2, how, [&](std::uint32_t rank, TrainOptions& own) {
    own.keep = [&, rank](const std::string& state) -> Result<void> {
      if (rank != 0) return fail("test.wrong_rank", "only rank 0 keeps");
      kept.push_back(state);
      return {};
    };
  });
  BOOST_REQUIRE_MESSAGE(begun[0], why(begun[0]));
  BOOST_REQUIRE(kept.size() == 4U);
  BOOST_TEST((kept[3] == whole.resume));
  for (const std::size_t epochs : {1U, 2U, 4U}) {
    const auto resumed = together(2, how, [&](std::uint32_t rank, TrainOptions& own) {
      if (rank == 0) own.resume = kept[epochs - 1];
    });
    BOOST_REQUIRE_MESSAGE(resumed[0], why(resumed[0]));
    BOOST_TEST(resumed[1]->epochs.size() == 4 - epochs);
    BOOST_TEST(resumed[0]->last_epoch == 4U);
    BOOST_TEST((resumed[0]->checkpoint == whole.checkpoint));
    BOOST_TEST((resumed[0]->resume == whole.resume));
  }
}

BOOST_AUTO_TEST_CASE(they_stop_together_when_one_is_told_to_or_patience_ends) {
  const auto stopped = together(3, options("lr", 10), {}, [](std::uint32_t rank, const EpochReport& report) {
    return rank != 1 || report.epoch < 2;
  });
  for (const auto& one : stopped) {
    BOOST_REQUIRE_MESSAGE(one, why(one));
    BOOST_TEST(one->stopped);
    BOOST_TEST(one->epochs.size() == 2U);
  }
  BOOST_TEST(!stopped[0]->checkpoint.empty());
  BOOST_TEST(stopped[1]->checkpoint.empty());
  auto how = options("deepfm", 60);
  how.settings = {{"batch", "64"}, {"lr", "0.03"}, {"dropout", "0"}};
  how.metric = "logloss";
  how.patience = 2;
  const auto expected = alone(how, 2).value();
  BOOST_REQUIRE(expected.epochs.size() < 60U);
  for (const auto& one : together(2, how)) {
    BOOST_REQUIRE_MESSAGE(one, why(one));
    BOOST_TEST(one->epochs.size() == expected.epochs.size());
  }
}

BOOST_AUTO_TEST_CASE(what_would_not_be_one_training_is_refused_by_all) {
  const auto refused = [](const std::vector<Result<Trained>>& all, const std::string& code,
                          const std::string& word) {
    for (const auto& one : all) {
      BOOST_REQUIRE(!one);
      BOOST_TEST(one.error().code == code, why(one));
      BOOST_TEST((why(one).find(word) != std::string::npos), why(one));
    }
  };
  const auto at_1 = [](const std::function<void(TrainOptions&)>& change) {
    return [=](std::uint32_t rank, TrainOptions& own) {
      if (rank == 1) change(own);
    };
  };
  refused(together(2, options("fm"), at_1([](auto& own) { own.seed = 2; })), "training.processes_differ",
          "seed");
  refused(together(2, options("fm"), at_1([](auto& own) { own.threads = 2; })), "training.processes_differ",
          "threads");
  refused(together(2, options("fm"), at_1([](auto& own) { own.settings["dim"] = "4"; })),
          "training.processes_differ", "the method");
  refused(together(2, options("fm"), at_1([](auto& own) { own.metric = "logloss"; })),
          "training.processes_differ", "the metric");
  refused(together(2, options("fm"), at_1([](auto& own) { own.max_parameters = 10; })),
          "training.too_many_parameters", "more than");
  refused(together(2, options("popularity")), "training.not_together", "--workers");
  refused(together(2, options("fm"),
                   [](std::uint32_t rank, auto& own) {
                     if (rank == 0) own.resume = "torn";
                   }),
          "training.bad_resume", "");
  refused(together(2, options("fm"),
                   [](std::uint32_t, auto& own) {
                     own.keep = [](const std::string&) -> Result<void> {
                       return fail("test.full", "disk full");
                     };
                   }),
          "test.full", "disk full");
  world.y[world.parts.train[100]] = std::numeric_limits<float>::quiet_NaN();
  auto how = options("fm", 30);
  how.settings["lr"] = "10";
  refused(together(2, how), "training.nan", "step");
}

BOOST_AUTO_TEST_CASE(a_process_that_dies_is_an_error_at_the_others) {
  struct Death {};
  std::atomic<int> lost = 0;
  const auto all = at_all_ranks<Result<void>>(3, [&](Collective& group) -> Result<void> {
    auto how = options("fm", 50);
    how.group = &group;
    try {
      const auto trained = world.trained(how, world.parts.validation(), [&](const EpochReport& report) {
        if (group.rank() == 2 && report.epoch == 2) throw Death();
        return true;
      });
      if (!trained && trained.error().code == "training.worker_lost") ++lost;
    } catch (const Death&) {
    }
    return {};
  });
  BOOST_TEST(all.size() == 3U);
  BOOST_TEST(lost == 2);
}

BOOST_AUTO_TEST_SUITE_END()
