// backup, archive, export, import, keys, checkpoint and stats as they are called, on a small history.
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "storage/event_store.hpp"
#include "tests/end_to_end/program.hpp"

namespace fs = std::filesystem;
using automodel::test::Finished;
using automodel::test::TemporaryDirectory;
using nlohmann::json;

namespace {

const std::string history = AUTOMODEL_SOURCE_DIR "/tests/fuzz/corpus/import_jsonl/history.jsonl";

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory with a store in it, imported from the fuzz targets' corpus.
struct Place {
  TemporaryDirectory directory;
  Place() { (void)good({"import", history, "--store", "store"}); }

  Finished run(std::vector<std::string> arguments) const {
    return automodel::test::run(arguments, directory.path());
  }
  /// What a command that must succeed prints as JSON.
  json good(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const Finished ended = run(arguments);
    BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.output + ended.errors);
    return json::parse(ended.output);
  }
  /// The code of the error that a command ends with, and its exit status.
  std::string bad(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const Finished ended = run(arguments);
    const json printed = json::parse(ended.output, nullptr, false);
    if (!printed.contains("error")) return ended.output;
    return printed["error"]["code"].get<std::string>() + " " + std::to_string(ended.status);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(store_commands)

BOOST_AUTO_TEST_CASE(a_backup_is_a_store_with_the_same_history) {
  const Place at;
  const json made = at.good({"backup", "copy", "--store", "store"});
  const json there = at.good({"stats", "--store", "copy"}), here = at.good({"stats", "--store", "store"});
  BOOST_TEST(made["verified"].get<bool>());
  BOOST_TEST(made["events"] == here["events"]);
  BOOST_TEST(made["commit_hash"] == here["commit_hash"]);
  BOOST_TEST(there["commit_hash"] == here["commit_hash"]);
  BOOST_TEST(at.good({"replay", "--verify", "--store", "copy"})["match"].get<bool>());
  BOOST_TEST(at.bad({"backup", "copy", "--store", "store"}) == "storage.exists 1");
  BOOST_TEST(at.bad({"backup", "other", "--store", "none"}) == "storage.not_a_store 1");
  BOOST_TEST(at.run({"backup"}).status == 2);
}

BOOST_AUTO_TEST_CASE(old_history_is_archived_and_read_as_before) {
  const Place at;
  const std::string exported = at.run({"export", "--store", "store"}).output;
  const Finished refused = at.run({"archive", "--before", "5", "--store", "store"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.output.find("event 1 and later ones stay: stream '") == 0u, refused.output);
  BOOST_TEST(!fs::exists(at.directory.path() / "store" / "archive"));
  {
    const auto store = automodel::storage::EventStore::open(at.directory.path() / "store").value();
    const auto streams = store->streams().value();
    for (const auto& stream : streams)
      BOOST_REQUIRE(store->save_snapshot(stream, {store->stream_version(stream).value(), "sample/1", {1}}));
  }
  const json planned = at.good({"archive", "--before", "5", "--dry-run", "--store", "store"});
  BOOST_TEST(planned["events"] == 4);
  BOOST_TEST(!fs::exists(at.directory.path() / "store" / "archive"));
  const json made = at.good({"archive", "--before", "5", "--store", "store"});
  BOOST_TEST(made["events"] == 4);
  BOOST_TEST(made["held_back"].is_null());
  BOOST_TEST(fs::exists(at.directory.path() / "store" / "archive" / made["segments"][0].get<std::string>()));
  BOOST_TEST(at.run({"archive", "--before", "5", "--store", "store"}).output ==
             "nothing to archive: events 1 to 4 are archived already\n");
  const Finished rest = at.run({"archive", "--before", "2100-01-01T00:00Z", "--store", "store"});
  BOOST_TEST(rest.output.find("archived 2 events of store") == 0u, rest.output);
  BOOST_TEST(at.run({"export", "--store", "store"}).output == exported);
  BOOST_TEST(at.run({"verify", "--store", "store"}).status == 0);
  BOOST_TEST(at.good({"replay", "--verify", "--store", "store"})["match"].get<bool>());
  BOOST_TEST(at.good({"stats", "--store", "store"})["archived_events"] == 6);
  const json projections = at.good({"projections", "list", "--store", "store"});
  BOOST_REQUIRE(projections.size() == 1u);
  BOOST_TEST(projections[0]["name"] == "memory");
  BOOST_TEST(projections[0]["of_nodes"].get<bool>());
  BOOST_TEST(at.bad({"projections", "drop", "memory", "--store", "store"}) == "storage.projection_in_use 1");
  BOOST_TEST(at.bad({"projections", "drop", "x", "--store", "store"}) == "storage.no_such_projection 1");
  BOOST_TEST(at.bad({"archive", "--before", "yesterday", "--store", "store"}) == "usage.moment 2");
  BOOST_TEST(at.bad({"archive", "--before", "5", "--store", "none"}) == "storage.not_a_store 1");
  BOOST_TEST(at.run({"archive", "--store", "store"}).status == 2);
}

BOOST_AUTO_TEST_CASE(an_export_comes_back_as_the_same_store) {
  const Place at;
  const Finished printed = at.run({"export", "--store", "store"});
  BOOST_TEST(printed.output == contents(history));
  BOOST_TEST(printed.errors == "");
  const json out = at.good({"export", "--format", "binary", "--output", "file", "--store", "store"});
  const json in = at.good({"import", "file", "--store", "again"});
  BOOST_TEST(in["commit_hash"] == out["commit_hash"]);
  BOOST_TEST(at.run({"export", "--store", "again"}).output == printed.output);
  BOOST_TEST(at.bad({"export", "--output", "file", "--store", "store"}) == "storage.exists 1");
  BOOST_TEST(at.bad({"export", "--format", "xml", "--store", "store"}) == "usage.format 2");
  BOOST_TEST(at.bad({"import", "file", "--store", "store"}) == "storage.exists 1");
  BOOST_TEST(at.bad({"import", "store/events.mdb", "--store", "new"}) == "storage.malformed 1");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_signed_and_verified) {
  const Place at;
  (void)at.good({"keys", "generate", "keys"});
  (void)at.good(
      {"checkpoint", "sign", "--key", "keys/checkpoint.key", "--output", "now", "--store", "store"});
  const json verdict =
      at.good({"checkpoint", "verify", "now", "--public-key", "keys/checkpoint.pub", "--store", "store"});
  BOOST_TEST(verdict["verdict"] == "genuine");
  BOOST_TEST(verdict["key_checked"].get<bool>());
  BOOST_TEST(at.good({"checkpoint", "verify", "now", "--export", history})["verdict"] == "genuine");
  std::string text = contents(at.directory.path() / "now");
  text[text.find("sequence: ") + 10] ^= 1;
  std::ofstream(at.directory.path() / "changed") << text;
  const Finished changed = at.run({"checkpoint", "verify", "changed", "--store", "store"});
  BOOST_TEST(changed.status == 1);
  BOOST_TEST(changed.output.starts_with("wrong_signature: "));
  BOOST_TEST(at.bad({"keys", "generate", "keys"}) == "keys.exists 1");
  fs::permissions(at.directory.path() / "keys/checkpoint.key", fs::perms::others_read, fs::perm_options::add);
  BOOST_TEST(at.bad({"checkpoint", "sign", "--key", "keys/checkpoint.key", "--store", "store"}) ==
             "keys.readable_by_others 1");
}

BOOST_AUTO_TEST_CASE(stats_come_as_text_as_json_and_for_prometheus) {
  const Place at;
  const json s = at.good({"stats", "--store", "store"});
  BOOST_TEST(s["events"].get<int>() > 0);
  BOOST_TEST(s["projections"][0]["behind"] == 0);
  const std::string count = std::to_string(s["events"].get<int>());
  BOOST_TEST(at.run({"stats", "--store", "store"}).output.find("events        " + count + " in") !=
             std::string::npos);
  BOOST_TEST(
      at.run({"stats", "--prometheus", "--store", "store"}).output.find("automodel_store_events " + count) !=
      std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
