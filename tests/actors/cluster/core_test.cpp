#include "actors/cluster/core.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/actors/cluster/nodes.hpp"

using namespace automodel;
using namespace automodel::cluster;
using automodel::cluster::testing::Nodes;

namespace {

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

ClusterOptions quick() {
  ClusterOptions options;
  options.suspect_after = 3;
  options.unreachable_after = 6;
  options.thaw_after = 10;
  options.give_up_after = 10;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_core)

BOOST_AUTO_TEST_CASE(a_command_finds_its_agent_on_another_node) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  const auto ticket = nodes.command("b", "x", 7);
  BOOST_TEST(nodes.outcome(ticket) == "");
  BOOST_TEST(nodes.answers[ticket].reply.at(0) == 7);
}

BOOST_AUTO_TEST_CASE(an_agent_moves_and_commands_follow_it) {
  Nodes nodes({"a", "b", "c"});
  nodes["a"].created("x");
  nodes.settle();
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "");
  BOOST_TEST(!nodes["a"].owns("x"));
  BOOST_TEST(nodes["b"].runs("x"));
  BOOST_TEST(has(nodes.controls, "b: start x 2"));
  for (const auto* from : {"a", "b", "c"}) BOOST_TEST(nodes.outcome(nodes.command(from, "x", 1)) == "");
  BOOST_TEST(nodes["c"].directory().find("x")->node == "b");
  BOOST_TEST(nodes["c"].directory().find("x")->epoch == 2u);
}

BOOST_AUTO_TEST_CASE(commands_wait_while_the_agent_is_frozen_and_go_on_where_it_went) {
  Nodes nodes({"a", "b", "c"});
  nodes["a"].created("x");
  nodes.settle();
  nodes.held = {Write::Kind::committed};
  const auto move = nodes.migrate("a", "x", "b");
  const auto near = nodes.command("a", "x", 1), far = nodes.command("c", "x", 2);
  BOOST_TEST(nodes.outcome(near) == "-");
  BOOST_TEST(nodes.outcome(far) == "-");
  nodes.release();
  BOOST_TEST(nodes.outcome(move) == "");
  BOOST_TEST(nodes.outcome(near) == "");
  BOOST_TEST(nodes.outcome(far) == "");
  for (const auto& [node, number] : nodes.done) BOOST_TEST(node == "b");
}

BOOST_AUTO_TEST_CASE(more_commands_than_may_wait_for_a_moving_agent_are_refused_with_an_error) {
  auto options = quick();
  options.max_stashed = 2;
  options.thaw_after = 1000;
  Nodes nodes({"a", "b"}, options);
  nodes["a"].created("x");
  nodes.settle();
  nodes.freezes = false;
  nodes.migrate("a", "x", "b");
  std::vector<Ticket> tickets;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    nodes["b"].command(100 + i, "x", {"sender" + std::to_string(i), i, {}}, 500);
    nodes.settle();
  }
  BOOST_TEST(nodes.outcome(101) == "-");
  BOOST_TEST(nodes.outcome(103) == "cluster.stash_full");
  BOOST_TEST(nodes["a"].overflows() == 1u);
}

BOOST_AUTO_TEST_CASE(moves_that_cannot_begin_say_why) {
  Nodes nodes({"a", "b"}, quick());
  nodes["a"].created("x");
  nodes.settle();
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "a")) == "cluster.bad_target");
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "z")) == "cluster.no_such_node");
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "y", "b")) == "cluster.not_here");
  BOOST_TEST(nodes.outcome(nodes.migrate("b", "x", "a")) == "cluster.not_here");
  nodes.held = {Write::Kind::started};
  const auto first = nodes.migrate("a", "x", "b");
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "cluster.moving");
  nodes.release();
  BOOST_TEST(nodes.outcome(first) == "");
  nodes.silent = {"a"};
  nodes.tick(4);
  BOOST_TEST(nodes.outcome(nodes.migrate("b", "x", "a")) == "cluster.not_reachable");
}

BOOST_AUTO_TEST_CASE(no_move_begins_while_a_third_node_is_silent) {
  Nodes nodes({"a", "b", "c"}, quick());
  nodes["a"].created("x");
  nodes.settle();
  nodes.silent = {"c"};
  nodes.tick(4);
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "cluster.member_silent");
}

BOOST_AUTO_TEST_CASE(what_the_target_has_already_is_left_out_of_the_parts) {
  Nodes nodes({"a", "b"});
  nodes.have = 40;
  nodes["a"].created("x");
  nodes.settle();
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "");
  const auto part = std::find_if(nodes.writes.begin(), nodes.writes.end(),
                                 [](const auto& write) { return write.second.kind == Write::Kind::part; });
  BOOST_REQUIRE(part != nodes.writes.end());
  BOOST_TEST(part->second.part.after == 40u);
}

BOOST_AUTO_TEST_CASE(a_target_that_refuses_leaves_the_agent_where_it_works) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  nodes.no_room = Error{"cluster.no_method", "the method is not known here", {}, {}};
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "cluster.no_method");
  BOOST_TEST(nodes["a"].runs("x"));
  BOOST_TEST(nodes["a"].directory().find("x")->epoch == 1u);
  BOOST_TEST(nodes.outcome(nodes.command("b", "x", 1)) == "");
}

BOOST_AUTO_TEST_CASE(a_frozen_agent_whose_target_falls_silent_goes_on_under_a_new_epoch) {
  auto options = quick();
  Nodes nodes({"a", "b"}, options);
  nodes["a"].created("x");
  nodes.settle();
  nodes.freezes = false;
  const auto move = nodes.migrate("a", "x", "b");
  const auto waits = nodes.command("a", "x", 1);
  nodes.silent = {"b"};
  nodes["a"].frozen("x", 1);
  nodes.tick(20);
  BOOST_TEST(nodes.outcome(move) == "cluster.target_gone");
  BOOST_TEST(nodes["a"].runs("x"));
  BOOST_TEST(has(nodes.controls, "a: unfreeze x 2"));
  BOOST_TEST(nodes.outcome(waits) == "");
}

BOOST_AUTO_TEST_CASE(a_commit_that_the_store_refuses_ends_the_move) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  nodes.refused[Write::Kind::committed] = {"storage.full", "the disk is full", {}, {}};
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "storage.full");
  BOOST_TEST(nodes["a"].runs("x"));
  BOOST_TEST(!nodes["b"].owns("x"));
  nodes.refused.clear();
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "");
}

BOOST_AUTO_TEST_CASE(a_target_whose_disk_is_full_ends_the_move) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  nodes.refused[Write::Kind::part] = {"storage.full", "the disk is full", {}, {}};
  BOOST_TEST(nodes.outcome(nodes.migrate("a", "x", "b")) == "storage.full");
  BOOST_TEST(nodes["a"].runs("x"));
}

BOOST_AUTO_TEST_CASE(while_the_commit_is_on_its_way_to_the_disk_no_watchdog_thaws_the_agent) {
  Nodes nodes({"a", "b"}, quick());
  nodes["a"].created("x");
  nodes.settle();
  nodes.held = {Write::Kind::committed};
  const auto move = nodes.migrate("a", "x", "b");
  nodes.silent = {"b"};
  nodes.tick(100);
  BOOST_TEST(!nodes["a"].runs("x"));
  nodes.silent.clear();
  nodes.release();
  nodes.tick(10);
  BOOST_TEST(nodes.outcome(move) == "");
  BOOST_TEST(nodes["b"].runs("x"));
}

BOOST_AUTO_TEST_CASE(a_prepared_copy_found_at_the_start_is_asked_about_and_dropped_where_the_source_says_so) {
  Nodes nodes({"a", "b"});
  ClusterOptions options;
  options.node = "c";
  options.identity = "store-of-c";
  options.incarnation = 5;
  ClusterCore core(options);
  core.recovered({}, {{"x", 3, "a", 1, 9, true}, {"y", 4, "a", 1, 2, false}}, {"a"});
  std::vector<std::string> dropped;
  const auto look = [&] {
    int questions = 0;
    for (auto& effect : core.effects()) {
      if (auto* send = std::get_if<Send>(&effect))
        questions += send->message.body.type == events::PeerBody::MoveQuestion;
      if (auto* write = std::get_if<Write>(&effect))
        if (write->kind == Write::Kind::discarded) dropped.push_back(write->agent);
    }
    return questions;
  };
  look();
  BOOST_TEST(dropped == std::vector<std::string>{"y"});  // it was not whole
  core.peer_started("a", 1);
  BOOST_TEST(look() == 1);
  BOOST_TEST(!core.owns("x"));
  for (int i = 0; i < 200; ++i) core.tick();
  BOOST_TEST(!core.owns("x"));  // never alone
  events::PeerMessageT message;
  events::MoveAbandonedT over;
  over.agent = "x";
  over.move = 3;
  message.body.Set(std::move(over));
  core.received("a", std::move(message));
  look();
  BOOST_TEST(dropped.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_ask_that_was_forwarded_twice_is_sent_back_with_what_is_known) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  events::AskT ask;
  ask.origin = "a";
  ask.agent = "x";
  ask.hops = 2;
  ask.commands.push_back(std::make_unique<events::AskedCommandT>());
  events::PeerMessageT message;
  message.body.Set(std::move(ask));
  nodes["b"].received("a", std::move(message));
  const auto effects = nodes["b"].effects();
  BOOST_REQUIRE(effects.size() == 1u);
  const auto& sent = std::get<Send>(effects[0]);
  BOOST_REQUIRE(sent.message.body.type == events::PeerBody::Told);
  BOOST_TEST(sent.message.body.AsTold()->moved->node == "a");
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_learns_that_the_outcome_is_not_known) {
  Nodes nodes({"a", "b"});
  nodes["a"].created("x");
  nodes.settle();
  nodes.silent = {"a"};
  const auto ticket = nodes.command("b", "x", 1, 5);
  nodes.tick(4);
  BOOST_TEST(nodes.outcome(ticket) == "-");
  nodes.tick(2);
  BOOST_TEST(nodes.outcome(ticket) == "cluster.unreachable");
  BOOST_TEST(nodes["b"].waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(a_follower_adopts_the_agent_of_a_lost_node_and_fences_it_when_it_comes_back) {
  Nodes nodes({"a", "b"}, quick());
  nodes["a"].created("x");
  nodes.settle();
  BOOST_TEST(nodes.outcome(nodes.adopt("b", "x")) == "cluster.not_lost");
  nodes.silent = {"a"};
  nodes.tick(10);
  BOOST_TEST(nodes.outcome(nodes.adopt("b", "x")) == "");
  BOOST_TEST(nodes["b"].runs("x"));
  BOOST_TEST(nodes["b"].directory().find("x")->epoch > (1ull << 32));
  nodes.silent.clear();
  nodes.tick(50);
  BOOST_TEST(!nodes["a"].owns("x"));
  BOOST_TEST(nodes["a"].directory().find("x")->node == "b");
  BOOST_REQUIRE(!nodes.writes.empty());
  const auto& [node, write] = nodes.writes.back();
  BOOST_TEST(node == "a");
  BOOST_CHECK(write.kind == Write::Kind::fenced);
  BOOST_TEST(nodes.outcome(nodes.command("a", "x", 1)) == "");
  BOOST_TEST(nodes.faults.empty());
}

BOOST_AUTO_TEST_CASE(a_node_that_comes_back_waits_for_what_its_seeds_own_before_it_serves) {
  ClusterOptions options = quick();
  options.node = "a";
  options.identity = "store-of-a";
  options.incarnation = 2;
  ClusterCore core(options);
  RecoveredAgent agent;
  agent.agent = "x";
  agent.owner = "a";
  agent.epoch = 1;
  core.recovered({agent}, {}, {"b"});
  BOOST_TEST(!core.runs("x"));
  core.peer_started("b", 1);
  events::PlacesChangedT places;
  places.revision = 1;
  places.places.push_back(std::make_unique<events::PlaceT>());
  places.places[0]->agent = "x";
  places.places[0]->epoch = 1ull << 32;
  places.places[0]->node = "b";
  places.places[0]->adopted_at = 5;
  events::PeerMessageT message;
  message.body.Set(std::move(places));
  core.received("b", std::move(message));
  BOOST_TEST(!core.owns("x"));
  for (const auto& effect : core.effects())
    if (const auto* order = std::get_if<Control>(&effect)) BOOST_CHECK(order->kind != Control::Kind::start);
}

BOOST_AUTO_TEST_CASE(a_leaving_node_empties_itself_first) {
  Nodes nodes({"a", "b", "c"});
  for (const auto* agent : {"x", "y", "z"}) nodes["a"].created(agent);
  nodes.settle();
  const auto ticket = nodes.leave("a");
  nodes.tick(40);
  BOOST_TEST(nodes.outcome(ticket) == "");
  BOOST_TEST(nodes["a"].agents().empty());
  BOOST_TEST(nodes["b"].agents().size() + nodes["c"].agents().size() == 3u);
  BOOST_CHECK(nodes["b"].members().find("a")->state == MemberState::left);
}

BOOST_AUTO_TEST_CASE(two_nodes_with_one_identity_refuse_each_other) {
  Nodes nodes({"a", "b"});
  events::PeerGreetingT greeting;
  greeting.node = "b";
  greeting.identity = "store-of-a";
  events::PeerMessageT message;
  message.body.Set(std::move(greeting));
  nodes["a"].received("b", std::move(message));
  nodes.settle();
  BOOST_TEST(nodes.faults == std::vector<std::string>{"cluster.same_identity"});
  BOOST_CHECK(nodes["a"].members().find("b")->state == MemberState::refused);
}

BOOST_AUTO_TEST_CASE(two_owners_of_one_epoch_are_a_fault_that_is_reported) {
  Nodes nodes({"a", "b", "c"});
  nodes["a"].created("x");
  nodes.settle();
  nodes["b"].created("x");
  nodes.settle();
  BOOST_TEST(has(nodes.faults, "cluster.two_owners"));
}

BOOST_AUTO_TEST_CASE(messages_about_places_grow_with_changes_not_with_time_or_agents) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("n" + std::to_string(i));
  Nodes nodes(names);
  for (int i = 0; i < 100; ++i)
    nodes[names[static_cast<std::size_t>(i % 20)]].created("x" + std::to_string(i));
  nodes.settle();
  nodes.sent.clear();
  nodes.tick(50);
  BOOST_TEST(nodes.sent[events::PeerBody::PlacesChanged] == 0);  // idle agents cost nothing
  nodes.migrate("n0", "x0", "n1");
  BOOST_TEST(nodes.sent[events::PeerBody::PlacesChanged] == 19);  // one to each other node
  nodes.migrate("n1", "x0", "n2");
  BOOST_TEST(nodes.sent[events::PeerBody::PlacesChanged] == 38);
}

BOOST_AUTO_TEST_SUITE_END()
