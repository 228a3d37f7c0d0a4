#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/training/lazy_rows.hpp"
#include "recsys/training/random.hpp"
#include "recsys/training/workers.hpp"

using namespace automodel::recsys;

BOOST_AUTO_TEST_SUITE(lazy_rows)

BOOST_AUTO_TEST_CASE(skipped_steps_come_to_what_plain_ones_do) {
  constexpr float kRate = 0.01F;
  // Gradients of a row in a batch of 2048 are about this small; the third is where epsilon begins to count.
  for (const float gradient : {1.0F, 1e-3F, 1e-5F}) {
    for (const std::uint64_t begun : {1U, 500U}) {
      for (const std::uint64_t skipped : {0U, 1U, 7U, 120U, 255U, 256U, 257U, 400U}) {
        std::vector<float> plain = {0.5F}, lazy = {0.5F};
        AdamState of_plain{{0}, {0}}, of_lazy{{0}, {0}};
        SkippedSteps steps;
        LazyTable table{0, 1, {static_cast<std::uint32_t>(begun - 1)}, {}};
        const auto end = begun + 20 + skipped;
        for (auto step = begun; step <= end; ++step) {
          const bool touched = step < begun + 20;
          adam_step(plain, std::vector<float>{touched ? gradient : 0}, of_plain, step, kRate, 0);
          steps.begin(step, kRate);
          if (!touched) continue;
          table.catch_up(0, lazy, of_lazy, steps, step);
          adam_step(lazy, std::vector<float>{gradient}, of_lazy, step, kRate, 0);
          table.last[0] = static_cast<std::uint32_t>(step);
        }
        steps.begin(end + 1, kRate);
        table.catch_up(0, lazy, of_lazy, steps, end + 1);
        const double moved = std::abs(plain[0] - 0.5F);
        BOOST_TEST(std::abs(lazy[0] - plain[0]) < (gradient < 1e-4F ? 2e-4 : 2e-5) * moved + 1e-6,
                   gradient << " " << begun << " " << skipped << ": " << lazy[0] << " " << plain[0]);
        BOOST_TEST(of_lazy.second[0] == of_plain.second[0], boost::test_tools::tolerance(1e-4F));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_table_stepped_lazily_ends_as_the_plain_one) {
  const Program program{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    v = self.v(singles, bags, dense)
    return self.w(singles, bags, dense).sum(1) + torch.matmul(torch.relu(torch.matmul(v.flatten(1), self.m.t()) + self.b), self.u)
)",
      {{"v", {4}, "normal(0.1)"}, {"w", {}, "zeros"}},
      {{"m", {5, 16}, "xavier"}, {"b", {5}, "zeros"}, {"u", {5}, "xavier"}}};
  const auto inputs = made_up_inputs(2, 1, 1, 60, 3);
  const auto weights_after = [&](std::size_t lazy_from, std::uint32_t threads) {
    auto net = Net::compile(program, inputs, 1).value();
    initialise(net, inputs, 4);
    auto workers = Workers::make(program, inputs, net, threads, 0, lazy_from).value();
    std::vector<AdamState> moments;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      moments.push_back({std::vector<float>(net.values(i).size()), std::vector<float>(net.values(i).size())});
    for (std::uint64_t step = 1; step <= 60; ++step) {
      if (step % 20 == 1) workers.begin(step - 1);
      const auto batch = random_batch(inputs, 12, step);
      BOOST_REQUIRE(workers.differentiate(batch, {12, 1, batch.labels}, moments, 1, step, 0.01F));
      workers.take_step(moments, step, 0.01F, 0);
      if (step % 20 == 0) workers.end(moments, step, 0.01F);
    }
    std::vector<float> out;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      out.insert(out.end(), net.values(i).begin(), net.values(i).end());
    return out;
  };
  const auto plain = weights_after(1'000'000, 1), lazy = weights_after(0, 1), two = weights_after(0, 2);
  BOOST_TEST((lazy != plain));  // it really was another way
  BOOST_TEST((two == weights_after(0, 2)));
  for (std::size_t i = 0; i < plain.size(); ++i) {
    BOOST_TEST(std::abs(lazy[i] - plain[i]) < 1e-3, "number " << i << ": " << lazy[i] << " " << plain[i]);
    BOOST_TEST(std::abs(two[i] - plain[i]) < 1e-3, "number " << i << ": " << two[i] << " " << plain[i]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
