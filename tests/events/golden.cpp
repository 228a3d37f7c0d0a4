// A record of every kind of event ever written must decode for ever. The files are never written again; for a
// new kind, AUTOMODEL_WRITE_GOLDEN=1 test_events writes the file that is missing, to be committed with the
// kind.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "events/codec.hpp"
#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::filesystem::path file_of(EventBody kind) {
  return std::filesystem::path(GOLDEN_EVENTS) / (std::string(kind_name(kind)) + ".bin");
}

Bytes read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

void write_missing(EventBody kind) {
  if (std::filesystem::exists(file_of(kind))) return;
  const Recorded record = testing::AnyTable(static_cast<std::uint64_t>(kind)).record(kind);
  const Bytes bytes = encode_envelope(record, pack(record.event));
  std::ofstream(file_of(kind), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(a_record_of_every_kind_decodes_and_has_its_hashes) {
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    if (std::getenv("AUTOMODEL_WRITE_GOLDEN")) write_missing(kind);
    BOOST_TEST_CONTEXT("kind " << kind_name(kind)) {
      BOOST_REQUIRE_MESSAGE(std::filesystem::exists(file_of(kind)), file_of(kind) << " is missing");
      const Bytes bytes = read(file_of(kind));
      const auto record = decode_verified(bytes, {}, {});
      BOOST_REQUIRE_MESSAGE(record.has_value(), to_string(record ? Error{} : record.error()));
      BOOST_TEST((record->event.body.type == kind));
      BOOST_TEST(record->stream == "autotrain/main");
    }
  }
}

BOOST_AUTO_TEST_CASE(every_golden_file_is_of_a_kind_that_still_exists) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_EVENTS)) {
    ++files;
    BOOST_TEST(kind_from_name(entry.path().stem().string()).has_value(), entry.path() << " is of no kind");
  }
  BOOST_TEST(files >= 35u);
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
