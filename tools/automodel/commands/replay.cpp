// automodel replay [--until SEQUENCE|TIME] [--verify]
#include <charconv>
#include <iostream>

#include "storage/memory/query.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string until;
  bool verify = false;
};

/// A sequence, or the last one that is not after a time. 0: all.
Result<std::uint64_t> until_of(const storage::EventStore& store, const std::string& text) {
  if (text.empty()) return 0;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (sequence == 0 || sequence > store.last_sequence())
      return fail("replay.no_such_event", "there is no event " + text, store.path().string(),
                  "events are numbered from 1 to " + std::to_string(store.last_sequence()));
    return sequence;
  }
  const auto time = storage::parse_time(text);
  if (!time)
    return fail("usage.until", "'" + text + "' is neither a sequence nor a time", "--until",
                "for example 1200, 2026-11-23 or 2026-11-23T14:05");
  std::uint64_t last = 0;
  auto read = store.read_all(1, [&](const events::Recorded& event) {
    if (event.time > *time) return false;
    last = event.sequence;
    return true;
  });
  if (!read) return fail(read.error());
  if (last == 0)
    return fail("replay.no_such_event", "nothing had happened at " + text, store.path().string());
  return last;
}

Result<int> replay(const Program& program, const Options& options) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  auto until = until_of(**store, options.until);
  if (!until) return fail(until.error());
  auto result = storage::replay(**store, *until);
  if (!result) return fail(result.error());
  // Memory is stored as of the newest event: a part of the history has nothing to be compared with.
  const bool compare = options.verify && *until == 0;
  const double rate = result->seconds > 0 ? static_cast<double>(result->events) / result->seconds : 0;
  const bool good = !options.verify || (result->chain_intact && (!compare || result->match));
  if (program.json) {
    nlohmann::json line = {{"events", result->events},
                           {"seconds", result->seconds},
                           {"events_per_second", rate},
                           {"digest", result->digest},
                           {"chain_intact", result->chain_intact}};
    if (compare) {
      line["stored_digest"] = result->stored_digest;
      line["match"] = result->match;
    }
    if (!result->chain_fault.empty()) line["chain_fault"] = result->chain_fault;
    print_json(line);
    return good ? 0 : 1;
  }
  std::cout << grouped(result->events) << " events in " << fixed(result->seconds, 2) << " s ("
            << grouped(static_cast<std::uint64_t>(rate)) << " a second)\nmemory rebuilt: " << result->digest
            << '\n';
  if (compare)
    std::cout << "memory stored:  " << result->stored_digest << "\n"
              << (result->match ? "They are the same." : "They are NOT the same.") << '\n';
  std::cout << (result->chain_intact ? "The chain of hashes is whole."
                                     : "The chain of hashes is BROKEN: " + result->chain_fault)
            << '\n';
  return good ? 0 : 1;
}

}  // namespace

void add_replay(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "replay", "rebuild memory from the events alone",
                                  "  automodel replay --verify\n"
                                  "  automodel replay --until 1200 --json\n"
                                  "  automodel replay --until 2026-11-23T14:05",
                                  [&program, options] { return replay(program, *options); });
  command->add_option("--until", options->until, "stop after this sequence or time (UTC)");
  command->add_flag("--verify", options->verify,
                    "compare with the stored memory; exit status 1 where it differs or the chain is broken");
}

}  // namespace automodel::tools
