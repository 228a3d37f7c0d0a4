#include <boost/test/unit_test.hpp>
#include <random>

#include "recsys/models/checkpoint.hpp"

using namespace automodel::recsys;

namespace {

Checkpoint example() {
  Checkpoint c;
  c.method = "fm";
  c.settings = {{"dim", "2"}, {"lr", "0.001"}};
  c.label = "rating>=4";
  c.features = {"count(user)"};
  c.inputs.fields.emplace_back();
  c.inputs.fields[0].source = "user_id";
  c.inputs.fields[0].cardinality = 1;
  c.inputs.table_rows = 2;
  c.program.emplace();
  c.program->script = "def forward(self) -> int:\n    return 1  # \\alpha \"α\"\n";
  c.program->look_ups = {{"e", {2}, "normal(0.01)", LookUp::categorical}};
  c.program->parameters = {{"w", {3, 1, 2}, "xavier"}};
  c.program->noise = {{"mask", 4, 0.25}};
  c.description = "# A card\n\n$y = x$\n";
  c.tensors.push_back(store("e_table", std::vector<float>{1, 2, 3, 4}));
  c.tensors.back().shape = {2, 2};
  c.tensors.push_back(store("w", std::vector<float>(6)));
  c.tensors.back().shape = {3, 1, 2};
  c.tensors.push_back(store("note", std::string("abc")));
  c.state = R"({"epoch":3})";
  return c;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(what_was_written_is_read_back) {
  const auto read = read_checkpoint(write_checkpoint(example()));
  BOOST_REQUIRE(read);
  BOOST_TEST(read->method == "fm");
  BOOST_TEST((read->settings == example().settings));
  BOOST_TEST(read->label == "rating>=4");
  BOOST_TEST((read->features == example().features));
  BOOST_TEST((read->program == example().program));
  BOOST_TEST(read->description == example().description);
  BOOST_TEST(read->state == R"({"epoch":3})");
  std::vector<float> values(4);
  BOOST_REQUIRE(load_values(*read, "e_table", values));
  BOOST_TEST(values == (std::vector<float>{1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST(read->find("note")->bytes == "abc");
  std::vector<float> wrong(3);
  BOOST_TEST(!load_values(*read, "e_table", wrong));
}

BOOST_AUTO_TEST_CASE(a_graph_is_kept_beside_the_tensors_and_joins_only_what_there_is) {
  auto with = example();
  with.inputs.users.codes = {3, 300};
  with.inputs.items.codes = {0, 1, 70000};
  with.inputs.graph = {{1, 1, 2}, {1, 3, 2}};
  const auto read = read_checkpoint(write_checkpoint(with));
  BOOST_REQUIRE(read);
  BOOST_TEST((read->inputs.graph == with.inputs.graph));
  BOOST_TEST(read->tensors.size() == with.tensors.size());
  for (const Graph& bad : {Graph{{1, 3}, {1, 1}}, Graph{{0}, {1}}, Graph{{1}, {4}}, Graph{{1, 2}, {1}}}) {
    with.inputs.graph = bad;
    BOOST_TEST(read_checkpoint(write_checkpoint(with)).error().code == "serving.bad_checkpoint");
  }
}

BOOST_AUTO_TEST_CASE(every_cut_and_every_changed_byte_is_found) {
  const auto bytes = write_checkpoint(example());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    BOOST_TEST((read_checkpoint(bytes.substr(0, n)).error().code == "serving.bad_checkpoint"));
    auto changed = bytes;
    changed[n] = static_cast<char>(changed[n] ^ 0x20);
    const auto read = read_checkpoint(changed);
    BOOST_REQUIRE_MESSAGE(!read, "byte " << n);
    BOOST_TEST(read.error().code == "serving.bad_checkpoint");
  }
}

BOOST_AUTO_TEST_CASE(garbage_is_refused) {
  constexpr unsigned kSeed = 31;
  BOOST_TEST_MESSAGE("seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 ? "AMMODEL1" : "";
    for (auto n = random() % 200; n > 0; --n) bytes += static_cast<char>(random());
    BOOST_TEST(!read_checkpoint(bytes));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_shape_is_found_before_it_is_used) {
  // The checksum is right here: what the head says is not.
  auto c = example();
  c.tensors[0].shape = {1 << 20, 1 << 20};
  BOOST_TEST(read_checkpoint(write_checkpoint(c)).error().code == "serving.bad_checkpoint");
  c.tensors[0].shape = {-2, -2};
  BOOST_TEST(read_checkpoint(write_checkpoint(c)).error().code == "serving.bad_checkpoint");
  c.tensors[0].shape = {3, 2};
  BOOST_TEST(read_checkpoint(write_checkpoint(c)).error().code == "serving.bad_checkpoint");
  c.tensors[0].shape = {2, 2};
  BOOST_TEST(read_checkpoint(write_checkpoint(c)).has_value());
}

BOOST_AUTO_TEST_CASE(tensors_and_program_must_agree) {
  const auto good = example();
  BOOST_TEST(check_parameters(good).has_value());
  const auto refused = [](const Checkpoint& c) {
    const auto checked = check_parameters(c);
    return !checked && checked.error().code == "serving.bad_checkpoint";
  };
  auto c = good;
  c.program.reset();
  BOOST_TEST(refused(c));
  c = good;
  c.program->look_ups[0].name = "other";
  BOOST_TEST(refused(c));
  c = good;
  c.program->look_ups[0].shape = {4};
  BOOST_TEST(refused(c));
  c = good;
  c.program->look_ups[0].int8 = true;
  BOOST_TEST(refused(c));
  c = good;
  c.inputs.table_rows = 4;
  BOOST_TEST(refused(c));
  c = good;
  c.program->parameters[0].shape = {6};
  BOOST_TEST(refused(c));
  c = good;
  c.program->parameters[0].shape = {3, -1, -2};
  BOOST_TEST(refused(c));
  c = good;
  c.program->parameters.push_back(c.program->parameters[0]);
  BOOST_TEST(refused(c));
  c = good;
  c.tensors[1].type = "u8";
  BOOST_TEST(refused(c));
}

BOOST_AUTO_TEST_SUITE_END()
