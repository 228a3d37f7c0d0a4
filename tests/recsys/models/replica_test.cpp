// What training runs against the program as it is written: the same logits and gradients.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/models/replica.hpp"
#include "recsys/training/random.hpp"

using namespace automodel::recsys;

namespace {

constexpr std::size_t kRows = 40;

void check_close(std::span<const float> a, std::span<const float> b, const std::string& what) {
  BOOST_REQUIRE_MESSAGE(a.size() == b.size(), what << " " << a.size() << " " << b.size());
  double most = 1e-3;
  for (const float x : b) most = std::max(most, std::abs(static_cast<double>(x)));
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(std::abs(a[i] - b[i]) < 2e-5 * most, what << " " << i << ": " << a[i] << " " << b[i]);
}

/// Both with the same masks and the same gradient by the logits; the replica, in which at least so much is fused, in
/// two parts.
void check_same(const Program& program, const InputSpec& inputs, int fused = 0) {
  auto net = Net::compile(program, inputs, 1);
  BOOST_REQUIRE_MESSAGE(net, (net ? "" : to_string(net.error())));
  Random random(3, 3);
  for (std::size_t i = 0; i < net->parameters().size(); ++i) {
    for (auto& value : net->values(i)) value = static_cast<float>(0.3 * random.normal());
  }
  auto replica = Replica::make(program, inputs, *net);
  BOOST_REQUIRE_MESSAGE(replica, (replica ? "" : to_string(replica.error())));
  BOOST_TEST(replica->fused() >= fused);
  const auto batch = random_batch(inputs, kRows, 11);
  std::vector<float> logits(kRows), mine(kRows), gradient(kRows);
  for (auto& g : gradient) g = static_cast<float>(random.normal());
  std::vector<std::vector<float>> masks;
  for (std::size_t i = 0; i < program.noise.size(); ++i) {
    auto mask = net->mask(i, kRows);
    const bool normal = program.noise[i].kind == NoiseSpec::normal;
    for (auto& m : mask)
      m = normal ? static_cast<float>(random.normal()) : random.uniform() < 0.3 ? 0.0F : 1.5F;
    masks.emplace_back(mask.begin(), mask.end());
  }
  BOOST_REQUIRE(net->forward(view(batch, inputs, 0, kRows), logits));
  BOOST_REQUIRE(net->backward(gradient));
  for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 17}, {17, kRows - 17}}) {
    for (std::size_t i = 0; i < masks.size(); ++i) {
      const auto width = static_cast<std::size_t>(program.noise[i].width);
      std::copy_n(masks[i].begin() + static_cast<std::ptrdiff_t>(first * width), count * width,
                  replica->mask(i, count).begin());
    }
    const auto done =
        replica->forward(view(batch, inputs, first, count), std::span(mine).subspan(first, count));
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : to_string(done.error())));
    BOOST_REQUIRE(replica->backward(std::span(gradient).subspan(first, count), 1.0F / kRows));
  }
  BOOST_REQUIRE(replica->penalise());
  check_close(mine, logits, "logits");
  for (std::size_t i = 0; i < net->parameters().size(); ++i)
    check_close(replica->gradient(i), net->gradient(i), net->parameters()[i].name);
  replica->clear();
  for (std::size_t i = 0; i < net->parameters().size(); ++i) BOOST_TEST(replica->gradient(i).empty());
}

const char* const kHead =
    "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(replica)

BOOST_AUTO_TEST_CASE(layers_with_noise_are_the_same) {
  const Program program{std::string(kHead) + R"(    x = self.v(singles, bags, dense)
    t = torch.relu(torch.matmul(x.flatten(-2), self.w1.t()) + self.b1)
    if noise:
        t = t * self.mask_0
    t = torch.relu((torch.matmul(t, self.w2.t()) + self.b2))
    if noise:
        t = t * self.other
    each = torch.relu(torch.matmul(x, self.w3.t()) + self.b3)
    return torch.matmul(t, self.u) + each.sum([1, 2]) + self.s(singles, bags, dense).sum(1)
)",
                        {{"v", {3}, "normal(0.1)"}, {"s", {}, "zeros", LookUp::categorical}},
                        {{"w1", {5, 15}, "xavier"},
                         {"b1", {5}, "zeros"},
                         {"w2", {4, 5}, "xavier"},
                         {"b2", {4}, "zeros"},
                         {"w3", {2, 3}, "xavier"},
                         {"b3", {2}, "zeros"},
                         {"u", {4}, "xavier"}},
                        {{"mask_0", 5, 0.3}, {"other", 4, 0.3}}};
  check_same(program, made_up_inputs(2, 2, 1));
}

BOOST_AUTO_TEST_CASE(attention_and_crossed_maps_are_the_same) {
  // One product for each kind: a weight that rows share, one for each row and head, and a stack of pairs.
  const Program program{std::string(kHead) + R"(    x = self.v(singles, bags, dense)
    q = torch.einsum("zab,cbd->zacd", [x, self.w])
    alpha = torch.softmax(torch.einsum("zabc,zdc->zabd", [q, x]), 3)
    z = torch.einsum("zabc,zcbd->zbad", [alpha, torch.einsum("zab,cdb->zacd", [x, self.h])])
    c = torch.einsum("zabc,dab->zcd", [(x.unsqueeze(2) * x.unsqueeze(1)), self.p]).permute([0, 2, 1])
    for t in range(0, 2):
        c = torch.einsum("zabc,dab->zcd", [(c.unsqueeze(2) * x.unsqueeze(1)), self.o.select(0, t)]).permute([0, 2, 1])
    odd = torch.einsum("za,za->z", [x.sum([1]), x.sum([1])]) + torch.einsum("ab,zb->z", [self.k, x.sum([1])])
    odd = odd + torch.einsum("za,zba->zb", [x.sum([1]), self.k.unsqueeze(0)]).sum(1)
    odd = odd + torch.einsum("zba,za->zb", [self.k.unsqueeze(0), x.sum([1])]).sum(1)
    odd = odd + torch.einsum("ab,bc", [x.sum([1]), self.k.t()]).sum(1) + torch.einsum("z...,z...->z", [x, x])
    return z.sum([1, 2, 3]) + (c * self.m).sum([1, 2]) + odd
)",
                        {{"v", {3}, "normal(0.1)"}},
                        {{"w", {2, 3, 3}, "xavier"},
                         {"h", {2, 2, 3}, "xavier"},
                         {"p", {6, 4, 4}, "xavier"},
                         {"o", {2, 6, 6, 4}, "xavier"},
                         {"m", {6, 3}, "xavier"},
                         {"k", {2, 3}, "xavier"}}};
  check_same(program, made_up_inputs(3, 0, 1));
}

BOOST_AUTO_TEST_CASE(attention_over_a_history_is_the_same) {
  // As the compiler of cards writes it: of all positions, each to those before it, and of the last one.
  Program program{R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, history: Tensor, ages: Tensor, noise: bool) -> Tensor:
    x = self.q(history)
    real = history > 0
    hidden = torch.logical_not(real.unsqueeze(1) & (torch.arange(1, 19) <= torch.arange(1, 19).unsqueeze(1)))
    last = torch.logical_not(real)
    for l in range(0, 2):
        alpha = torch.softmax((torch.einsum("zab,zcb->zac", [torch.matmul(x, self.w.select(0, l)), x]) / 1.7).masked_fill(hidden, -1e9), 2).masked_fill(hidden, 0.0)
        x = x + torch.einsum("zab,zbc->zac", [alpha, torch.matmul(x, self.v.t())]) * self.u
    alpha_2 = torch.softmax((torch.einsum("za,zba->zb", [x.select(1, 17), x]) / 2.0).masked_fill(last, -1e9), 1).masked_fill(last, 0.0)
    y = torch.einsum("za,zab->zb", [alpha_2, x])
    return torch.einsum("za,zba->zb", [y, self.q(items)])
)",
                  {{"q", {3}, "normal(0.1)", LookUp::items}},
                  {{"w", {2, 3, 3}, "xavier"}, {"v", {3, 3}, "xavier"}, {"u", {3}, "ones"}}};
  program.sources = {false, true, 18, false};
  check_same(program, made_up_inputs(0, 0, 0, 9, 3, program.sources), 3);
  // A score that something else reads too is left as it is.
  auto read = program.script.find("    return");
  program.script.replace(read, std::string::npos, "    return alpha_2.sum(1, keepdim=True)\n");
  check_same(program, made_up_inputs(0, 0, 0, 9, 3, program.sources), 1);
}

BOOST_AUTO_TEST_CASE(heads_beside_the_batch_are_one_operator) {
  // As the compiler of cards writes Attention with heads, each position looking at those up to it.
  Program program{R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, history: Tensor, ages: Tensor, noise: bool) -> Tensor:
    batch = singles.size(0)
    x = self.q(history)
    real = history > 0
    hidden = torch.logical_not(real.unsqueeze(1).unsqueeze(1) & (torch.arange(1, 8) <= torch.arange(1, 8).unsqueeze(1))).expand([batch, 2, -1, -1]).flatten(0, 1)
    q = torch.matmul(x, self.w.select(0, 0)).unsqueeze(1).expand([batch, 2, 7, 4]).flatten(0, 1)
    k = torch.matmul(x, self.w.select(0, 1)).unsqueeze(1).expand([batch, 2, 7, 4]).flatten(0, 1)
    z = torch.einsum("zab,zbc->zac", [torch.softmax((torch.einsum("zab,zcb->zac", [q, k]) / 2.0).masked_fill(hidden, -1e9), 2).masked_fill(hidden, 0.0), k]).reshape([batch, 2, 7, 4])
    return torch.matmul((z.sum([1]) * real.type_as(dense).unsqueeze(2)).sum([1]).unsqueeze(1), self.q(items).permute([0, 2, 1])).squeeze(1)
)",
                  {{"q", {4}, "normal(0.1)", LookUp::items}},
                  {{"w", {2, 4, 4}, "xavier"}}};
  program.sources = {false, true, 7, false};
  const auto inputs = made_up_inputs(0, 0, 0, 9, 3, program.sources);
  check_same(program, inputs);
  auto net = Net::compile(program, inputs, 1);
  BOOST_TEST_REQUIRE(net.has_value());
  const auto replica = Replica::make(program, inputs, *net);
  BOOST_TEST_REQUIRE(replica.has_value());
  BOOST_TEST(replica->fused() == 1);
}

BOOST_AUTO_TEST_CASE(penalties_and_names_like_ours_are_the_same) {
  const Program program{
      std::string(kHead) + R"(    return (self.v(singles, bags, dense) * self.v_rows).sum([1, 2])
def penalty(self) -> Tensor:
    return torch.square(self.v_table).sum() + torch.square(self.v_rows).sum()
)",
      {{"v", {3}, "normal(0.1)"}},
      {{"v_rows", {3}, "xavier"}},
      {},
      true};
  check_same(program, made_up_inputs(2, 1, 0));
}

BOOST_AUTO_TEST_CASE(what_rows_add_to_the_loss_and_numbers_below_zero_as_noise_are_the_same) {
  Program program{
      "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tuple[Tensor, "
      "Tensor]:\n"
      R"(    x = self.v(singles, bags, dense).flatten(-2)
    t = torch.relu(torch.matmul(x, self.w.t()) + self.b)
    if noise:
        t = t * self.normal_0
    return (t.sum(1), torch.square(x).sum(1) + torch.square(self.w).sum())
)",
      {{"v", {3}, "normal(0.1)"}},
      {{"w", {5, 6}, "xavier"}, {"b", {5}, "zeros"}},
      {{"normal_0", 5, 0, NoiseSpec::normal}}};
  program.adds_to_loss = true;
  check_same(program, made_up_inputs(1, 1, 0));
}

BOOST_AUTO_TEST_SUITE_END()
