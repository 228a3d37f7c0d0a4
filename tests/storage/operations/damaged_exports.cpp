#include <boost/test/unit_test.hpp>
#include <sstream>

#include "storage/operations/export.hpp"
#include "storage/operations/history_file.hpp"
#include "storage/operations/import.hpp"
#include "storage/operations/verified_history.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

extern "C" int fuzz_import_jsonl(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_import_binary(const std::uint8_t* data, std::size_t size);

namespace {

std::string exported(const std::filesystem::path& store, HistoryForm form) {
  ExportOptions options;
  options.form = form;
  std::ostringstream out;
  value(export_history(store, out, options));
  return out.str();
}

/// Reads all of it: how it ended, and the last commit's hash.
struct Read {
  std::optional<Error> error;
  HistoryPoint at;
  std::vector<events::Bytes> records;
};
Read read(const std::string& content) {
  std::istringstream in(content);
  Read result;
  auto history = VerifiedHistory::open(in, "file");
  if (!history) return {history.error(), {}, {}};
  for (;;) {
    auto next = history->next();
    if (!next) result.error = next.error();
    if (!next || !*next) break;
    result.records.push_back(std::move((*next)->record));
  }
  result.at = history->at();
  return result;
}

std::string fault(const std::string& content) {
  const auto result = read(content);
  return result.error ? result.error->code + " " + result.error->where : "none";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

struct Sample {
  TemporaryDirectory directory;
  std::string json, binary;
  explicit Sample(int count = 20) {
    fill(*open_or_throw(directory.path() / "store"), count);
    json = exported(directory.path() / "store", HistoryForm::json_lines);
    binary = exported(directory.path() / "store", HistoryForm::binary);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(damaged_exports)

BOOST_AUTO_TEST_CASE(no_change_of_an_export_goes_unseen) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const Sample sample;
  for (const std::string& whole : {sample.json, sample.binary}) {
    const auto original = read(whole);
    BOOST_REQUIRE(!original.error);
    for (int round = 0; round < 600; ++round) {
      std::string changed = whole;
      const std::size_t at = random() % changed.size();
      switch (random() % 4) {
        case 0:
          changed.resize(at);
          break;
        case 1:
          changed.erase(at, 1 + random() % 100);
          break;
        case 2:
          changed.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
      }
      if (changed == whole) continue;
      BOOST_TEST_CONTEXT("seed " << seed << ", round " << round << ", byte " << at) {
        const auto result = read(changed);
        // White space between JSON's words means nothing: then the records are the same.
        if (!result.error) BOOST_TEST((result.records == original.records));
        if (result.error) {
          const std::string& code = result.error->code;
          const bool said = code == "storage.malformed" || code == "storage.corrupt" ||
                            code == "storage.newer_format" || code == "events.newer_kind";
          BOOST_TEST(said, code);
          BOOST_TEST(result.error->where.starts_with("file"));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(missing_repeated_and_exchanged_lines_are_named) {
  const auto lines = lines_of(Sample().json);
  auto missing = lines, repeated = lines, exchanged = lines, endless = lines, more = lines;
  missing.erase(missing.begin() + 5);
  BOOST_TEST(fault(joined(missing)) == "storage.corrupt file:6");
  repeated.insert(repeated.begin() + 5, lines[5]);
  BOOST_TEST(fault(joined(repeated)) == "storage.corrupt file:7");
  std::swap(exchanged[3], exchanged[4]);
  BOOST_TEST(fault(joined(exchanged)) == "storage.corrupt file:4");
  endless.pop_back();
  BOOST_TEST(fault(joined(endless)) == "storage.malformed file:" + std::to_string(lines.size()));
  more.push_back("{}\n");
  BOOST_TEST(fault(joined(more)) == "storage.malformed file:" + std::to_string(lines.size() + 1));
}

BOOST_AUTO_TEST_CASE(a_body_that_does_not_say_what_was_recorded_is_refused) {
  std::string text = Sample().json;
  const std::string shown = "\"body\":{\"goal\":\"goal-2\"";
  const auto at = text.find(shown);
  BOOST_REQUIRE(at != std::string::npos);
  text.replace(at, shown.size(), "\"body\":{\"goal\":\"goal-9\"");
  BOOST_TEST(fault(text) == "storage.malformed file:3");
}

BOOST_AUTO_TEST_CASE(other_files_are_refused_with_their_place) {
  BOOST_TEST(fault("") == "storage.malformed file");
  BOOST_TEST(fault("hello\n") == "storage.malformed file:1");
  BOOST_TEST(fault("{\"a\":1}\n") == "storage.malformed file:1");
  BOOST_TEST(fault("\x89PNG\r\n\x1a\n and so on") == "storage.malformed file, byte 0");
  std::string newer = Sample(1).json;
  newer.replace(newer.find("\":1"), 3, "\":9");
  BOOST_TEST(fault(newer) == "storage.newer_format file");
  std::string binary = Sample(1).binary;
  binary[8] = 9;
  BOOST_TEST(fault(binary) == "storage.newer_format file");
}

BOOST_AUTO_TEST_CASE(an_event_that_lacks_a_part_is_refused_with_its_place_and_the_part) {
  events::Recorded head;
  head.sequence = head.version = head.origin_sequence = head.epoch = 1;
  head.stream = "coordinator/main";
  head.origin_node = "local";
  events::WorkAssignedT body;
  body.decision = events::testing::some_event();
  head.event.body.Set(std::move(body));
  const auto payload = events::pack(head.event);
  head.hash = events::event_hash(head, payload);
  head.commit_hash = events::commit_hash({}, 1, head.hash);
  const auto record = events::encode_envelope(head, payload);
  for (const auto& [form, place] :
       {std::pair(HistoryForm::json_lines, "file:2"), {HistoryForm::binary, "file, byte"}}) {
    const auto sparse = read(history_header(form, {"local", 1, 1, {}}) + history_record(form, head, record) +
                             history_end(form, 1, head.commit_hash));
    BOOST_REQUIRE(sparse.error.has_value());
    BOOST_TEST(sparse.error->message.starts_with("a part is missing: WorkAssigned.work"),
               sparse.error->message);
    BOOST_TEST(sparse.error->where.starts_with(place), sparse.error->where);
    BOOST_TEST(sparse.records.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_refused_import_leaves_nothing) {
  TemporaryDirectory directory;
  const Sample sample;
  for (std::string content : {sample.json, sample.binary}) {
    content[content.size() / 2] ^= 1;
    write_file(directory.path() / "file", content);
    const auto refused = import_history({directory.path() / "file"}, directory.path() / "store");
    BOOST_TEST(!refused.has_value());
    BOOST_TEST(refused.error().where.starts_with((directory.path() / "file").string()));
    BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"file"}));
  }
  BOOST_TEST(code_of(import_history({directory.path() / "none"}, directory.path() / "store")) ==
             "storage.io");
  BOOST_TEST(code_of(import_history({directory.path()}, directory.path() / "store")) == "storage.io");
}

BOOST_AUTO_TEST_CASE(the_fuzz_corpus_and_its_mutations_are_read_without_a_crash) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::size_t files = 0;
    for (const auto& [folder, target] :
         {std::pair{"import_jsonl", &fuzz_import_jsonl}, std::pair{"import_binary", &fuzz_import_binary}})
      for (const auto& entry :
           std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / folder)) {
        ++files;
        const std::string content = content_of(entry.path());
        const auto run = [&](const std::string& bytes) {
          BOOST_TEST(target(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
        };
        run(content);
        for (int round = 0; round < 50 && !content.empty(); ++round) {
          std::string changed = content;
          for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<char>(random());
          run(changed);
        }
      }
    BOOST_TEST(files >= 6u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
