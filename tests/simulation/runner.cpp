#include "tests/simulation/runner.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace automodel::cluster::simulation {

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all = {
      {"repeats-delivered", &Rules::drop_repeats, "a channel delivers what arrives twice twice"},
      {"acknowledged-early", &Rules::answer_after_commit, "a command is answered before its commit"},
      {"lower-epoch-wins", &Rules::higher_epoch_wins, "the directory takes whatever comes"},
      {"activated-early", &Rules::activate_after_commit, "the target activates before the commit"},
      {"activated-in-doubt", &Rules::ask_when_in_doubt, "a target without news activates alone"},
      {"prepared-early", &Rules::prepared_when_durable, "prepared is said before the disk has it"},
      {"tail-forgotten", &Rules::send_tail, "what came between bulk and freeze is not sent"},
      {"inbox-forgotten", &Rules::send_inbox, "the deduplication table does not move"},
      {"outbox-forgotten", &Rules::send_outbox, "open messages do not move"},
      {"unfrozen-unasked", &Rules::unfreeze_after_answer,
       "the watchdog does not wait for the commit's outcome"},
      {"commit-forgotten", &Rules::remember_commit, "a source that starts again forgets what it gave away"},
      {"epoch-unchecked", &Rules::raise_epoch, "the store takes appends of an epoch that is over"},
  };
  return all;
}

Found search(const Search& what) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::atomic<std::uint64_t> next{0}, done{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  Found found;
  const auto run = [&] {
    Counts counts;
    for (std::uint64_t i; !stop && (i = next++) < what.schedules;) {
      if (what.at_most.count() > 0 && Clock::now() - start > what.at_most) break;
      const auto seed = what.first_seed + i;
      const auto plan = draw_plan(seed);
      auto outcome = World(plan, what.rules).run();
      counts.add(outcome.counts);
      ++done;
      if (outcome.fault.empty()) continue;
      stop = true;
      const std::lock_guard lock(mutex);
      if (found.seed && *found.seed < seed) continue;
      found.seed = seed;
      found.fault = std::move(outcome.fault);
    }
    const std::lock_guard lock(mutex);
    found.counts.add(counts);
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < what.threads; ++i) threads.emplace_back(run);
  std::thread watcher;
  std::atomic<bool> over{false};
  if (what.progress)
    watcher = std::thread([&] {
      auto last = Clock::now();
      while (!over) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        if (Clock::now() - last < std::chrono::seconds(1)) continue;
        last = Clock::now();
        what.progress(done);
      }
    });
  run();
  for (auto& thread : threads) thread.join();
  over = true;
  if (watcher.joinable()) watcher.join();
  found.schedules = done;
  found.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return found;
}

Plan shrink(Plan plan, const Rules& rules, int at_most) {
  const auto fails = [&](const Plan& candidate) {
    return --at_most >= 0 && !World(candidate, rules).run().fault.empty();
  };
  const auto attempt = [&](auto change) {
    Plan smaller = plan;
    change(smaller);
    if (!fails(smaller)) return false;
    plan = std::move(smaller);
    return true;
  };
  attempt([](Plan& p) { p.loss = 0; });
  attempt([](Plan& p) { p.repetition = 0; });
  attempt([](Plan& p) { p.delay = 0; });
  attempt([](Plan& p) { p.stragglers = false; });
  // Halves first, then single actions, until nothing more can go.
  for (std::size_t size = std::max<std::size_t>(1, plan.actions.size() / 2); at_most > 0;) {
    bool removed = false;
    for (std::size_t at = 0; at < plan.actions.size() && at_most > 0;) {
      const auto count = std::min(size, plan.actions.size() - at);
      const bool gone = attempt([&](Plan& p) {
        const auto first = p.actions.begin() + static_cast<std::ptrdiff_t>(at);
        p.actions.erase(first, first + static_cast<std::ptrdiff_t>(count));
      });
      removed = removed || gone;
      if (!gone) at += size;
    }
    if (size == 1 && !removed) break;
    size = std::max<std::size_t>(1, size / 2);
  }
  // Nodes, agents and clients that nothing names any more.
  const auto names_node = [](const Action& action, int node) {
    switch (action.kind) {
      case Action::Kind::command:
        return false;
      case Action::Kind::repeat:
      case Action::Kind::move:
        return action.b >= node;
      case Action::Kind::cut:
        return action.a >= node || action.b >= node;
      default:
        return action.a >= node;
    }
  };
  while (plan.nodes > 2 && attempt([&](Plan& p) {
           --p.nodes;
           std::erase_if(p.actions, [&](const Action& action) { return names_node(action, p.nodes); });
         })) {
  }
  while (plan.agents > 1 && attempt([&](Plan& p) {
           --p.agents;
           std::erase_if(p.actions, [&](const Action& action) {
             return (action.kind == Action::Kind::command &&
                     (action.b >= p.agents || action.c >= p.agents)) ||
                    (action.kind == Action::Kind::move && action.a >= p.agents);
           });
         })) {
  }
  while (plan.clients > 1 && attempt([&](Plan& p) {
           --p.clients;
           std::erase_if(p.actions, [&](const Action& action) {
             return (action.kind == Action::Kind::command || action.kind == Action::Kind::repeat) &&
                    action.a >= p.clients;
           });
         })) {
  }
  return plan;
}

}  // namespace automodel::cluster::simulation
