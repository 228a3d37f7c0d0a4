// automodel checkpoint sign|verify
#include "storage/operations/checkpoint.hpp"

#include <chrono>
#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using storage::CheckpointVerdict;
using storage::SignedCheckpoint;

struct Options {
  std::string key;
  std::string output;
  std::string file;
  std::vector<std::string> exports;
  std::string public_key;
};

nlohmann::json json_of(const SignedCheckpoint& checkpoint) {
  return {{"node", checkpoint.node},
          {"sequence", checkpoint.sequence},
          {"commit_hash", events::hex(checkpoint.commit_hash)},
          {"time", checkpoint.time},
          {"public_key", events::hex(checkpoint.public_key)}};
}

Result<int> sign(const Program& program, const Options& options) {
  const auto key = storage::SigningKey::load(options.key);
  if (!key) return fail(key.error());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto made = storage::sign_checkpoint(
      program.settings.store, *key, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  if (!made) return fail(made.error());
  if (options.output.empty()) {
    std::cout << storage::to_text(*made);
    return 0;
  }
  if (auto saved = storage::save_checkpoint(*made, options.output); !saved) return fail(saved.error());
  if (program.json) {
    auto line = json_of(*made);
    line["file"] = options.output;
    print_json(line);
    return 0;
  }
  std::cout << "signed event " << made->sequence << " of " << program.settings.store << " in "
            << options.output << "\ncommit hash " << events::hex(made->commit_hash) << '\n';
  return 0;
}

/// The verdict in one word for programs, and in a sentence.
struct Verdict {
  std::string word;
  std::string sentence;
};

Verdict describe(const SignedCheckpoint& checkpoint, const storage::CheckpointFinding& finding) {
  const std::string event = "event " + std::to_string(checkpoint.sequence);
  switch (finding.verdict) {
    case CheckpointVerdict::genuine:
      return {"genuine", finding.from == 1 ? "The history up to " + event + " is the one that was signed."
                                           : "The history from event " + std::to_string(finding.from) +
                                                 " to " + event + " is part of the one that was signed."};
    case CheckpointVerdict::rewritten:
      return {"rewritten", "The history was REWRITTEN at or before " + event +
                               ": its hashes agree with each other, but not with the one that was signed."};
    case CheckpointVerdict::damaged:
      return {"damaged", "The history was CHANGED before " + event + ": " + finding.detail};
    case CheckpointVerdict::older:
      return {"older", "The history is older than the checkpoint: it ends with event " +
                           std::to_string(finding.sequence) + ", the checkpoint is of " + event + "."};
    case CheckpointVerdict::other_node:
      return {"other_node", "The history is of another node: '" + clip(finding.detail, 80) +
                                "', the checkpoint of '" + clip(checkpoint.node, 80) + "'."};
    case CheckpointVerdict::not_included:
      return {"not_included", "The export begins after " + event + ": it says nothing about it."};
  }
  return {};
}

Result<Verdict> judge(const Program& program, const Options& options, const SignedCheckpoint& checkpoint) {
  std::optional<storage::PublicKey> expected;
  if (!options.public_key.empty()) {
    const auto key = storage::load_public_key(options.public_key);
    if (!key) return fail(key.error());
    expected = *key;
  }
  if (auto holds = storage::check_signature(checkpoint, expected); !holds)
    return Verdict{holds.error().code == "checkpoint.wrong_key" ? "wrong_key" : "wrong_signature",
                   "The checkpoint is not to be trusted: " + holds.error().message + "."};
  ProgressLine progress;
  const auto finding =
      options.exports.empty()
          ? storage::compare_with_store(checkpoint, program.settings.store, progress.watch())
          : storage::compare_with_export(checkpoint, {options.exports.begin(), options.exports.end()},
                                         progress.watch());
  if (!finding) return fail(finding.error());
  return describe(checkpoint, *finding);
}

Result<int> verify(const Program& program, const Options& options) {
  const auto checkpoint = storage::load_checkpoint(options.file);
  if (!checkpoint) return fail(checkpoint.error());
  const auto verdict = judge(program, options, *checkpoint);
  if (!verdict) return fail(verdict.error());
  const int status = verdict->word == "genuine" ? 0 : 1;
  if (program.json) {
    auto line = json_of(*checkpoint);
    line["verdict"] = verdict->word;
    line["message"] = verdict->sentence;
    line["key_checked"] = !options.public_key.empty();
    print_json(line);
    return status;
  }
  std::cout << verdict->word << ": " << verdict->sentence << '\n';
  if (status == 0) {
    std::cout << "signed " << time_text(checkpoint->time) << " UTC with the key "
              << events::hex(checkpoint->public_key) << '\n';
    if (options.public_key.empty())
      std::cout << "Whose key that is was not checked: --public-key FILE names the one that it must be.\n";
  }
  return status;
}

}  // namespace

void add_checkpoint(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* checkpoint =
      add_command(app, program, "checkpoint",
                  "signed proof of what the history was: sign it now, verify it later", "", {});
  checkpoint->require_subcommand(0, 1);
  CLI::App* signing =
      add_command(*checkpoint, program, "sign", "verify the history and sign its last event",
                  "  automodel checkpoint sign --key keys/checkpoint.key --output monday.checkpoint",
                  [&program, options] { return sign(program, *options); });
  signing->add_option("--key", options->key, "the private key's file")->required();
  signing->add_option("--output", options->output, "the new file; never overwritten (default: stdout)");
  CLI::App* verifying = add_command(
      *checkpoint, program, "verify", "was history rewritten since it was signed? Status 1: yes, or no proof",
      "  automodel checkpoint verify monday.checkpoint --public-key checkpoint.pub\n"
      "  automodel checkpoint verify monday.checkpoint --export history.jsonl --json",
      [&program, options] { return verify(program, *options); });
  verifying->add_option("file", options->file, "the checkpoint")->required();
  verifying->add_option("--export", options->exports, "compare with an export instead of the store");
  verifying->add_option("--public-key", options->public_key, "the key that must have signed it");
}

}  // namespace automodel::tools
