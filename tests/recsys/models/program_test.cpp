// What recsys adds to a program: tables, look-ups, first values, penalties.
#include "recsys/models/program.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "recsys/models/inference.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

const std::string kForward =
    "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:\n";

/// Two single fields, a bag, two dense fields; 6 values in the table.
InputSpec inputs() {
  InputSpec out;
  const auto add = [&](Field::Kind kind, std::uint32_t cardinality, std::uint32_t offset) {
    Field f;
    f.kind = kind;
    f.source = "field " + std::to_string(out.fields.size());
    f.cardinality = cardinality;
    f.offset = offset;
    out.fields.push_back(f);
  };
  add(Field::Kind::single, 1, 0);
  add(Field::Kind::single, 1, 2);
  add(Field::Kind::bag, 1, 4);
  add(Field::Kind::dense, 0, 0);
  add(Field::Kind::dense, 0, 0);
  out.table_rows = 6;
  out.max_bag = 2;
  return out;
}

Batch batch() {
  Batch b;
  b.rows = 2;
  b.singles = {1, 2, 0, 3};
  b.bags = {4, 5, -1, -1};
  b.dense = {2, -1, 0, 3};
  return b;
}

Net compiled(const Program& program, const InputSpec& spec) {
  auto net = Net::compile(program, spec, 1);
  BOOST_REQUIRE_MESSAGE(net, (net ? "" : to_string(net.error())));
  return std::move(*net);
}

/// Every tensor has 0, 1, 2, … in it.
void count_up(Net& net) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto values = net.values(i);
    std::iota(values.begin(), values.end(), 0.0F);
  }
}

std::vector<float> logits(const Net& net, const InputSpec& spec) {
  std::vector<float> out(2);
  const auto b = batch();
  const auto done = net.infer(view(b, spec, 0, 2), out);
  BOOST_REQUIRE_MESSAGE(done, (done ? "" : to_string(done.error())));
  return out;
}

/// What a look-up gives at [row, field, …], one after the other.
std::vector<float> looked_up(const LookUp& look_up, const InputSpec& spec, std::size_t numbers) {
  std::vector<float> out(2 * numbers);
  for (std::size_t n = 0; n < numbers; ++n) {
    const Program program{kForward + "    return self." + look_up.name +
                              "(singles, bags, dense).flatten(1)[:, " + std::to_string(n) + "]\n",
                          {look_up}};
    auto net = compiled(program, spec);
    count_up(net);
    const auto got = logits(net, spec);
    out[n] = got[0];
    out[numbers + n] = got[1];
  }
  return out;
}

Result<Assembled> assembled(const Program& program) { return assemble(program, inputs()); }

}  // namespace

BOOST_AUTO_TEST_SUITE(programs)

BOOST_AUTO_TEST_CASE(a_look_up_gives_rows_means_and_scaled_rows_in_the_order_of_fields) {
  // The table is 0..11 in rows of two, the dense rows are 0 1 and 2 3.
  const std::vector<float> expected = {2, 3, 4, 5, 9, 10, 0, 2, -2, -3,  //
                                       0, 1, 6, 7, 0, 0,  0, 0, 6,  9};
  BOOST_TEST(looked_up({"e", {2}, "zeros"}, inputs(), 10) == expected, boost::test_tools::per_element());
  BOOST_TEST(looked_up({"e", {2, 1}, "zeros"}, inputs(), 10) == expected, boost::test_tools::per_element());
  const std::vector<float> categorical = {2, 3, 4, 5, 9, 10, 0, 1, 6, 7, 0, 0};
  BOOST_TEST(looked_up({"e", {1, 2}, "zeros", LookUp::categorical}, inputs(), 6) == categorical,
             boost::test_tools::per_element());
  const std::vector<float> scalar = {1, 2, 4.5, 0, -1, 0, 3, 0, 0, 3};
  BOOST_TEST(looked_up({"w", {}, "zeros"}, inputs(), 5) == scalar, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_shape_of_a_look_up_is_that_of_one_row) {
  const Program program{kForward +
                            "    e = self.e(singles, bags, dense)\n"
                            "    assert list(e.size()) == [2, 5, 2, 3]\n"
                            "    c = self.c(singles, bags, dense)\n"
                            "    assert list(c.size()) == [2, 3]\n"
                            "    return c.sum(1)\n",
                        {{"e", {2, 3}, "zeros"}, {"c", {}, "zeros", LookUp::categorical}}};
  auto net = compiled(program, inputs());
  logits(net, inputs());
}

BOOST_AUTO_TEST_CASE(a_look_up_of_no_field_is_empty) {
  auto spec = inputs();
  spec.fields.erase(spec.fields.begin(), spec.fields.begin() + 3);
  spec.table_rows = spec.max_bag = 0;
  const Program program{kForward +
                            "    e = self.e(singles, bags, dense)\n"
                            "    assert list(e.size()) == [2, 0, 4]\n"
                            "    return e.sum([1, 2]) + dense[:, 0]\n",
                        {{"e", {4}, "zeros", LookUp::categorical}}};
  BOOST_TEST(assemble(program, spec)->tensors.empty());
  auto net = compiled(program, spec);
  BOOST_TEST(logits(net, spec) == (std::vector<float>{2, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_int8_look_up_is_its_bytes_times_its_scales) {
  const Program program{kForward + "    return self.e(singles, bags, dense).sum([1, 2])\n",
                        {{"e", {2}, "zeros", LookUp::categorical, true}}};
  auto net = compiled(program, inputs());
  BOOST_TEST(net.parameters()[0].name == "e_table");
  BOOST_TEST(net.parameters()[1].name == "e_scale");
  const auto bytes = net.data(0);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(-static_cast<int>(i));
  for (std::size_t r = 0; r < 6; ++r) net.values(1)[r] = 0.5F * static_cast<float>(r);
  // Row r is r/2 * -(2r, 2r + 1).
  const auto row = [](float r) { return -r / 2 * (4 * r + 1); };
  BOOST_TEST(
      logits(net, inputs()) == (std::vector<float>{row(1) + row(2) + (row(4) + row(5)) / 2, row(0) + row(3)}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_tensors_are_listed_with_their_numbers) {
  const auto all = assembled({kForward,
                              {{"w", {}, "zeros"}, {"e", {2, 3}, "normal(0.1)", LookUp::categorical}},
                              {{"W", {4, 5, 6}, "xavier"}, {"b", {}, "ones"}}});
  BOOST_REQUIRE(all);
  const std::vector<TensorSpec> expected = {{"w_table", {6, 1}, "zeros", true},
                                            {"w_dense", {2, 1}, "zeros"},
                                            {"e_table", {6, 6}, "normal(0.1)", true},
                                            {"W", {4, 5, 6}, "xavier"},
                                            {"b", {}, "ones"}};
  BOOST_TEST((all->tensors == expected));
  BOOST_TEST(all->values() == 6U + 2 + 36 + 120 + 1);
}

BOOST_AUTO_TEST_CASE(a_program_that_makes_no_sense_is_refused_by_the_name_of_what_is_wrong) {
  const auto names = [](const Program& program, const std::string& culprit) {
    const auto wrong = assembled(program);
    return !wrong && wrong.error().code == "models.bad_program" &&
           wrong.error().message.find("'" + culprit + "'") != std::string::npos;
  };
  BOOST_TEST(names({kForward, {}, {{"a b", {1}, "zeros"}}}, "a b"));
  BOOST_TEST(names({kForward, {}, {{"", {1}, "zeros"}}}, ""));
  BOOST_TEST(names({kForward, {}, {{"1a", {1}, "zeros"}}}, "1a"));
  BOOST_TEST(names({kForward, {}, {{"a", {1}, "zeros"}, {"a", {1}, "zeros"}}}, "a"));
  BOOST_TEST(names({kForward, {{"e", {}, "zeros"}}, {{"e_table", {1}, "zeros"}}}, "e_table"));
  BOOST_TEST(names({kForward, {{"e", {}, "zeros"}}, {{"e", {1}, "zeros"}}}, "e"));
  BOOST_TEST(names({kForward, {{"forward", {}, "zeros"}}}, "forward"));
  BOOST_TEST(names({kForward, {{"e", {0}, "zeros"}}}, "e"));
  BOOST_TEST(names({kForward, {}, {{"a", {-1, -1}, "zeros"}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {1 << 30, 1 << 30}, "zeros"}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {1}, "zero"}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {1}, "normal(-1)"}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {1}, "constant(x)"}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {6}, "zeros", true}}}, "a"));
  BOOST_TEST(names({kForward, {}, {{"a", {6}, "zeros", false, true}}}, "a"));
  BOOST_TEST(names({kForward, {}, {}, {{"m", 0, 0.1}}}, "m"));
  BOOST_TEST(names({kForward, {}, {}, {{"m", 1, 1.0}}}, "m"));
  BOOST_TEST(assemble({kForward}, {}).error().code == "models.no_inputs");
}

BOOST_AUTO_TEST_CASE(first_values_are_what_their_init_says) {
  const Program program{kForward + "    return dense[:, 0]\n",
                        {},
                        {{"zeros", {3}, "zeros"},
                         {"ones", {3}, "ones"},
                         {"constant", {}, "constant(-2.5)"},
                         {"normal", {100, 100}, "normal(0.3)"},
                         {"xavier", {3, 100, 50}, "xavier"},
                         {"xavier_vector", {5000}, "xavier"},
                         {"kaiming", {100, 50}, "kaiming"}}};
  auto net = compiled(program, inputs());
  initialise(net, inputs(), 5);
  const auto all_are = [&](std::size_t i, float value) {
    for (const auto v : net.values(i)) BOOST_TEST(v == value);
  };
  all_are(0, 0);
  all_are(1, 1);
  all_are(2, -2.5F);
  const auto deviation = [&](std::size_t i) {
    double sum = 0;
    for (const auto v : net.values(i)) sum += static_cast<double>(v) * v;
    return std::sqrt(sum / static_cast<double>(net.values(i).size()));
  };
  const auto near = boost::test_tools::tolerance(0.05);
  BOOST_TEST(deviation(3) == 0.3, near);
  BOOST_TEST(deviation(4) == std::sqrt(2.0 / 150), near);
  BOOST_TEST(deviation(5) == std::sqrt(2.0 / 5001), near);
  BOOST_TEST(deviation(6) == std::sqrt(2.0 / 50), near);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_penalty_is_added) {
  const Program program{kForward +
                            "    return self.a * dense[:, 0]\n"
                            "def penalty(self) -> Tensor:\n"
                            "    return 3 * self.a.sum() + (self.b * self.b).sum()\n",
                        {},
                        {{"a", {1}, "zeros"}, {"b", {2}, "zeros"}},
                        {},
                        true};
  auto net = compiled(program, inputs());
  net.values(1)[0] = 5;
  std::vector<float> out(2);
  const auto b = batch();
  BOOST_REQUIRE(net.forward(view(b, inputs(), 0, 2), out));
  BOOST_REQUIRE(net.backward(std::vector<float>{1, 1}));
  BOOST_TEST(net.gradient(0)[0] == 3 + 2 + 0);
  BOOST_TEST(net.gradient(1)[0] == 10);
  BOOST_TEST(net.gradient(1)[1] == 0);
}

BOOST_AUTO_TEST_CASE(what_does_not_compile_or_gives_the_wrong_thing_is_an_error) {
  const auto refused = [](const Program& program) {
    const auto net = Net::compile(program, inputs(), 1);
    return !net && net.error().code == "models.failed";
  };
  BOOST_TEST(refused({"def forward(self"}));
  BOOST_TEST(refused({"def other(self) -> int:\n    return 1\n"}));
  BOOST_TEST(refused({kForward + "    return self.missing\n"}));
  Program program{kForward + "    return dense[:, 0]\n"};
  program.penalised = true;
  BOOST_TEST(refused(program));
  const auto fails = [](const std::string& body) {
    auto net = compiled({kForward + body}, inputs());
    std::vector<float> out(2);
    const auto b = batch();
    const auto done = net.infer(view(b, inputs(), 0, 2), out);
    return !done && done.error().code == "models.failed";
  };
  BOOST_TEST(fails("    return dense.sum()\n"));
  BOOST_TEST(fails("    return dense\n"));
  BOOST_TEST(fails("    return singles[:, 0]\n"));
}

BOOST_AUTO_TEST_CASE(a_script_does_nothing_but_arithmetic) {
  const auto refused = [](const std::string& body, const std::string& culprit) {
    const auto net =
        Net::compile({kForward + body + "    return dense[:, 0]\n", {}, {{"a", {2}, "ones"}}}, inputs(), 1);
    if (net) return std::string("compiles");
    return net.error().message.find("uses " + culprit) == std::string::npos ? to_string(net.error()) : "";
  };
  BOOST_TEST(refused("    torch.save(dense, 'stolen')\n", "aten::save") == "");
  BOOST_TEST(refused("    return torch.from_file('/etc/passwd', False, 2)\n", "aten::from_file") == "");
  BOOST_TEST(refused("    print(dense)\n", "prim::Print") == "");
  BOOST_TEST(refused("    return torch.empty([2])\n", "aten::empty") == "");
  BOOST_TEST(refused("    return torch.rand([2])\n", "aten::rand") == "");
  BOOST_TEST(refused("    self.a.mul_(2)\n", "aten::mul_") == "");
  BOOST_TEST(refused("    torch.mul(dense[0], 2, out=self.a)\n", "aten::mul") == "");
  BOOST_TEST(refused("    self.a = dense[0]\n", "prim::SetAttr") == "");
  BOOST_TEST(refused("    return torch.as_strided(dense, [2], [1000])\n", "aten::as_strided") == "");
  // Inside of what is repeated or chosen, too; and in another method.
  BOOST_TEST(refused("    for i in range(3):\n        if noise:\n            print(i)\n", "prim::Print") ==
             "");
  BOOST_TEST(refused("    return dense[:, 0]\ndef unused(self, dense: Tensor) -> Tensor:\n    print(1)\n",
                     "prim::Print") == "");
  BOOST_TEST(refused("", "") == "compiles");
  BOOST_TEST(!std::filesystem::exists("stolen"));
}

BOOST_AUTO_TEST_CASE(what_methods_are_made_of_is_allowed) {
  const Program program{
      kForward +
          "    e = self.e(singles, bags, dense)\n"
          "    q = torch.einsum('bfk,kj->bfj', [e, self.W])\n"
          "    a = torch.softmax(torch.matmul(q, e.transpose(1, 2)) / 2.0 ** 0.5, -1)\n"
          "    h = torch.layer_norm(torch.bmm(a, e), [4])\n"
          "    x0 = e.flatten(1)\n"
          "    x = x0\n"
          "    for l in range(2):\n"
          "        x = x0 * torch.addmm(self.b[l], x, self.C[l].t()) + x\n"
          "    pairs = []\n"
          "    for i in range(e.size(1)):\n"
          "        for j in range(i + 1, e.size(1)):\n"
          "            pairs.append((e[:, i] * e[:, j]).sum(-1))\n"
          "    c = torch.conv1d(e, self.K)\n"
          "    m = torch.where(dense > 0, dense, torch.zeros_like(dense)).masked_fill(dense < -1, 1.0)\n"
          "    n = (x.norm(2, dim=-1) + 1e-6).log() + torch.gelu(h).mean([1, 2]) + c.amax([1, 2])\n"
          "    return torch.stack(pairs, -1).sum(-1) + m.sum(1) + n\n",
      {{"e", {4}, "normal(0.1)"}},
      {{"W", {4, 4}, "xavier"},
       {"b", {2, 20}, "zeros"},
       {"C", {2, 20, 20}, "xavier"},
       {"K", {3, 5, 2}, "xavier"}}};
  auto net = compiled(program, inputs());
  initialise(net, inputs(), 1);
  logits(net, inputs());
}

BOOST_AUTO_TEST_CASE(a_program_is_read_back_from_its_json) {
  const Program program{"def …",
                        {{"e", {2, 3}, "ones", LookUp::categorical, true}, {"w", {}, "zeros"}},
                        {{"a", {1, 2, 3}, "constant(2)"}},
                        {{"m", 3, 0.125}, {"n", 2, 0, NoiseSpec::normal}},
                        true,
                        {},
                        Loss::logloss,
                        0,
                        true};
  BOOST_TEST((Program::from_json(program.to_json()).value() == program));
  for (const std::string bad : {"", "{}", "[1]", R"({"script":1})"})
    BOOST_TEST(Program::from_json(bad).error().code == "models.bad_program");
}

BOOST_AUTO_TEST_SUITE_END()
