// A record of every kind of event ever written, in every version of that kind, must decode for ever: KIND.bin
// is of version 0, KIND.1.bin of version 1. The files are never written again; for a new kind or version,
// AUTOMODEL_WRITE_GOLDEN=1 test_events writes the file that is missing, to be committed with it.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "events/evolution.hpp"
#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string name_of(EventBody kind, unsigned version) {
  return std::string(kind_name(kind)) + (version > 0 ? "." + std::to_string(version) : "") + ".bin";
}

Bytes read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

void write_missing(EventBody kind) {
  const auto file = std::filesystem::path(GOLDEN_EVENTS) / name_of(kind, upcasters().newest(kind));
  if (std::filesystem::exists(file)) return;
  const Recorded record = testing::AnyTable(static_cast<std::uint64_t>(kind)).record(kind);
  const Bytes bytes = encode_envelope(record, pack(record.event));
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

/// Of every kind and version of this program, the names of the files that a folder lacks.
std::vector<std::string> missing_in(const std::filesystem::path& folder) {
  std::vector<std::string> missing;
  for (const EventBody kind : EnumValuesEventBody())
    for (unsigned version = 0; kind != EventBody::NONE && version <= upcasters().newest(kind); ++version)
      if (!std::filesystem::exists(folder / name_of(kind, version)))
        missing.push_back(name_of(kind, version));
  return missing;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(every_kind_and_version_has_its_file) {
  if (std::getenv("AUTOMODEL_WRITE_GOLDEN"))
    for (const EventBody kind : EnumValuesEventBody())
      if (kind != EventBody::NONE) write_missing(kind);
  for (const auto& name : missing_in(GOLDEN_EVENTS)) BOOST_ERROR(name << " is missing");
}

BOOST_AUTO_TEST_CASE(a_kind_or_version_without_its_file_is_named) {
  const auto none = missing_in("/nowhere");
  BOOST_TEST(none.size() + 1 == std::size(EnumValuesEventBody()));  // all but NONE
  const Upcasters one({{EventBody::TrialFinished, 0, [](EventT&) {}}});
  const OtherUpcasters later(one);
  BOOST_TEST(missing_in(GOLDEN_EVENTS) == std::vector<std::string>{"TrialFinished.1.bin"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_golden_record_decodes_has_its_hashes_and_loses_nothing) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_EVENTS)) {
    ++files;
    BOOST_TEST_CONTEXT(entry.path()) {
      const std::string name = entry.path().filename().string();
      const auto kind = kind_from_name(name.substr(0, name.find('.')));
      BOOST_REQUIRE_MESSAGE(kind, "it is of no kind");
      const Bytes bytes = read(entry.path());
      const auto record = decode_verified(bytes, {}, {});
      BOOST_REQUIRE_MESSAGE(record.has_value(), to_string(record ? Error{} : record.error()));
      BOOST_TEST((record->event.body.type == *kind));
      BOOST_TEST(record->stream == "autotrain/main");
      // Each field of the record had a value: a field that is gone would be missing here.
      const auto& payload = *(*view_envelope(bytes))->payload();
      const Bytes stored(payload.begin(), payload.end());
      BOOST_TEST((pack(*unpack<EventT>(stored)) == stored));
    }
  }
  BOOST_TEST(files >= 37u);
}

BOOST_AUTO_TEST_CASE(mutated_golden_files_are_read_without_a_crash) {
  std::mt19937_64 random(20);
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_EVENTS)) {
    const Bytes bytes = read(entry.path());
    for (int i = 0; i < 40; ++i) {
      Bytes mutated = bytes;
      mutated[random() % mutated.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
      BOOST_TEST(LLVMFuzzerTestOneInput(mutated.data(), mutated.size()) == 0);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
