// As agents_survive_kills, in a network of the test's own: links between nodes are dropped for some seconds
// while agents move, one link or all of a node; where the kernel can, every packet is late and some are lost.
// Off loopback, so encrypted.
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/end_to_end/disturbance.hpp"
#include "tests/end_to_end/namespaces.hpp"

using namespace automodel::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(commands_are_neither_lost_nor_doubled_while_agents_move_and_links_are_dropped) {
  const std::vector<std::string> names{"a", "b", "c"};
  std::string why_not;
  auto network = Namespaces::make(names, why_not);
  if (!network) {
    std::cerr << "skipped: " << why_not << std::endl;
    return;
  }
  if (!network->disturb(5, 1)) std::cerr << "skipped: late and lost packets (no netem here)" << std::endl;
  const auto seed = number_from("AUTOMODEL_SEED", std::random_device{}());
  const auto* links = network.get();
  Nodes nodes(names, 2000, 0, std::move(network));
  BOOST_TEST(nodes.row_of("a", "b").at("encrypted").get<bool>());
  // Shorter and longer than --lost-after (2 s): the others must and must not think that the node is lost.
  check_under_load(nodes, seed, number_from("AUTOMODEL_MIGRATIONS", 20),
                   number_from("AUTOMODEL_PARTITIONS", 4),
                   [&, alone = false](const std::string& node, std::chrono::milliseconds pause) mutable {
                     alone = !alone;
                     const auto& pair = node == names.back() ? names.front() : names.back();
                     const auto all = [&](bool up) {
                       for (const auto& other : names)
                         if (other != node && (alone || other == pair)) links->link(node, other, up);
                     };
                     all(false);
                     std::this_thread::sleep_for(500ms + 4 * pause);
                     all(true);
                   });
}
