#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "storage/operations/checkpoint.hpp"
#include "storage/operations/export.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

using Verdict = CheckpointVerdict;

Verdict verdict_on(const SignedCheckpoint& checkpoint, const std::filesystem::path& store) {
  return value(compare_with_store(checkpoint, store, {})).verdict;
}

Verdict verdict_on_export(const SignedCheckpoint& checkpoint, const std::filesystem::path& store,
                          const std::filesystem::path& file, ExportOptions options = {}) {
  value(export_history_to(store, file, options));
  return value(compare_with_export(checkpoint, {file}, {})).verdict;
}

/// A history like the sample, but for one event; every hash is what this history's should be.
void fill_rewritten(const std::filesystem::path& path, int count, int changed) {
  auto store = open_or_throw(path);
  for (int i = 1; i <= count; ++i)
    value(store->append(one("stream/" + std::to_string(i % 3), i == changed ? "other" : "goal")));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(a_checkpoint_proves_the_history_that_it_was_made_of) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store";
  auto store = open_or_throw(path);
  fill(*store, 20);
  const SigningKey key = SigningKey::generate();
  const auto made = value(sign_checkpoint(path, key, noon));
  BOOST_TEST(made.sequence == store->last_sequence());
  BOOST_TEST((made.commit_hash == commit_of(path)));
  const auto read = value(parse_checkpoint(to_text(made), "file"));
  BOOST_TEST(read.node == "local");
  BOOST_TEST(read.time == noon);
  value(check_signature(read, key.public_key()));
  BOOST_TEST((verdict_on(read, path) == Verdict::genuine));
  value(store->append(one("later")));  // what comes later does not matter
  BOOST_TEST((verdict_on(read, path) == Verdict::genuine));
  ExportOptions part;
  part.from = 5;
  part.form = HistoryForm::binary;
  BOOST_TEST((verdict_on_export(read, path, directory.path() / "whole") == Verdict::genuine));
  BOOST_TEST((verdict_on_export(read, path, directory.path() / "part", part) == Verdict::genuine));
  part.from = made.sequence + 1;
  BOOST_TEST((verdict_on_export(read, path, directory.path() / "later", part) == Verdict::not_included));
}

BOOST_AUTO_TEST_CASE(a_history_rewritten_with_all_its_hashes_is_found) {
  TemporaryDirectory directory;
  const auto honest = directory.path() / "honest";
  fill_rewritten(honest, 12, 0);
  const auto made = value(sign_checkpoint(honest, SigningKey::generate(), noon));
  for (const int changed : {1, 7, 12}) {
    const auto forged = directory.path() / ("forged-" + std::to_string(changed));
    fill_rewritten(forged, 15, changed);
    BOOST_TEST(value(open_or_throw(forged)->verify()) == 15u);  // in itself it is sound
    BOOST_TEST((verdict_on(made, forged) == Verdict::rewritten));
    BOOST_TEST((verdict_on_export(made, forged, forged.string() + ".jsonl") == Verdict::rewritten));
  }
  const auto later = directory.path() / "later";
  fill_rewritten(later, 15, 13);  // after the checkpoint's event: that is not its business
  BOOST_TEST((verdict_on(made, later) == Verdict::genuine));
}

BOOST_AUTO_TEST_CASE(older_damaged_and_other_histories_are_told_apart) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store", older = directory.path() / "older";
  fill_rewritten(path, 9, 0);
  fill_rewritten(older, 6, 0);
  const auto made = value(sign_checkpoint(path, SigningKey::generate(), noon));
  BOOST_TEST((verdict_on(made, older) == Verdict::older));
  BOOST_TEST((verdict_on_export(made, older, directory.path() / "older.jsonl") == Verdict::older));
  StoreOptions named;
  named.node = "elsewhere";
  { open_or_throw(directory.path() / "other", named); }
  BOOST_TEST((verdict_on(made, directory.path() / "other") == Verdict::other_node));
  std::string content = content_of(path / "events.mdb");
  for (std::size_t at = content.find("goal"); at != std::string::npos; at = content.find("goal", at + 1))
    content[at] ^= 1;
  write_file(path / "events.mdb", content);
  const auto finding = value(compare_with_store(made, path, {}));
  BOOST_TEST((finding.verdict == Verdict::damaged));
  BOOST_TEST(finding.detail.find("sequence 1") != std::string::npos);
  BOOST_TEST(code_of(sign_checkpoint(path, SigningKey::generate(), noon)) == "storage.corrupt");
}

BOOST_AUTO_TEST_CASE(no_bit_of_a_checkpoint_can_change_unseen) {
  TemporaryDirectory directory;
  StoreOptions named;
  named.node = "node 1 \xFF%";
  fill(*open_or_throw(directory.path(), named), 3);
  const SigningKey key = SigningKey::generate();
  const std::string text = to_text(value(sign_checkpoint(directory.path(), key, noon)));
  const auto accepted = [&](const std::string& changed) {
    const auto read = parse_checkpoint(changed, "file");
    return read && check_signature(*read, {});
  };
  BOOST_TEST(accepted(text));
  BOOST_TEST(value(parse_checkpoint(text, "file")).node == named.node);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    BOOST_TEST(!accepted(changed), "bit " << bit);
  }
  for (std::size_t length = 0; length < text.size(); ++length) BOOST_TEST(!accepted(text.substr(0, length)));
  BOOST_TEST(!accepted(text + "\n"));
}

BOOST_AUTO_TEST_CASE(who_signed_is_checked_against_the_key_that_is_expected) {
  TemporaryDirectory directory;
  fill(*open_or_throw(directory.path()), 3);
  const SigningKey key = SigningKey::generate(), other = SigningKey::generate();
  const auto made = value(sign_checkpoint(directory.path(), key, noon));
  BOOST_TEST(code_of(check_signature(made, key.public_key())) == "");
  BOOST_TEST(code_of(check_signature(made, other.public_key())) == "checkpoint.wrong_key");
  auto claimed = made;
  claimed.public_key = other.public_key();
  BOOST_TEST(code_of(check_signature(claimed, {})) == "checkpoint.wrong_signature");
}

BOOST_AUTO_TEST_CASE(an_empty_store_has_nothing_to_sign) {
  TemporaryDirectory directory;
  { open_or_throw(directory.path()); }
  BOOST_TEST(code_of(sign_checkpoint(directory.path(), SigningKey::generate(), noon)) ==
             "storage.no_such_event");
}

BOOST_AUTO_TEST_CASE(keys_are_private_and_never_overwritten) {
  TemporaryDirectory directory;
  const auto folder = directory.path() / "keys";
  const auto files = value(generate_keys(folder));
  struct stat status {};
  BOOST_REQUIRE(::stat(files.private_key.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
  BOOST_TEST((value(load_public_key(files.public_key)) == files.key));
  BOOST_TEST((value(SigningKey::load(files.private_key)).public_key() == files.key));
  const std::string before = content_of(files.private_key);
  BOOST_TEST(code_of(generate_keys(folder)) == "keys.exists");
  std::filesystem::remove(files.public_key);
  BOOST_TEST(code_of(generate_keys(folder)) == "keys.exists");
  BOOST_TEST(content_of(files.private_key) == before);
  BOOST_TEST((names_in(folder) == std::vector<std::string>{private_key_name}));
}

BOOST_AUTO_TEST_CASE(a_key_that_others_can_read_or_that_is_damaged_is_refused) {
  TemporaryDirectory directory;
  const auto files = value(generate_keys(directory.path() / "keys"));
  for (const mode_t mode : {0640, 0604, 0660, 0610}) {
    BOOST_REQUIRE(::chmod(files.private_key.c_str(), mode) == 0);
    BOOST_TEST(code_of(SigningKey::load(files.private_key)) == "keys.readable_by_others");
  }
  BOOST_REQUIRE(::chmod(files.private_key.c_str(), 0600) == 0);
  const std::string whole = content_of(files.private_key);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] ^= 1;
    write_file(files.private_key, changed);
    BOOST_TEST(code_of(SigningKey::load(files.private_key)) == "keys.malformed", "byte " << at);
  }
  BOOST_TEST(code_of(SigningKey::load(files.public_key)) == "keys.readable_by_others");
  BOOST_TEST(code_of(load_public_key(files.private_key)) == "keys.malformed");
  BOOST_TEST(code_of(load_public_key(directory.path() / "none")) == "keys.no_such_file");
}

BOOST_AUTO_TEST_SUITE_END()
