#include "tests/simulation/plan.hpp"

#include <algorithm>
#include <array>

namespace automodel::cluster::simulation {

namespace {

constexpr std::array<const char*, 8> names = {"command", "repeat", "move",      "leave",
                                              "crash",   "cut",    "slow disk", "full disk"};

}  // namespace

Plan draw_plan(std::uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15ull + 1);
  const auto below = [&](std::uint64_t n) { return static_cast<int>(random() % n); };
  const auto chance = [&](int percent) { return below(100) < percent; };
  Plan plan;
  plan.seed = seed;
  const bool large = chance(3);
  plan.nodes = chance(50) ? 2 : chance(70) ? 3 : 4 + below(2);
  plan.agents = 1 + below(large ? 4 : 2);
  plan.clients = 1 + below(2);
  plan.loss = chance(50) ? 0 : below(25);
  plan.repetition = chance(50) ? 0 : below(25);
  plan.delay = chance(50) ? 0 : below(25);
  plan.patient = chance(70);
  plan.stragglers = chance(40);
  const Time span = (large ? 4 : 1) * (300 + static_cast<Time>(below(500)));
  plan.faults_end = span;
  const auto add = [&](Action::Kind kind, int a, int b, int c, Time length) {
    plan.actions.push_back({kind, 20 + random() % span, a, b, c, length});
  };
  for (int i = 4 + below(large ? 60 : 14); i > 0; --i)
    add(Action::Kind::command, below(plan.clients), below(plan.agents), chance(35) ? below(plan.agents) : -1,
        0);
  for (int i = below(3); i > 0; --i) add(Action::Kind::repeat, below(plan.clients), below(plan.nodes), -1, 0);
  for (int i = 1 + below(large ? 10 : 4); i > 0; --i)
    add(Action::Kind::move, below(plan.agents), below(plan.nodes), -1, 0);
  if (plan.nodes > 2 && chance(15)) add(Action::Kind::leave, below(plan.nodes), -1, -1, 0);
  const auto length = [&] { return static_cast<Time>(10 + below(chance(20) ? 500 : 100)); };
  for (int i = chance(65) ? 1 + below(large ? 6 : 3) : 0; i > 0; --i)
    add(Action::Kind::crash, below(plan.nodes), -1, -1, length());
  for (int i = chance(35) ? 1 + below(2) : 0; i > 0; --i)
    add(Action::Kind::cut, below(plan.nodes), chance(60) ? below(plan.nodes) : -1, -1, length());
  if (chance(30)) add(Action::Kind::slow_disk, below(plan.nodes), -1, -1, length());
  if (chance(20)) add(Action::Kind::full_disk, below(plan.nodes), -1, -1, length());
  if (chance(2)) {  // an agent that is sent on and on, over a slow network: its commands run after it
    plan.nodes = std::max(plan.nodes, 4);
    plan.delay = 60;
    for (int i = 0; i < 8; ++i)
      plan.actions.push_back(
          {Action::Kind::move, 40 + static_cast<Time>(i) * (span / 9), 0, (i + 1) % plan.nodes, -1, 0});
    for (int i = 0; i < 12; ++i) add(Action::Kind::command, below(plan.clients), 0, -1, 0);
  }
  std::stable_sort(plan.actions.begin(), plan.actions.end(),
                   [](const Action& x, const Action& y) { return x.at < y.at; });
  return plan;
}

std::string describe(const Plan& plan) {
  std::string text = "seed " + std::to_string(plan.seed) + ": " + std::to_string(plan.nodes) + " nodes, " +
                     std::to_string(plan.agents) + " agents, " + std::to_string(plan.clients) +
                     (plan.patient ? " patient" : " impatient") + " clients, loss " +
                     std::to_string(plan.loss) + " %, repetition " + std::to_string(plan.repetition) +
                     " %, delay " + std::to_string(plan.delay) + " %" +
                     (plan.stragglers ? ", stragglers" : "") + "\n";
  for (const auto& action : plan.actions) {
    text += "  at " + std::to_string(action.at) + ": " + names[static_cast<std::size_t>(action.kind)] + " " +
            std::to_string(action.a);
    if (action.b >= 0) text += " " + std::to_string(action.b);
    if (action.c >= 0) text += " " + std::to_string(action.c);
    if (action.length > 0) text += " for " + std::to_string(action.length);
    text += "\n";
  }
  return text;
}

}  // namespace automodel::cluster::simulation
