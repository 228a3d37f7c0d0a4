#include "storage/operations/checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "storage/event_store.hpp"
#include "storage/operations/files.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/operations/verified_history.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t checkpoint_version = 1;
constexpr std::size_t max_checkpoint_bytes = 64u << 10;
constexpr std::string_view head = "automodel checkpoint ";
constexpr std::string_view last_field = "signature: ";

/// Names in one line of printable ASCII: other bytes and % as %XX.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte > 0x20 && byte < 0x7F && c != '%')
      text += c;
    else
      text += "%" + events::hex(events::ByteView(&byte, 1));
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      return std::nullopt;
    name += static_cast<char>(byte);
    i += 2;
  }
  return name;
}

std::string signed_text(const SignedCheckpoint& checkpoint) {
  return std::string(head) + std::to_string(checkpoint_version) + "\nnode: " + escaped(checkpoint.node) +
         "\nsequence: " + std::to_string(checkpoint.sequence) +
         "\ncommit_hash: " + events::hex(checkpoint.commit_hash) +
         "\ntime_ns: " + std::to_string(checkpoint.time) +
         "\npublic_key: " + events::hex(checkpoint.public_key) + "\n";
}

events::ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

template <std::size_t size>
bool parse_hex(std::string_view text, std::array<std::uint8_t, size>& bytes) {
  if (text.size() != 2 * size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const char* digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) return false;
  }
  return true;
}

bool parse_field(std::string_view name, std::string_view value, SignedCheckpoint& checkpoint) {
  if (name == "node") {
    auto node = unescaped(value);
    if (node) checkpoint.node = std::move(*node);
    return node.has_value();
  }
  if (name == "sequence") return parse_number(value, checkpoint.sequence) && checkpoint.sequence > 0;
  if (name == "commit_hash") return parse_hex(value, checkpoint.commit_hash);
  if (name == "time_ns") return parse_number(value, checkpoint.time);
  if (name == "public_key") return parse_hex(value, checkpoint.public_key);
  return name == "signature" && parse_hex(value, checkpoint.signature);
}

/// The history followed to the checkpoint's event, or as far as it goes.
CheckpointFinding judge(const SignedCheckpoint& checkpoint, std::uint64_t from, const HistoryPoint& at,
                        const std::optional<Error>& broken) {
  CheckpointFinding finding{CheckpointVerdict::genuine, {}, from, at.sequence, at.commit_hash};
  if (broken) {
    finding.verdict = CheckpointVerdict::damaged;
    finding.detail = to_string(*broken);
  } else if (at.sequence < checkpoint.sequence) {
    finding.verdict = CheckpointVerdict::older;
  } else if (at.commit_hash != checkpoint.commit_hash) {
    finding.verdict = CheckpointVerdict::rewritten;
  }
  return finding;
}

}  // namespace

Result<SignedCheckpoint> sign_checkpoint(const fs::path& given, const SigningKey& key, std::int64_t time) {
  const auto opened = open_to_read(given);
  if (!opened) return fail(opened.error());
  const auto& [path, store, environment] = *opened;
  const auto verified = store->verify();
  if (!verified) return fail(verified.error());
  if (*verified == 0) return fail("storage.no_such_event", "the store has no events to sign", path.string());
  const auto identity = identity_of(*environment);
  if (!identity) return fail(identity.error());
  // A writer may have gone on: what was verified is what is signed.
  const auto record = record_of(*environment, *verified);
  if (!record) return fail(record.error());
  const auto last = events::decode_envelope(*record);
  if (!last) return fail(last.error());
  SignedCheckpoint checkpoint{identity->node, *verified, last->commit_hash, time, key.public_key(), {}};
  checkpoint.signature = key.sign(bytes_of(signed_text(checkpoint)));
  return checkpoint;
}

std::string to_text(const SignedCheckpoint& checkpoint) {
  return signed_text(checkpoint) + std::string(last_field) + events::hex(checkpoint.signature) + "\n";
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view text, const std::string& name) {
  const auto wrong = [&](std::size_t line, const std::string& what) {
    return fail("checkpoint.malformed", what, name + ":" + std::to_string(line),
                "give the file as automodel checkpoint sign wrote it");
  };
  static constexpr std::string_view fields[] = {"node",    "sequence",   "commit_hash",
                                                "time_ns", "public_key", "signature"};
  SignedCheckpoint checkpoint;
  std::string_view rest = text;
  const auto take_line = [&]() -> std::optional<std::string_view> {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
  };
  const auto first = take_line();
  std::uint64_t version = 0;
  if (!first || !first->starts_with(head) || !parse_number(first->substr(head.size()), version))
    return wrong(1, "this is no checkpoint");
  if (version > checkpoint_version)
    return fail("storage.newer_format",
                "the checkpoint has format " + std::to_string(version) + ", this program reads up to " +
                    std::to_string(checkpoint_version),
                name, "use the newer version of the program that wrote it");
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    const auto line = take_line();
    const std::string prefix = std::string(fields[i]) + ": ";
    if (!line || !line->starts_with(prefix) ||
        !parse_field(fields[i], line->substr(prefix.size()), checkpoint))
      return wrong(i + 2, "its '" + std::string(fields[i]) + "' is missing or wrong");
  }
  // One text for one checkpoint: no other spelling of a number, no other case, nothing after the end.
  const std::string canonical = to_text(checkpoint);
  if (canonical != text) {
    const auto at = std::ranges::mismatch(canonical, text).in1 - canonical.begin();
    return wrong(static_cast<std::size_t>(std::count(canonical.begin(), canonical.begin() + at, '\n')) + 1,
                 "it is not written as a checkpoint is");
  }
  return checkpoint;
}

Result<void> save_checkpoint(const SignedCheckpoint& checkpoint, const fs::path& file) {
  auto staged = Staged::file(file);
  if (!staged) return fail(staged.error());
  const Descriptor made(::open(staged->path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!made) return fail(system_error(errno, "create the file", staged->path()));
  const std::string text = to_text(checkpoint);
  if (auto written = write_all(made, bytes_of(text), staged->path()); !written) return written;
  if (auto synced = sync_file(made, staged->path()); !synced) return synced;
  return staged->publish();
}

Result<SignedCheckpoint> load_checkpoint(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail(system_error(errno, "read the checkpoint", file));
  std::string text(max_checkpoint_bytes, '\0');
  const ssize_t got = ::read(opened.number(), text.data(), text.size());
  if (got < 0) return fail(system_error(errno, "read the checkpoint", file));
  text.resize(static_cast<std::size_t>(got));
  return parse_checkpoint(text, file.string());
}

Result<void> check_signature(const SignedCheckpoint& checkpoint, const std::optional<PublicKey>& expected) {
  if (!is_signed_by(checkpoint.public_key, bytes_of(signed_text(checkpoint)), checkpoint.signature))
    return fail("checkpoint.wrong_signature", "the signature is wrong: the checkpoint was changed", {},
                "take the copy of it that somebody else kept");
  if (expected && *expected != checkpoint.public_key)
    return fail("checkpoint.wrong_key", "it was signed with the key " + events::hex(checkpoint.public_key) +
                                            ", not with the one given");
  return {};
}

Result<CheckpointFinding> compare_with_store(const SignedCheckpoint& checkpoint, const fs::path& given,
                                             const Watch& watch) {
  const auto opened = open_to_read(given);
  if (!opened) return fail(opened.error());
  const auto& [path, store, environment] = *opened;
  const auto identity = identity_of(*environment);
  if (!identity) return fail(identity.error());
  if (identity->node != checkpoint.node)
    return CheckpointFinding{CheckpointVerdict::other_node, identity->node, 1, 0, {}};
  HistoryCheck check;
  std::optional<Error> broken;
  const std::uint64_t until = std::min(identity->last_sequence, checkpoint.sequence);
  const auto visited =
      visit_records(*environment, 1, until, [&](std::uint64_t sequence, events::ByteView record) {
        if (auto on = go_on(sequence % 1024 ? Watch() : watch, {"verifying", sequence, until, "events"}); !on)
          return on;
        const auto next = check.next(record);
        if (!next) broken = next.error();
        return next ? Result<void>() : fail(next.error());
      });
  if (!visited && !broken && visited.error().code == "storage.corrupt") broken = visited.error();
  if (!visited && !broken) return fail(visited.error());
  return judge(checkpoint, 1, check.at(), broken);
}

Result<CheckpointFinding> compare_with_export(const SignedCheckpoint& checkpoint,
                                              const std::vector<fs::path>& files, const Watch& watch) {
  auto history = VerifiedHistory::open(files);
  if (!history) return fail(history.error());
  if (history->header().node != checkpoint.node)
    return CheckpointFinding{CheckpointVerdict::other_node, history->header().node, 1, 0, {}};
  // What a header says of events before it proves nothing.
  if (history->header().from > checkpoint.sequence)
    return CheckpointFinding{CheckpointVerdict::not_included, {}, history->header().from, 0, {}};
  std::optional<Error> broken;
  while (history->at().sequence < checkpoint.sequence) {
    const auto next = history->next();
    if (!next && next.error().code != "storage.corrupt" && next.error().code != "storage.malformed")
      return fail(next.error());
    if (!next) broken = next.error();
    if (!next || !*next) break;
    if (history->at().sequence % 1024 == 0)
      if (auto on = go_on(watch, {"verifying", history->bytes_read(), history->bytes_total(), "bytes"}); !on)
        return fail(on.error());
  }
  return judge(checkpoint, history->header().from, history->at(), broken);
}

}  // namespace automodel::storage
