#include <atomic>
#include <boost/test/unit_test.hpp>
#include <sstream>
#include <thread>

#include "events/evolution.hpp"
#include "storage/artifact_store.hpp"
#include "storage/operations/export.hpp"
#include "storage/operations/import.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Places {
  TemporaryDirectory directory;
  std::filesystem::path store = directory.path() / "store";
  std::filesystem::path file = directory.path() / "history";
  std::filesystem::path copy = directory.path() / "copy";
};

std::string memory_stored_in(const std::filesystem::path& path) {
  auto store = open_or_throw(path);
  value(store->attach(memory_projection()));
  const auto memory = memory_projection();
  return events::hex(digest(*memory, *store->projection_rows(memory->name())));
}

std::string exported(const std::filesystem::path& store, ExportOptions options = {}) {
  std::ostringstream out;
  value(export_history(store, out, options));
  return out.str();
}

constexpr HistoryForm both_forms[] = {HistoryForm::json_lines, HistoryForm::binary};

}  // namespace

BOOST_AUTO_TEST_SUITE(exports)

BOOST_AUTO_TEST_CASE(both_forms_come_back_as_the_same_records_with_the_same_digests) {
  for (const HistoryForm form : both_forms) {
    Places at;
    StoreOptions named;
    named.node = "node-\xFE";
    fill(*open_or_throw(at.store, named), 60);
    ExportOptions options;
    options.form = form;
    const auto out = value(export_history_to(at.store, at.file, options));
    BOOST_TEST(out.events == 72u);
    BOOST_TEST(out.bytes == std::filesystem::file_size(at.file));
    BOOST_TEST((out.commit_hash == commit_of(at.store)));
    const auto in = value(import_history({at.file}, at.copy));
    BOOST_TEST(in.events == 72u);
    BOOST_TEST(in.node == "node-\xFE");
    BOOST_TEST((in.commit_hash == out.commit_hash));
    BOOST_TEST((records_of(at.copy) == records_of(at.store)));
    BOOST_TEST(in.memory_digest == memory_stored_in(at.store));
    BOOST_TEST(in.memory_digest == memory_stored_in(at.copy));
    BOOST_TEST(exported(at.copy, options) == content_of(at.file));
    auto copy = open_or_throw(at.copy);
    BOOST_TEST(value(copy->verify()) == 72u);
    BOOST_TEST(value(copy->epoch("\xFFstream")) == 7u);
    BOOST_TEST(code_of(copy->append(one("\xFFstream"))) == "storage.fenced");
  }
}

/// A later version of the program, which says who paused in brackets.
void in_brackets(events::EventT& event) {
  event.body.AsGoalPaused()->by = "[" + event.body.AsGoalPaused()->by + "]";
}

BOOST_AUTO_TEST_CASE(events_of_an_older_version_of_their_kind_are_imported_as_they_were_written) {
  for (const HistoryForm form : both_forms) {
    Places at;
    fill(*open_or_throw(at.store), 40);
    const events::Upcasters upcasters({{events::EventBody::GoalPaused, 0, in_brackets}});
    const events::OtherUpcasters later(upcasters);
    AppendRequest newer = one("stream/1");
    newer.epoch = 9;
    value(open_or_throw(at.store)->append(newer));
    ExportOptions options;
    options.form = form;
    const auto out = value(export_history_to(at.store, at.file, options));
    const auto in = value(import_history({at.file}, at.copy));
    BOOST_TEST((in.commit_hash == out.commit_hash));
    BOOST_TEST((records_of(at.copy) == records_of(at.store)));
    BOOST_TEST(in.memory_digest == memory_stored_in(at.store));
    const auto store = open_or_throw(at.copy);
    BOOST_TEST(value(store->verify()) == out.events);
    BOOST_TEST(value(store->find("stream/1", 1))->event.body.AsGoalPaused()->by == "[test]");
    const auto version = value(store->stream_version("stream/1"));
    BOOST_TEST(value(store->find("stream/1", version))->event.body.AsGoalPaused()->by == "test");
    value(store->append(newer));  // and it goes on
    BOOST_TEST(value(store->verify()) == out.events + 1);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_store_has_an_export_too) {
  for (const HistoryForm form : both_forms) {
    Places at;
    { open_or_throw(at.store); }
    ExportOptions options;
    options.form = form;
    BOOST_TEST(value(export_history_to(at.store, at.file, options)).events == 0u);
    BOOST_TEST(value(import_history({at.file}, at.copy)).events == 0u);
    BOOST_TEST(open_or_throw(at.copy)->last_sequence() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_line_can_be_read_by_people_and_programs) {
  Places at;
  value(open_or_throw(at.store)->append(one("coordinator/main", "goal-7")));
  const std::string text = exported(at.store);
  BOOST_TEST(text.find("\"stream\":\"coordinator/main\",\"version\":1,") != std::string::npos);
  BOOST_TEST(text.find("\"kind\":\"GoalPaused\"") != std::string::npos);
  BOOST_TEST(text.find("\"body\":{\"goal\":\"goal-7\",\"by\":\"test\"}") != std::string::npos);
  BOOST_TEST(std::ranges::count(text, '\n') == 3);
}

BOOST_AUTO_TEST_CASE(parts_are_imported_in_their_order_and_in_no_other) {
  Places at;
  fill(*open_or_throw(at.store), 40);
  const std::uint64_t last = records_of(at.store).size();
  std::vector<std::filesystem::path> parts;
  std::uint64_t from = 1;
  for (const std::uint64_t until : {std::uint64_t{7}, std::uint64_t{8}, last}) {
    ExportOptions options;
    options.form = parts.size() == 1 ? HistoryForm::binary : HistoryForm::json_lines;
    options.from = from;
    options.until = until;
    parts.push_back(at.directory.path() / ("part-" + std::to_string(parts.size())));
    BOOST_TEST(value(export_history_to(at.store, parts.back(), options)).events == until + 1 - from);
    from = until + 1;
  }
  BOOST_TEST(code_of(import_history({parts[0], parts[2]}, at.copy)) == "storage.malformed");
  BOOST_TEST(code_of(import_history({parts[1], parts[2]}, at.copy)) == "storage.malformed");
  BOOST_TEST(code_of(import_history({parts[0], parts[0]}, at.copy)) == "storage.malformed");
  BOOST_TEST(!std::filesystem::exists(at.copy));
  BOOST_TEST(value(import_history(parts, at.copy)).events == last);
  BOOST_TEST((records_of(at.copy) == records_of(at.store)));
}

BOOST_AUTO_TEST_CASE(what_does_not_exist_is_not_exported) {
  Places at;
  fill(*open_or_throw(at.store), 4);
  for (const auto& [from, until] : {std::pair{0, 2}, std::pair{5, 0}, std::pair{1, 5}}) {
    ExportOptions options;
    options.from = static_cast<std::uint64_t>(from);
    options.until = static_cast<std::uint64_t>(until);
    BOOST_TEST(code_of(export_history_to(at.store, at.file, options)) == "storage.no_such_event");
  }
  ExportOptions backwards;
  backwards.from = 3;
  backwards.until = 1;
  BOOST_TEST(code_of(export_history_to(at.store, at.file, backwards)) == "usage.range");
  BOOST_TEST((names_in(at.directory.path()) == std::vector<std::string>{"store"}));
}

BOOST_AUTO_TEST_CASE(nothing_is_overwritten) {
  Places at;
  fill(*open_or_throw(at.store), 4);
  value(export_history_to(at.store, at.file));
  const std::string before = content_of(at.file);
  BOOST_TEST(code_of(export_history_to(at.store, at.file)) == "storage.exists");
  BOOST_TEST(content_of(at.file) == before);
  std::filesystem::create_directory(at.copy);
  write_file(at.copy / "mine", "mine");
  BOOST_TEST(code_of(import_history({at.file}, at.copy)) == "storage.exists");
  BOOST_TEST(code_of(import_history({at.file}, at.store)) == "storage.exists");
  BOOST_TEST(code_of(import_history({at.file}, at.file)) == "storage.exists");
  std::filesystem::remove(at.copy / "mine");
  value(import_history({at.file}, at.copy));
}

BOOST_AUTO_TEST_CASE(an_interrupted_export_or_import_leaves_nothing) {
  Places at;
  {
    auto store = open_or_throw(at.store);
    for (int i = 0; i < 30; ++i) {
      AppendRequest request = one("many");
      while (request.events.size() < 100) request.events.push_back(paused("x"));
      value(store->append(std::move(request)));
    }
  }
  ExportOptions exporting;
  int left = 1;
  exporting.watch = [&](const Progress&) { return left-- > 0; };
  BOOST_TEST(code_of(export_history_to(at.store, at.file, exporting)) == "storage.interrupted");
  BOOST_TEST((names_in(at.directory.path()) == std::vector<std::string>{"store"}));
  value(export_history_to(at.store, at.file));
  ImportOptions importing;
  importing.watch = exporting.watch;
  left = 1;
  BOOST_TEST(code_of(import_history({at.file}, at.copy, importing)) == "storage.interrupted");
  BOOST_TEST((names_in(at.directory.path()) == std::vector<std::string>{"history", "store"}));
}

BOOST_AUTO_TEST_CASE(writers_may_go_on_while_a_history_is_exported) {
  Places at;
  auto store = open_or_throw(at.store);
  fill(*store, 30);
  ExportOptions options;
  options.watch = [&](const Progress&) { return true; };
  const std::uint64_t last = store->last_sequence();
  std::ostringstream out;
  std::atomic<bool> enough = false;
  std::jthread writer([&] {
    while (!enough) value(store->append(one("writer")));
  });
  while (store->last_sequence() == last) std::this_thread::yield();
  const auto result = value(export_history(at.store, out, options));
  enough = true;
  writer.join();
  BOOST_TEST(result.events > last);
  write_file(at.file, out.str());
  BOOST_TEST(value(import_history({at.file}, at.copy)).events == result.events);
}

BOOST_AUTO_TEST_CASE(artifacts_travel_in_a_folder) {
  Places at;
  const auto folder = at.directory.path() / "artifacts-of-history";
  auto store = open_or_throw(at.store);
  const auto artifacts = value(ArtifactStore::open(at.store / "artifacts"));
  const auto hash = value(artifacts.put(events::Bytes(5000, 3)));
  AppendRequest request = one("autotrain/main");
  request.events.front() = trained(hash);
  value(store->append(std::move(request)));
  ExportOptions exporting;
  exporting.artifacts = folder;
  BOOST_TEST(value(export_history_to(at.store, at.file, exporting)).artifacts.count == 1u);
  ImportOptions importing;
  importing.artifacts = folder;
  BOOST_TEST(value(import_history({at.file}, at.copy, importing)).artifacts.count == 1u);
  const auto copies = value(ArtifactStore::open(at.copy / "artifacts"));
  BOOST_TEST((value(copies.get(hash)) == events::Bytes(5000, 3)));
  write_file(folder / hash, "something else");
  BOOST_TEST(code_of(import_history({at.file}, at.directory.path() / "third", importing)) ==
             "storage.corrupt");
  BOOST_TEST(!std::filesystem::exists(at.directory.path() / "third"));
}

BOOST_AUTO_TEST_SUITE_END()
