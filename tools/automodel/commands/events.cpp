// automodel events [--stream S] [--kind K] [--from N] [--limit N] [--follow]
#include <iostream>
#include <thread>

#include "tools/automodel/event_text.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string stream;
  std::string kind;
  std::uint64_t from = 1;
  std::uint64_t limit = 0;
  bool follow = false;
};

void print(const events::Recorded& event, bool json) {
  std::cout << (json ? events::to_json(event) : event_line(event)) << '\n';
}

Result<int> show(const Program& program, const Options& options) {
  events::EventBody kind = events::EventBody::NONE;
  if (!options.kind.empty()) {
    auto known = events::kind_from_name(options.kind);
    if (!known) return fail(known.error());
    kind = *known;
  }
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  if (!options.stream.empty()) {
    auto known = check_stream(**store, options.stream);
    if (!known) return fail(known.error());
  }
  Interrupt interrupt;
  std::uint64_t next = std::max<std::uint64_t>(1, options.from), shown = 0;
  const auto full = [&] { return options.limit > 0 && shown >= options.limit; };
  for (;;) {
    auto read = (*store)->read_all(next, [&](const events::Recorded& event) {
      next = event.sequence + 1;
      const bool wanted = (options.stream.empty() || event.stream == options.stream) &&
                          (kind == events::EventBody::NONE || event.event.body.type == kind);
      if (!wanted) return true;
      print(event, program.json);
      ++shown;
      return !full() && std::cout.good();
    });
    if (!read) return fail(read.error());
    if (!options.follow || full() || !std::cout.good()) return 0;
    std::cout.flush();
    while ((*store)->last_sequence() < next) {
      if (interrupt.count() > 0) return 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    if (interrupt.count() > 0) return 0;
  }
}

}  // namespace

void add_events(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "events", "the history, event by event",
                                  "  automodel events --limit 20\n"
                                  "  automodel events --stream autotrain/main --kind TrialFinished --json\n"
                                  "  automodel events --kind DecisionMade --follow",
                                  [&program, options] { return show(program, *options); });
  command->add_option("--stream", options->stream, "only this stream: coordinator/main, autotrain/main …");
  command->add_option("--kind", options->kind, "only this kind: DecisionMade, TrialFinished …");
  command->add_option("--from", options->from, "the first sequence to show")->capture_default_str();
  command->add_option("--limit", options->limit, "at most so many (0: all)")->capture_default_str();
  command->add_flag("--follow", options->follow, "wait for more until interrupted");
}

}  // namespace automodel::tools
