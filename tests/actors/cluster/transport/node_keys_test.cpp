#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "actors/cluster/transport/node_keys.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::cluster;
using storage::testing::code_of;
using storage::testing::content_of;
using storage::testing::TemporaryDirectory;
using storage::testing::value;
namespace fs = std::filesystem;

namespace {

/// A public key in the list's folder.
CurveKey allow(const fs::path& list, const std::string& name, const NodeKeys& keys = NodeKeys::generate()) {
  TemporaryDirectory pair;
  value(keys.save(pair.path()));
  fs::create_directories(list / "nodes");
  fs::copy_file(pair.path() / node_public_name, list / "nodes" / (name + ".pub"));
  return keys.public_key();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_keys)

BOOST_AUTO_TEST_CASE(a_saved_pair_is_loaded_again_and_its_secret_is_the_owners_alone) {
  TemporaryDirectory directory;
  const NodeKeys keys = NodeKeys::generate();
  value(keys.save(directory.path() / "keys"));
  const NodeKeys loaded = value(NodeKeys::load(directory.path() / "keys"));
  BOOST_TEST((loaded.public_key() == keys.public_key()));
  BOOST_TEST((loaded.secret_key() == keys.secret_key()));
  BOOST_TEST(
      (value(load_node_public_key(directory.path() / "keys" / node_public_name)) == keys.public_key()));
  struct stat status {};
  BOOST_REQUIRE(::stat((directory.path() / "keys" / node_key_name).c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
}

BOOST_AUTO_TEST_CASE(a_secret_that_others_can_read_is_refused) {
  TemporaryDirectory directory;
  value(NodeKeys::generate().save(directory.path()));
  fs::permissions(directory.path() / node_key_name, fs::perms::group_read, fs::perm_options::add);
  const auto loaded = NodeKeys::load(directory.path());
  BOOST_TEST(code_of(loaded) == "keys.readable_by_others");
  BOOST_TEST(loaded.error().where.ends_with(node_key_name));
}

BOOST_AUTO_TEST_CASE(a_pair_is_never_overwritten) {
  TemporaryDirectory directory;
  value(NodeKeys::generate().save(directory.path()));
  const std::string before = content_of(directory.path() / node_key_name);
  BOOST_TEST(code_of(NodeKeys::generate().save(directory.path())) == "keys.exists");
  BOOST_TEST(content_of(directory.path() / node_key_name) == before);
}

BOOST_AUTO_TEST_CASE(what_is_no_key_is_named) {
  TemporaryDirectory directory;
  BOOST_TEST(code_of(NodeKeys::load(directory.path())) == "keys.no_such_file");
  value(NodeKeys::generate().save(directory.path()));
  // Public for private, and the other way round.
  BOOST_TEST(code_of(load_node_public_key(directory.path() / node_key_name)) == "keys.malformed");
  std::ofstream(directory.path() / "half.pub") << "automodel curve25519 public key 1\n0123";
  BOOST_TEST(code_of(load_node_public_key(directory.path() / "half.pub")) == "keys.malformed");
}

BOOST_AUTO_TEST_CASE(the_list_says_whose_key_it_is) {
  TemporaryDirectory directory;
  const CurveKey b = allow(directory.path(), "node-b"), c = allow(directory.path(), "node-c");
  const AllowList list = value(AllowList::load(directory.path()));
  BOOST_TEST(list.size() == 2u);
  BOOST_TEST(list.find(b)->name == "node-b");
  BOOST_TEST(list.find(c)->name == "node-c");
  BOOST_TEST(list.find(NodeKeys::generate().public_key()) == nullptr);
  BOOST_TEST((list.node("node-b")->key == b));
  BOOST_TEST(list.node("node-d") == nullptr);
}

BOOST_AUTO_TEST_CASE(nobody_is_allowed_where_there_is_no_list) {
  TemporaryDirectory directory;
  BOOST_TEST(value(AllowList::load(directory.path() / "absent")).size() == 0u);
}

BOOST_AUTO_TEST_CASE(one_key_under_two_names_is_refused) {
  TemporaryDirectory directory;
  const NodeKeys keys = NodeKeys::generate();
  allow(directory.path(), "node-b", keys);
  allow(directory.path(), "node-c", keys);
  const auto list = AllowList::load(directory.path());
  BOOST_TEST(code_of(list) == "cluster.key_twice");
  BOOST_TEST(list.error().where.ends_with("node-c.pub"));
}

BOOST_AUTO_TEST_SUITE_END()
