// A signed statement of what a store's history was at one event: a few lines of text that anybody can keep,
// and check later against the store or an export of it. docs/storage.md, "Checkpoints".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/operations/history_check.hpp"
#include "storage/operations/progress.hpp"
#include "storage/operations/signing_keys.hpp"

namespace automodel::storage {

struct SignedCheckpoint {
  std::string node;
  std::uint64_t sequence = 0;
  events::Hash256 commit_hash{};
  std::int64_t time = 0;  // UTC, ns: when it was signed, by the signer's clock
  PublicKey public_key{};
  Signature signature{};
};

/// Signs where the store stands, after its whole history was verified: what is signed is known to be sound.
/// Errors: storage.no_such_event (an empty store has nothing to sign), storage.corrupt and those of opening.
Result<SignedCheckpoint> sign_checkpoint(const std::filesystem::path& store, const SigningKey& key,
                                         std::int64_t time);

/// The file's text. The signature covers every byte of it before the line of the signature.
std::string to_text(const SignedCheckpoint& checkpoint);
/// Only exactly what `to_text` writes is read. Errors: checkpoint.malformed (with the line),
/// storage.newer_format. Whether the signature holds is not looked at.
Result<SignedCheckpoint> parse_checkpoint(std::string_view text, const std::string& name);

/// Writes a new file, whole or not at all. Errors: storage.exists, storage.no_such_directory, storage.full,
/// storage.io.
Result<void> save_checkpoint(const SignedCheckpoint& checkpoint, const std::filesystem::path& file);
/// Errors: storage.io, and parse_checkpoint's.
Result<SignedCheckpoint> load_checkpoint(const std::filesystem::path& file);

/// Errors: checkpoint.wrong_signature; checkpoint.wrong_key where it is not `expected` that signed.
Result<void> check_signature(const SignedCheckpoint& checkpoint, const std::optional<PublicKey>& expected);

/// What a history says of a checkpoint whose signature holds.
enum class CheckpointVerdict : std::uint8_t {
  genuine,       // the history up to its event is the one that was signed
  rewritten,     // a whole history with other hashes: it was changed at or before that event
  damaged,       // the chain breaks before that event: it was changed, and not even consistently
  older,         // the history ends before that event
  other_node,    // the history is of another node
  not_included,  // the history, a part of an export, begins after that event
};
struct CheckpointFinding {
  CheckpointVerdict verdict = CheckpointVerdict::genuine;
  std::string detail;          // where the chain breaks; the other node's name
  std::uint64_t from = 1;      // what was followed: 1, or where the part of an export begins
  std::uint64_t sequence = 0;  // how far the history was followed
  events::Hash256 commit_hash{};
};
/// Recomputes the chain up to the checkpoint's event. A finding is a result, not an error. Errors: those of
/// opening and reading.
Result<CheckpointFinding> compare_with_store(const SignedCheckpoint& checkpoint,
                                             const std::filesystem::path& store, const Watch& watch);
Result<CheckpointFinding> compare_with_export(const SignedCheckpoint& checkpoint,
                                              const std::vector<std::filesystem::path>& files,
                                              const Watch& watch);

}  // namespace automodel::storage
