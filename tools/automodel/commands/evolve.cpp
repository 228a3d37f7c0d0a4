// automodel evolve: a whole system in one process, from a data set to a better model and its report.
#include <chrono>
#include <iostream>
#include <iterator>
#include <numeric>
#include <thread>

#include "storage/memory/memory.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/live_terminal.hpp"
#include "tools/automodel/live_view.hpp"
#include "tools/automodel/node_access.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/report.hpp"

namespace automodel::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

struct Options {
  actors::GoalText goal;
};

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

/// Shows what happens until the goal is finished or it was asked to stop.
class Watch {
 public:
  Watch(const actors::Node& node, LiveTerminal& terminal, std::string goal)
      : node_(node), terminal_(terminal) {
    state_.goal = std::move(goal);
  }

  /// Folds everything that the store holds by now; tells what came after sequence `told`.
  Result<void> catch_up(std::uint64_t told) {
    return node_.store().read_all(next_, [&](const events::Recorded& event) {
      next_ = event.sequence + 1;
      if (event.sequence > told && !terminal_.is_terminal())
        if (const std::string line = noteworthy(state_, event); !line.empty()) terminal_.say(line);
      observe(state_, event);
      return true;
    });
  }

  /// `told`: the sequence up to which the history is known to whoever looks.
  Result<void> until_finished(const Interrupt& interrupt, std::uint64_t told) {
    while (interrupt.count() == 0) {
      if (auto read = catch_up(told); !read) return read;
      terminal_.draw(render(state_, now(), terminal_.width(), terminal_.color()));
      if (finished()) return {};
      std::this_thread::sleep_for(200ms);
    }
    return {};
  }

  bool finished() const { return state_.state == "finished"; }
  std::uint64_t last_sequence() const { return next_ - 1; }

 private:
  const actors::Node& node_;
  LiveTerminal& terminal_;
  LiveState state_;
  std::uint64_t next_ = 1;
};

std::optional<events::GoalRowT> unfinished_goal(const storage::Memory& memory) {
  const std::string id = current_goal(memory);
  auto row = memory.find<events::GoalRowT>("goals", id);
  return row && row->status != "finished" ? row : std::nullopt;
}

/// A second Ctrl-C ends the program at once: what is durable stays.
void stop_cleanly(actors::Node& node, const std::string& goal, const std::string& sender,
                  std::uint64_t number, Interrupt& interrupt) {
  std::thread impatient([&interrupt] {
    while (interrupt.count() == 1) std::this_thread::sleep_for(50ms);
    if (interrupt.count() > 1) std::_Exit(130);
  });
  events::PauseGoalT pause;
  pause.goal = goal;
  events::CommandT command;
  command.sender = sender;
  command.number = number;
  command.body.Set(std::move(pause));
  if (auto reply = order(node, "coordinator/main", command); !reply)
    std::cerr << "automodel: " << to_string(reply.error()) << '\n';
  node.stop();
  interrupt.forget();
  impatient.join();
}

Result<std::string> begin(actors::Node& node, const Program& program, const events::GoalT& goal,
                          LiveTerminal& terminal, const std::string& sender) {
  if (auto open = unfinished_goal(storage::stored_memory(node.store()))) {
    terminal.say("going on with " + open->id + " (" + (open->goal ? open->goal->metric : "") +
                 (open->goal && open->goal->data ? " on " + open->goal->data->name : "") +
                 "), which is not finished in " + program.settings.store);
    if (open->status == "paused") {
      events::ResumeGoalT resume;
      resume.goal = open->id;
      events::CommandT command;
      command.sender = sender;
      command.number = 1;
      command.body.Set(std::move(resume));
      if (auto reply = order(node, "coordinator/main", command); !reply) return fail(reply.error());
    }
    return open->id;
  }
  auto data = open_dataset(program.settings.data_dir, goal.data->name);
  if (!data) return fail(data.error());
  auto commands = commands_for(*data, goal);
  if (!commands) return fail(commands.error());
  auto reply = submit_goal(node, std::move(*commands), sender, 1);
  if (!reply) return fail(reply.error());
  return reply->subject;
}

Result<int> report(const Program& program, const actors::Node& node, const std::string& goal,
                   std::uint64_t last) {
  if (auto seen = node.store().wait_for("memory", last, 10s); !seen) return fail(seen.error());
  const auto memory = storage::stored_memory(node.store());
  if (program.json) {
    auto result = report_json(memory, goal, last);
    if (!result) return fail(result.error());
    print_json(*result);
  } else {
    auto text = report_text(memory, goal, program.settings.store);
    if (!text) return fail(text.error());
    std::cout << *text;
  }
  return 0;
}

/// A goal with --ask needs a place where people can answer. Does nothing where there is one.
Result<void> wait_for_people(const Settings& settings, std::unique_ptr<actors::SessionServer>& people) {
  if (people) return {};
  auto taken = take_endpoint(settings.endpoint);
  if (!taken) return fail(taken.error());
  people = std::move(*taken);
  return {};
}

Result<int> evolve(const Program& program, Options options) {
  const Settings& settings = program.settings;
  options.goal.label = settings.label;
  options.goal.split = settings.split;
  options.goal.ratios = settings.ratios;
  options.goal.metric = settings.metric;
  options.goal.budget = settings.budget;
  options.goal.max_latency_ms = settings.max_latency_ms;
  options.goal.max_model_mb = settings.max_model_mb;
  options.goal.parallel = worker_count(settings);
  // Everything that can be wrong with the request is found before the store is opened or made.
  auto goal = actors::goal_from_text(options.goal);
  if (!goal) return fail(goal.error());
  auto data = open_or_import(settings.data_dir, options.goal.data, [](const recsys::ImportReport& done) {
    std::cerr << "imported " << done.name << " (" << done.format << ")\n" << malformed_text(done);
  });
  if (!data) return fail(data.error());
  if (auto checked = commands_for(*data, *goal); !checked) return fail(checked.error());
  goal->data->name = data->name();

  Interrupt interrupt;
  std::unique_ptr<actors::SessionServer> people;
  if (goal->ask)  // before the store is touched, as a node does
    if (auto taken = wait_for_people(settings, people); !taken) return fail(taken.error());
  auto node = start_node(program);
  if (!node) return fail(node.error());
  LiveTerminal terminal;
  // Named by where the history stood: unlike every earlier run's, and the same for the same history.
  const std::uint64_t before = (*node)->store().last_sequence();
  const std::string sender = "evolve/" + std::to_string(before);
  auto id = begin(**node, program, *goal, terminal, sender);
  if (!id) return fail(id.error());
  const auto open = unfinished_goal(storage::stored_memory((*node)->store()));
  if (open && open->goal && open->goal->ask)  // one that this run goes on with
    if (auto taken = wait_for_people(settings, people); !taken) return fail(taken.error());
  if (people) {
    people->serve(service_of(**node, settings.data_dir));
    terminal.say("consoles reach this goal: automodel console --connect " + people->endpoint() +
                 " (proposals, approve, veto)");
  }
  Watch watch(**node, terminal, *id);
  if (auto shown = watch.until_finished(interrupt, before); !shown) return fail(shown.error());
  people.reset();  // no more requests before the agents go
  if (!watch.finished()) {
    stop_cleanly(**node, *id, sender, 3, interrupt);
    terminal.say("stopped; everything is kept. The same command goes on with " + *id + ".");
    return 0;
  }
  auto done = report(program, **node, *id, watch.last_sequence());
  (*node)->stop();
  return done;
}

}  // namespace

void add_evolve(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  Settings& settings = program.settings;
  CLI::App* command =
      add_command(app, program, "evolve", "improve a recommender on a data set until the budget is spent",
                  "  automodel evolve --data movielens --goal auc --budget 3m\n"
                  "  automodel evolve --data ratings.csv --goal ndcg10 --max-trials 20 --max-latency-ms 5\n"
                  "  automodel evolve --data movielens --goal catalogue_ndcg10 --budget 30m\n"
                  "  automodel evolve --data movielens --seed 2 --store var/second --json\n\n"
                  "Ctrl-C stops cleanly; the same command goes on.",
                  [&program, options] { return evolve(program, *options); });
  command->add_option("--data", options->goal.data, "name of a data set, or path of one to import")
      ->required();
  const auto& metrics = actors::goal_metrics();
  command
      ->add_option(
          "--goal", settings.metric,
          "what to improve: " + std::accumulate(std::next(metrics.begin()), metrics.end(), metrics.front(),
                                                [](auto all, const auto& next) { return all + ", " + next; }))
      ->capture_default_str();
  command->add_option("--budget", settings.budget,
                      "of time: 90s, 3m, 1h (default 3m, none with --max-trials)");
  command->add_option("--max-trials", options->goal.max_trials, "end after so many trials");
  command->add_option("--label", settings.label, "what makes a row positive")->capture_default_str();
  command->add_option("--split", settings.split, "temporal, random, leave-last-out")->capture_default_str();
  command->add_option("--ratios", settings.ratios, "train, validation, test")->capture_default_str();
  command->add_option("--max-latency-ms", settings.max_latency_ms, "bound on the p99 of scoring a request");
  command->add_option("--max-model-mb", settings.max_model_mb, "bound on the model's size");
  command->add_option("--seed", options->goal.seed, "of every random choice")->capture_default_str();
  command->add_option("--workers", settings.workers,
                      "training processes, and pieces of work at once (default: cores)");
  command->add_option("--threads", settings.threads, "of each training process")->capture_default_str();
  command->add_flag("--ask", options->goal.ask, "each proposal waits for a person (console: approve, veto)");
  command->add_option("--listen", settings.endpoint, "where consoles reach a goal with --ask")
      ->capture_default_str();
}

}  // namespace automodel::tools
