// automodel events [--stream S] [--kind K] [--correlation C] [--since T] [--until T] [--from N] [--limit N]
//                  [--newest-first] [--follow]
#include <atomic>
#include <iostream>
#include <thread>

#include "storage/filter_text.hpp"
#include "storage/subscription.hpp"
#include "tools/automodel/event_text.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

struct Options {
  storage::FilterText wanted;
  std::uint64_t from = 1;
  std::uint64_t limit = 0;
  bool newest_first = false;
  bool follow = false;
};

Result<storage::EventFilter> filter_of(const Options& options) {
  auto filter = storage::filter_from_text(options.wanted);
  if (!filter) return filter;
  filter->from = std::max<std::uint64_t>(1, options.from);
  filter->limit = options.limit;
  filter->newest_first = options.newest_first;
  return filter;
}

void print(const events::Recorded& event, bool json) {
  std::cout << (json ? events::to_json(event) : event_line(event)) << '\n';
}

/// Prints what is there and what comes, until it was asked to stop or there is enough.
Result<int> follow(storage::EventStore& store, const storage::EventFilter& filter, bool json) {
  Interrupt interrupt;
  std::atomic<bool> enough{false};
  std::uint64_t shown = 0;
  storage::SubscriptionOptions options;
  options.filter = filter;
  const auto print_next = [&](const events::Recorded& event) -> Result<void> {
    if (enough) return {};
    print(event, json);
    std::cout.flush();
    enough = (filter.limit > 0 && ++shown >= filter.limit) || !std::cout.good();
    return {};
  };
  const auto subscription = storage::subscribe(store, filter.from - 1, print_next, options);
  while (!enough && interrupt.count() == 0) {
    if (auto running = subscription->status(); !running) return fail(running.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return 0;
}

Result<int> show(const Program& program, const Options& options) {
  if (options.follow && options.newest_first)
    return fail("usage.follow", "--follow shows what comes: it cannot be newest first", "--newest-first");
  const auto filter = filter_of(options);
  if (!filter) return fail(filter.error());
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  for (const auto& stream : options.wanted.streams)
    if (auto known = check_stream(**store, stream); !known) return fail(known.error());
  if (options.follow) return follow(**store, *filter, program.json);
  Interrupt interrupt;
  const auto read = (*store)->read(*filter, [&](const events::Recorded& event) {
    print(event, program.json);
    return std::cout.good() && interrupt.count() == 0;
  });
  if (!read) return fail(read.error());
  return 0;
}

}  // namespace

void add_events(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "events", "the history, event by event",
                                  "  automodel events --newest-first --limit 20\n"
                                  "  automodel events --stream autotrain/main --kind TrialFinished --json\n"
                                  "  automodel events --correlation goal-1 --since 2026-11-23T14:05\n"
                                  "  automodel events --kind DecisionMade --follow",
                                  [&program, options] { return show(program, *options); });
  command
      ->add_option("--stream", options->wanted.streams,
                   "only this stream: coordinator/main, autotrain/main …; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("--kind", options->wanted.kinds,
                   "only this kind: DecisionMade, TrialFinished …; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--correlation", options->wanted.correlation, "only what serves this goal or command");
  command->add_option("--since", options->wanted.since, "only what happened at this time (UTC) or later");
  command->add_option("--until", options->wanted.until, "only what happened before this time (UTC)");
  command->add_option("--from", options->from, "the first sequence to show")->capture_default_str();
  command->add_option("--limit", options->limit, "at most so many (0: all)")->capture_default_str();
  command->add_flag("--newest-first", options->newest_first, "from the newest back");
  command->add_flag("--follow", options->follow, "wait for more until interrupted");
}

}  // namespace automodel::tools
