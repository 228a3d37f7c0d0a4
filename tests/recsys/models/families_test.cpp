// Every method against its equations, computed one number at a time.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "recsys/models/inference.hpp"
#include "recsys/models/method.hpp"
#include "recsys/models/net.hpp"

using namespace automodel::recsys;

namespace {

constexpr unsigned kSeed = 4711;

/// Two single fields, one bag of up to three, two dense fields.
InputSpec small_inputs() {
  InputSpec out;
  const auto field = [](Field::Kind kind, const char* source, std::uint32_t cardinality,
                        std::uint32_t offset) {
    Field f;
    f.kind = kind;
    f.source = source;
    f.cardinality = cardinality;
    f.offset = offset;
    return f;
  };
  out.fields = {field(Field::Kind::single, "user", 4, 0), field(Field::Kind::single, "item", 5, 5),
                field(Field::Kind::bag, "genres", 3, 11), field(Field::Kind::dense, "age", 0, 0),
                field(Field::Kind::dense, "price", 0, 0)};
  out.table_rows = 15;
  out.max_bag = 3;
  return out;
}

Batch small_batch() {
  Batch b;
  b.rows = 4;
  b.singles = {1, 6, 4, 10, 0, 5, 2, 8};
  b.bags = {12, 13, -1, 14, -1, -1, -1, -1, -1, 12, 13, 14};
  b.dense = {0.5F, -1.0F, 2.0F, 0.0F, -0.3F, 0.7F, 1.1F, -0.2F};
  return b;
}

/// Parameters by name, and the equations on plain vectors of one row.
class Naive {
 public:
  Naive(Net& net, const Batch& batch) : net_(net), batch_(batch) {}
  using Vector = std::vector<double>;

  double at(const std::string& name, std::size_t row, std::size_t column = 0) const {
    for (std::size_t i = 0; i < net_.parameters().size(); ++i) {
      const auto& spec = net_.parameters()[i];
      if (spec.name != name) continue;
      const auto width = spec.shape.size() > 1 ? static_cast<std::size_t>(spec.shape[1]) : 1;
      return net_.values(i)[row * width + column];
    }
    throw std::runtime_error("no parameter " + name);
  }

  double linear(std::size_t r) const {
    double y = at("bias", 0);
    for (std::size_t s = 0; s < 2; ++s) y += at("w_table", code(r, s));
    const auto bag = values(r);
    for (const auto v : bag) y += at("w_table", v) / static_cast<double>(bag.size());
    for (std::size_t d = 0; d < 2; ++d) y += at("w_dense", d) * batch_.dense[r * 2 + d];
    return y;
  }

  std::vector<Vector> embeddings(std::size_t r, std::size_t k) const {
    std::vector<Vector> e(5, Vector(k));
    const auto bag = values(r);
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t s = 0; s < 2; ++s) e[s][j] = at("e_table", code(r, s), j);
      for (const auto v : bag) e[2][j] += at("e_table", v, j) / static_cast<double>(bag.size());
      for (std::size_t d = 0; d < 2; ++d) e[3 + d][j] = at("e_dense", d, j) * batch_.dense[r * 2 + d];
    }
    return e;
  }

  static double pairs(const std::vector<Vector>& e) {
    double sum = 0;
    for (std::size_t i = 0; i < e.size(); ++i) {
      for (std::size_t j = i + 1; j < e.size(); ++j) {
        for (std::size_t k = 0; k < e[i].size(); ++k) sum += e[i][k] * e[j][k];
      }
    }
    return sum;
  }

  static Vector flat(const std::vector<Vector>& e) {
    Vector out;
    for (const auto& v : e) out.insert(out.end(), v.begin(), v.end());
    return out;
  }

  Vector affine(const Vector& x, const std::string& weight, const std::string& bias,
                std::size_t width) const {
    Vector out(width);
    for (std::size_t j = 0; j < width; ++j) {
      out[j] = at(bias, j);
      for (std::size_t i = 0; i < x.size(); ++i) out[j] += x[i] * at(weight, i, j);
    }
    return out;
  }

  Vector mlp(Vector x, const std::vector<std::size_t>& widths) const {
    for (std::size_t l = 0; l < widths.size(); ++l) {
      x = affine(x, "hidden_" + std::to_string(l), "hidden_bias_" + std::to_string(l), widths[l]);
      for (auto& v : x) v = std::max(0.0, v);
    }
    return x;
  }

  double dot(const Vector& x, const std::string& name) const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * at(name, i);
    return sum;
  }

 private:
  std::size_t code(std::size_t r, std::size_t s) const {
    return static_cast<std::size_t>(batch_.singles[r * 2 + s]);
  }
  std::vector<std::size_t> values(std::size_t r) const {
    std::vector<std::size_t> out;
    for (std::size_t l = 0; l < 3; ++l) {
      if (batch_.bags[r * 3 + l] >= 0) out.push_back(static_cast<std::size_t>(batch_.bags[r * 3 + l]));
    }
    return out;
  }

  Net& net_;
  const Batch& batch_;
};

struct Case {
  InputSpec inputs = small_inputs();
  Batch batch = small_batch();
  Net net;
  std::vector<float> logits = std::vector<float>(4);

  static Net make(const std::string& method, Settings settings, const InputSpec& inputs) {
    const auto known = find_method(method);
    auto text = program(method, complete_settings(**known, settings).value(), inputs);
    BOOST_REQUIRE_MESSAGE(text, (text ? "" : text.error().message));
    auto net = Net::compile(*text, inputs, 1);
    BOOST_REQUIRE_MESSAGE(net, (net ? "" : net.error().message));
    std::mt19937 random(kSeed);
    std::normal_distribution<float> normal(0, 0.5F);
    for (std::size_t i = 0; i < net->parameters().size(); ++i) {
      for (auto& v : net->values(i)) v = normal(random);
    }
    return std::move(*net);
  }

  Case(const std::string& method, const Settings& settings) : net(make(method, settings, inputs)) {
    const auto done = net.infer(view(batch, inputs, 0, 4), logits);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
  }
};

void check_close(double got, double expected) {
  BOOST_TEST(std::abs(got - expected) < 1e-5 * (1 + std::abs(expected)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(families)

BOOST_AUTO_TEST_CASE(logistic_regression_is_its_equation) {
  Case c("lr", {});
  const Naive naive(c.net, c.batch);
  for (std::size_t r = 0; r < 4; ++r) check_close(c.logits[r], naive.linear(r));
}

BOOST_AUTO_TEST_CASE(a_factorization_machine_sums_over_pairs) {
  Case c("fm", {{"dim", "4"}});
  const Naive naive(c.net, c.batch);
  for (std::size_t r = 0; r < 4; ++r)
    check_close(c.logits[r], naive.linear(r) + Naive::pairs(naive.embeddings(r, 4)));
}

BOOST_AUTO_TEST_CASE(deepfm_adds_a_network_over_all_embeddings) {
  Case c("deepfm", {{"dim", "4"}, {"hidden", "6,5"}});
  const Naive naive(c.net, c.batch);
  for (std::size_t r = 0; r < 4; ++r) {
    const auto e = naive.embeddings(r, 4);
    check_close(c.logits[r],
                naive.linear(r) + Naive::pairs(e) + naive.dot(naive.mlp(Naive::flat(e), {6, 5}), "out"));
  }
}

BOOST_AUTO_TEST_CASE(dcnv2_crosses_beside_a_network) {
  Case c("dcnv2", {{"dim", "3"}, {"hidden", "6"}, {"layers", "2"}});
  const Naive naive(c.net, c.batch);
  for (std::size_t r = 0; r < 4; ++r) {
    const auto x0 = Naive::flat(naive.embeddings(r, 3));
    auto x = x0;
    for (const auto* l : {"0", "1"}) {
      const auto wx = naive.affine(x, std::string("cross_") + l, std::string("cross_bias_") + l, x.size());
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += x0[i] * wx[i];
    }
    check_close(c.logits[r],
                naive.at("bias", 0) + naive.dot(x, "out_cross") + naive.dot(naive.mlp(x0, {6}), "out"));
  }
}

BOOST_AUTO_TEST_CASE(gradients_agree_with_differences) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  for (const auto* method : {"lr", "fm", "deepfm", "dcnv2"}) {
    Settings settings;
    if (std::string(method) != "lr") settings["dim"] = "3";
    if (std::string(method) == "deepfm" || std::string(method) == "dcnv2") {
      settings["hidden"] = "5";
      settings["dropout"] = "0";
    }
    Case c(method, settings);
    const auto rows = view(c.batch, c.inputs, 0, 4);
    const std::vector<float> ones(4, 1.0F);
    BOOST_REQUIRE(c.net.forward(rows, c.logits));
    BOOST_REQUIRE(c.net.backward(ones));
    std::vector<std::vector<float>> gradients;
    for (std::size_t i = 0; i < c.net.parameters().size(); ++i) {
      const auto g = c.net.gradient(i);
      BOOST_REQUIRE_MESSAGE(!g.empty(), method << ": " << c.net.parameters()[i].name << " has no gradient");
      gradients.emplace_back(g.begin(), g.end());
    }
    const auto total = [&] {
      BOOST_REQUIRE(c.net.infer(rows, c.logits));
      return static_cast<double>(c.logits[0]) + c.logits[1] + c.logits[2] + c.logits[3];
    };
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      auto& weight = c.net.values(i)[gradients[i].size() / 2];
      const float kept = weight, h = 1e-2F;
      weight = kept + h;
      const double above = total();
      weight = kept - h;
      const double below = total();
      weight = kept;
      BOOST_TEST(std::abs((above - below) / (2 * h) - gradients[i][gradients[i].size() / 2]) < 2e-2,
                 method << ": " << c.net.parameters()[i].name);
    }
  }
}

BOOST_AUTO_TEST_CASE(noise_silences_what_its_masks_say) {
  Case c("deepfm", {{"dim", "3"}, {"hidden", "5"}, {"dropout", "0.5"}});
  const auto rows = view(c.batch, c.inputs, 0, 4);
  std::vector<float> noisy(4);
  for (auto& m : c.net.mask(0, 4)) m = 1;
  BOOST_REQUIRE(c.net.forward(rows, noisy));
  BOOST_TEST(noisy == c.logits, boost::test_tools::per_element());
  for (auto& m : c.net.mask(0, 4)) m = 0;
  BOOST_REQUIRE(c.net.forward(rows, noisy));
  const Naive naive(c.net, c.batch);
  for (std::size_t r = 0; r < 4; ++r)
    check_close(noisy[r], naive.linear(r) + Naive::pairs(naive.embeddings(r, 3)));
}

BOOST_AUTO_TEST_CASE(a_field_alone_is_enough_of_any_kind) {
  for (const auto kind : {Field::Kind::single, Field::Kind::bag, Field::Kind::dense}) {
    InputSpec inputs;
    Field f;
    f.kind = kind;
    f.source = "x";
    f.cardinality = kind == Field::Kind::dense ? 0 : 3;
    inputs.fields = {f};
    inputs.table_rows = kind == Field::Kind::dense ? 0 : 4;
    inputs.max_bag = kind == Field::Kind::bag ? 2 : 0;
    Batch batch;
    batch.rows = 2;
    if (kind == Field::Kind::single) batch.singles = {1, 3};
    if (kind == Field::Kind::bag) batch.bags = {1, 2, 3, -1};
    if (kind == Field::Kind::dense) batch.dense = {0.5F, -0.5F};
    for (const auto* method : {"lr", "fm", "deepfm", "dcnv2"}) {
      auto net = Case::make(method, {}, inputs);
      std::vector<float> logits(2);
      const auto done = net.infer(view(batch, inputs, 0, 2), logits);
      BOOST_TEST(done.has_value(), (done ? "" : done.error().message));
      BOOST_TEST((logits[0] != logits[1]), method);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_code_outside_of_the_table_is_an_error_and_not_a_crash) {
  Case c("deepfm", {});
  c.batch.singles[0] = 15;
  const auto done = c.net.infer(view(c.batch, c.inputs, 0, 4), c.logits);
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().code == "models.failed");
}

BOOST_AUTO_TEST_CASE(what_was_never_seen_begins_at_zero_and_the_rest_is_drawn_from_the_seed) {
  const auto inputs = small_inputs();
  const auto settings = complete_settings(**find_method("fm"), {{"dim", "4"}}).value();
  auto a = Net::compile(program("fm", settings, inputs).value(), inputs, 1).value();
  auto b = Net::compile(program("fm", settings, inputs).value(), inputs, 1).value();
  initialise(a, inputs, 5);
  initialise(b, inputs, 5);
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    BOOST_TEST(std::equal(a.values(i).begin(), a.values(i).end(), b.values(i).begin()));
    if (a.parameters()[i].name != "e_table") continue;
    for (const std::size_t row : {0, 5, 11}) {
      for (std::size_t k = 0; k < 4; ++k) BOOST_TEST(a.values(i)[row * 4 + k] == 0.0F);
    }
    BOOST_TEST(a.values(i)[1 * 4] != 0.0F);
  }
  initialise(b, inputs, 6);
  bool differs = false;
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    differs |= !std::equal(a.values(i).begin(), a.values(i).end(), b.values(i).begin());
  }
  BOOST_TEST(differs);
}

BOOST_AUTO_TEST_SUITE_END()
