// automodel replay [--until SEQUENCE|TIME] [--verify] | --what-if policy=FILE
#include <iostream>
#include <optional>

#include "storage/memory/past.hpp"
#include "storage/memory/query.hpp"
#include "tools/automodel/hindsight_text.hpp"
#include "tools/automodel/policy_file.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/stores.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string until;
  std::string what_if;
  bool verify = false;
};

double rate(std::uint64_t events, double seconds) {
  return seconds > 0 ? static_cast<double>(events) / seconds : 0;
}

std::string speed(std::uint64_t events, double seconds) {
  return grouped(events) + " events in " + fixed(seconds, 2) + " s (" +
         grouped(static_cast<std::uint64_t>(rate(events, seconds))) + " a second)";
}

std::string chain_text(const std::string& fault) {
  return fault.empty() ? "The chain of hashes is whole." : "The chain of hashes is BROKEN: " + fault;
}

/// The whole history: memory is stored as of the newest event, so the two can be compared.
Result<int> replay_all(const Program& program, const Options& options, const storage::EventStore& store) {
  auto result = [&] {
    ProgressLine progress;
    return storage::replay(store, progress.watch());
  }();
  if (!result) return fail(result.error());
  const bool good = !options.verify || (result->chain_intact && result->match);
  if (program.json) {
    nlohmann::json line = {{"events", result->events},
                           {"seconds", result->seconds},
                           {"events_per_second", rate(result->events, result->seconds)},
                           {"digest", result->digest},
                           {"chain_intact", result->chain_intact}};
    if (options.verify) {
      line["stored_digest"] = result->stored_digest;
      line["match"] = result->match;
    }
    if (!result->chain_fault.empty()) line["chain_fault"] = result->chain_fault;
    print_json(line);
    return good ? 0 : 1;
  }
  std::cout << speed(result->events, result->seconds) << "\nmemory rebuilt: " << result->digest << '\n';
  if (options.verify)
    std::cout << "memory stored:  " << result->stored_digest << "\n"
              << (result->match ? "They are the same." : "They are NOT the same.") << '\n';
  std::cout << chain_text(result->chain_fault) << '\n';
  return good ? 0 : 1;
}

std::string moment_text(const storage::Moment& moment) {
  if (moment.sequence == 0) return "before the first event";
  return "after event " + grouped(moment.sequence) + " (" + storage::time_text(moment.time) + ")";
}

/// Memory as it was. There is nothing stored to compare it with.
Result<int> replay_until(const Program& program, const Options& options, const storage::EventStore& store) {
  std::optional<ProgressLine> progress(std::in_place);
  auto moment = storage::moment_of(store, options.until, progress->watch());
  if (!moment) return fail(moment.error());
  auto past = storage::memory_at(store, moment->sequence, progress->watch());
  progress.reset();
  if (!past) return fail(past.error());
  const auto digest = events::hex(storage::digest(*storage::memory_projection(), *past->rows));
  const auto chain = store.verify();
  const std::string fault = chain ? "" : to_string(chain.error());
  const int status = options.verify && !chain ? 1 : 0;
  const auto counts = storage::row_counts(*past->rows);
  if (program.json) {
    nlohmann::json line = {{"events", past->events},
                           {"seconds", past->seconds},
                           {"events_per_second", rate(past->events, past->seconds)},
                           {"digest", digest},
                           {"chain_intact", chain.has_value()},
                           {"sequence", moment->sequence},
                           {"time", moment->sequence == 0 ? "" : storage::time_text(moment->time)},
                           {"later", moment->later}};
    for (const auto& [table, count] : counts) line["tables"][table] = count;
    if (!chain) line["chain_fault"] = fault;
    print_json(line);
    return status;
  }
  std::cout << "memory as it was " << moment_text(*moment) << "\n";
  for (const auto& [table, count] : counts)
    if (count > 0) std::cout << "  " << pad_right(table, 14) << grouped(count) << '\n';
  if (moment->later > 0)
    std::cout << grouped(moment->later) << " of its events carry a later time: a clock went back.\n";
  std::cout << speed(past->events, past->seconds) << "\nmemory rebuilt: " << digest << '\n'
            << chain_text(fault) << '\n';
  return status;
}

Result<int> what_if(const Program& program, const Options& options, const storage::EventStore& store) {
  constexpr std::string_view key = "policy=";
  if (!options.what_if.starts_with(key))
    return fail("usage.what_if", "'" + options.what_if + "' does not name a policy", "--what-if",
                "for example --what-if policy=greedy.toml");
  const auto file = options.what_if.substr(key.size());
  auto policy = read_policy(file);
  if (!policy) return fail(policy.error());
  actors::Retrospect retrospect(*policy);
  auto read = store.read_all(1, [&](const events::Recorded& event) {
    retrospect.see(event);
    return true;
  });
  if (!read) return fail(read.error());
  const auto changes = actors::changes_of(*policy);
  if (program.json)
    print_json(hindsight_json(retrospect.account(), changes));
  else
    std::cout << hindsight_text(retrospect.account(), changes);
  return 0;
}

Result<int> replay(const Program& program, const Options& options) {
  if (!options.what_if.empty() && (!options.until.empty() || options.verify))
    return fail("usage.what_if", "--what-if goes with neither --until nor --verify", "--what-if",
                "ask one after the other");
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  if (!options.what_if.empty()) return what_if(program, options, **store);
  return options.until.empty() ? replay_all(program, options, **store)
                               : replay_until(program, options, **store);
}

}  // namespace

void add_replay(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, program, "replay", "rebuild memory from the events alone, now or as it was; judge decisions again",
      "  automodel replay --verify\n"
      "  automodel replay --until 1200 --json\n"
      "  automodel replay --until 2026-11-23T14:05:09\n"
      "  automodel replay --what-if policy=greedy.toml\n\n"
      "A time is UTC, to the minute, the second or a fraction of it; without a fraction it stands for its "
      "whole\n"
      "second. It names the events up to the last one, in commit order, that was recorded at or before "
      "it.\n\n"
      "--what-if decides each recorded decision again, on the state before it and with the same seeds, under "
      "the\n"
      "policy of a TOML file, and shows where the choices part. One decision at a time: what follows is "
      "what\n"
      "followed. Covered are the coordinator's choices of proposals and candidates, which trials of a search "
      "go\n"
      "on to the next rung, and promotions; the others are counted by kind. Parameters, and what a node "
      "has:\n\n" +
          policy_help() + "\ngreedy.toml:\n  [coordinator]\n  exploration = 0",
      [&program, options] { return replay(program, *options); });
  command->add_option("--until", options->until, "memory as it was after this sequence or time (UTC)");
  command->add_option("--what-if", options->what_if,
                      "policy=FILE: where would this policy have chosen otherwise?");
  command->add_flag("--verify", options->verify,
                    "compare with the stored memory; exit status 1 where it differs or the chain is broken");
}

}  // namespace automodel::tools
