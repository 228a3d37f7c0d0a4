#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <functional>

#include "actors/cluster/files/fetcher.hpp"
#include "recsys/data/dataset.hpp"
#include "storage/artifact_store.hpp"
#include "tests/actors/cluster/linked_nodes.hpp"
#include "tests/actors/cluster/small_data.hpp"

using namespace automodel;
using namespace automodel::cluster;
using namespace automodel::cluster::testing;
using storage::testing::code_of;
using storage::testing::TemporaryDirectory;
using storage::testing::value;
namespace fs = std::filesystem;

namespace {

/// A node that has files, and one that wants them.
struct Nodes {
  TemporaryDirectory directory;
  FilePlaces there{directory.path() / "a/data", directory.path() / "a/artifacts"};
  FilePlaces here{directory.path() / "b/data", directory.path() / "b/artifacts"};
  std::unique_ptr<Link> a = make_link("a", 'a'), b = make_link("b", 'b');
  Acquaintance of_b{*b};
  std::unique_ptr<FileServer> server = std::make_unique<FileServer>(*a, there);
  Fetcher fetcher{*b, here, {100ms, 1500ms}};
  PeerNumber peer = 0;

  Nodes() {
    for (const FilePlaces& places : {there, here}) {
      fs::create_directories(places.data_directory);
      value(storage::ArtifactStore::open(places.artifacts));
    }
    a->start();
    b->start();
    value(b->transport().connect(a->transport().endpoint()));
    peer = of_b.wait();
  }
  ~Nodes() {
    fetcher.stop();
    b->stop();
    server.reset();
    a->stop();
  }

  std::string keep(const events::Bytes& bytes) {
    return value(value(storage::ArtifactStore::open(there.artifacts)).put(bytes));
  }
  bool has(const std::string& hash) { return value(storage::ArtifactStore::open(here.artifacts)).has(hash); }
  std::string import_data() { return import_small_data(there.data_directory); }
};

events::Bytes noise(std::size_t size) {
  events::Bytes bytes(size);
  std::uint32_t state = 1;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(an_artifact_of_several_parts_arrives_with_its_hash) {
  Nodes nodes;
  const std::string hash = nodes.keep(noise(3 * file_part_bytes + 17));
  BOOST_TEST(!nodes.has(hash));
  value(nodes.fetcher.artifact(nodes.peer, hash));
  BOOST_TEST(nodes.has(hash));
  value(nodes.fetcher.artifact(nodes.peer, hash));  // again is free
  BOOST_TEST(std::distance(fs::directory_iterator(nodes.here.artifacts), {}) == 1);
}

BOOST_AUTO_TEST_CASE(what_an_earlier_try_left_is_gone_on_with) {
  Nodes nodes;
  const auto content = noise(2 * file_part_bytes);
  const std::string hash = nodes.keep(content);
  // All but the last bytes are here: where the first ones came again, the file would be too long.
  std::ofstream(nodes.here.artifacts / (".fetching-" + hash), std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size() - 5));
  value(nodes.fetcher.artifact(nodes.peer, hash));
  BOOST_TEST(nodes.has(hash));
}

BOOST_AUTO_TEST_CASE(an_artifact_that_was_changed_is_refused_and_nothing_of_it_stays) {
  Nodes nodes;
  const std::string hash = nodes.keep(noise(1000));
  std::ofstream(nodes.there.artifacts / hash, std::ios::binary) << "something else";
  BOOST_TEST(code_of(nodes.fetcher.artifact(nodes.peer, hash)) == "cluster.damaged_file");
  BOOST_TEST(fs::is_empty(nodes.here.artifacts));
}

BOOST_AUTO_TEST_CASE(what_the_other_node_lacks_is_said_so) {
  Nodes nodes;
  BOOST_TEST(code_of(nodes.fetcher.artifact(nodes.peer, std::string(64, '0'))) == "cluster.no_such_file");
  BOOST_TEST(code_of(nodes.fetcher.data_set(nodes.peer, "small", std::string(64, '0'))) ==
             "cluster.no_such_file");
}

BOOST_AUTO_TEST_CASE(a_data_set_arrives_whole_and_is_verified) {
  Nodes nodes;
  const std::string hash = nodes.import_data();
  value(nodes.fetcher.data_set(nodes.peer, "small", hash));
  const auto arrived = value(recsys::Dataset::open(nodes.here.data_directory / "small"));
  BOOST_TEST(arrived.hash() == hash);
  BOOST_TEST(arrived.rows() == 5000u);
  value(arrived.verify());
  value(nodes.fetcher.data_set(nodes.peer, "small", hash));  // again is free
  BOOST_TEST(std::distance(fs::directory_iterator(nodes.here.data_directory), {}) == 1);
}

BOOST_AUTO_TEST_CASE(a_data_set_with_a_changed_column_is_refused_and_gets_no_name) {
  Nodes nodes;
  const std::string hash = nodes.import_data();
  std::fstream(nodes.there.data_directory / "small/item.codes",
               std::ios::binary | std::ios::in | std::ios::out)
      << "x";
  BOOST_TEST(code_of(nodes.fetcher.data_set(nodes.peer, "small", hash)) == "cluster.damaged_file");
  BOOST_TEST(fs::is_empty(nodes.here.data_directory));
}

BOOST_AUTO_TEST_CASE(another_data_set_of_the_same_name_is_left_alone) {
  Nodes nodes;
  const std::string hash = nodes.import_data();
  fs::create_directories(nodes.here.data_directory / "small");
  BOOST_TEST(code_of(nodes.fetcher.data_set(nodes.peer, "small", hash)) == "cluster.other_data");
  BOOST_TEST(fs::is_empty(nodes.here.data_directory / "small"));
  // Nor does the other node hand out one under a hash that it is not of.
  BOOST_TEST(code_of(nodes.fetcher.data_set(nodes.peer, "other", hash)) == "cluster.no_such_file");
}

/// Answers every question with so many bytes, and says that the file is as long as `size` makes it.
struct Liar {
  Nodes nodes;
  std::atomic<int> asked{0};
  explicit Liar(std::size_t bytes, std::function<std::uint64_t(std::uint64_t offset)> size) {
    nodes.server.reset();
    nodes.a->on(events::NodeBody::FileAsked, [=, this](PeerNumber peer, events::NodeMessageT message) {
      const auto& what = *message.body.AsFileAsked();
      events::FilePartT part;
      part.request = what.request;
      part.bytes = events::Bytes(bytes);
      part.size = size(what.offset);
      // One that is believed for ever must not make this test run for ever.
      if (++asked > 50) part.failure = std::make_unique<events::FailureT>();
      (void)nodes.a->send(peer, part, 1s);
    });
  }
};

BOOST_AUTO_TEST_CASE(a_node_that_says_with_each_part_that_the_file_is_longer_is_not_believed_for_ever) {
  Liar liar(1000, [](std::uint64_t offset) { return offset + 2000; });
  BOOST_TEST(code_of(liar.nodes.fetcher.artifact(liar.nodes.peer, std::string(64, '0'))) ==
             "cluster.damaged_file");
  BOOST_TEST(liar.asked == 2);
  BOOST_TEST(fs::is_empty(liar.nodes.here.artifacts));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_said_to_be_larger_than_the_disk_is_not_begun) {
  Liar liar(1000, [](std::uint64_t) { return std::uint64_t{1} << 60; });
  BOOST_TEST(code_of(liar.nodes.fetcher.artifact(liar.nodes.peer, std::string(64, '0'))) == "storage.full");
  BOOST_TEST(liar.asked == 1);
}

BOOST_AUTO_TEST_CASE(a_manifest_of_a_gigabyte_is_refused_before_it_is_written) {
  Liar liar(1000, [](std::uint64_t) { return std::uint64_t{1} << 30; });
  BOOST_TEST(code_of(liar.nodes.fetcher.data_set(liar.nodes.peer, "small", std::string(64, '0'))) ==
             "cluster.damaged_file");
  BOOST_TEST(liar.asked == 1);
}

BOOST_AUTO_TEST_CASE(names_that_lead_elsewhere_are_refused_on_both_sides) {
  Nodes nodes;
  const std::string hash(64, '0');
  BOOST_TEST(code_of(nodes.fetcher.artifact(nodes.peer, "../secret")) == "cluster.bad_name");
  BOOST_TEST(code_of(nodes.fetcher.data_set(nodes.peer, "../secret", hash)) == "cluster.bad_name");
  for (const std::string& name : {std::string("../a"), std::string("."), std::string("a/b"), std::string()}) {
    events::FileAskedT asked;
    asked.hash = hash;
    asked.data = "small";
    asked.file = name;
    const auto part = read_part(nodes.there, asked);
    BOOST_REQUIRE(part.failure);
    BOOST_TEST(part.failure->code == "cluster.bad_name");
  }
  events::FileAskedT asked;
  asked.hash = "../../etc/passwd";
  BOOST_TEST(read_part(nodes.there, asked).failure->code == "cluster.bad_name");
}

BOOST_AUTO_TEST_CASE(a_node_that_is_gone_is_given_up_after_a_while) {
  Nodes nodes;
  const std::string hash = nodes.keep(noise(1000));
  nodes.a->stop();
  BOOST_TEST(code_of(nodes.fetcher.artifact(nodes.peer, hash)) == "cluster.unreachable");
  nodes.fetcher.stop();
  BOOST_TEST(code_of(nodes.fetcher.artifact(nodes.peer, hash)) == "cluster.stopped");
}

BOOST_AUTO_TEST_SUITE_END()
