#include "storage/artifact_store.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

const events::Bytes abc = {'a', 'b', 'c'};
const std::string abc_hash = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";

std::ptrdiff_t files_in(const std::filesystem::path& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), {});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(artifacts)

BOOST_AUTO_TEST_CASE(bytes_come_back_by_their_hash) {
  TemporaryDirectory directory;
  const auto store = value(ArtifactStore::open(directory.path() / "new" / "artifacts"));
  BOOST_TEST(!store.has(abc_hash));
  BOOST_TEST(value(store.put(abc)) == abc_hash);
  BOOST_TEST(value(store.put(abc)) == abc_hash);
  BOOST_TEST(store.has(abc_hash));
  BOOST_TEST((value(store.get(abc_hash)) == abc));
  BOOST_TEST(files_in(directory.path() / "new" / "artifacts") == 1);
  const std::string empty = value(store.put({}));
  BOOST_TEST(value(store.get(empty)).empty());
}

BOOST_AUTO_TEST_CASE(a_file_is_stored_and_left_alone) {
  TemporaryDirectory directory;
  const auto store = value(ArtifactStore::open(directory.path() / "artifacts"));
  std::ofstream(directory.path() / "source") << "abc";
  BOOST_TEST(value(store.put_file(directory.path() / "source")) == abc_hash);
  BOOST_TEST(std::filesystem::exists(directory.path() / "source"));
  BOOST_TEST(code_of(store.put_file(directory.path() / "none")) == "storage.io");
  BOOST_TEST(code_of(store.put_file(directory.path())) == "storage.io");
}

BOOST_AUTO_TEST_CASE(a_changed_artifact_is_not_handed_out) {
  TemporaryDirectory directory;
  const auto store = value(ArtifactStore::open(directory.path()));
  value(store.put(abc));
  std::ofstream(store.path_of(abc_hash)) << "abd";
  BOOST_TEST(code_of(store.get(abc_hash)) == "storage.corrupt");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_no_hash_never_leaves_the_directory) {
  TemporaryDirectory directory;
  const auto store = value(ArtifactStore::open(directory.path() / "artifacts"));
  std::ofstream(directory.path() / "secret") << "abc";
  BOOST_TEST(!store.has("../secret"));
  BOOST_TEST(code_of(store.get("../secret")) == "storage.no_such_artifact");
  BOOST_TEST(code_of(store.get(std::string(64, '0'))) == "storage.no_such_artifact");
}

BOOST_AUTO_TEST_CASE(what_a_crash_left_half_written_is_removed) {
  TemporaryDirectory directory;
  // No process has a number this high: the kernel's limit is 4194304.
  std::ofstream(directory.path() / ".writing-9999999-1") << "half";
  std::ofstream(directory.path() / "other") << "not ours";
  value(ArtifactStore::open(directory.path()));
  BOOST_TEST(!std::filesystem::exists(directory.path() / ".writing-9999999-1"));
  BOOST_TEST(std::filesystem::exists(directory.path() / "other"));
}

BOOST_AUTO_TEST_SUITE_END()
