#include <sys/mount.h>
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <memory>

#include "storage/artifact_store.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::size_t room = 2u << 20;

/// A disk of two megabytes: a file system in memory where mounting is permitted, otherwise a limit on files'
/// size.
class SmallDisk {
 public:
  SmallDisk() {
    const std::string size = "size=" + std::to_string(room);
    mounted_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, size.c_str()) == 0;
    if (mounted_) return;
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &unlimited_);
    struct rlimit limited = unlimited_;
    limited.rlim_cur = room;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~SmallDisk() {
    make_room();
    if (mounted_)
      ::umount(directory_.path().c_str());
    else
      std::signal(SIGXFSZ, before_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void make_room() {
    if (mounted_)
      ::mount("tmpfs", directory_.path().c_str(), "tmpfs", MS_REMOUNT, "size=64m");
    else
      ::setrlimit(RLIMIT_FSIZE, &unlimited_);
  }
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  bool mounted_ = false;
  void (*before_)(int) = nullptr;
  struct rlimit unlimited_ {};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(disk_full)

BOOST_AUTO_TEST_CASE(a_full_disk_loses_nothing_and_the_store_goes_on_once_there_is_room) {
  SmallDisk disk;
  auto store = open_or_throw(disk.path());
  value(store->attach(std::make_shared<Counting>()));
  std::uint64_t acknowledged = 0;
  Result<Appended> last;
  while (acknowledged < 1000 && (last = store->append(one("a", std::string(20'000, 'x')))))
    acknowledged = last->last_sequence;
  BOOST_TEST(code_of(last) == "storage.full");
  BOOST_TEST(acknowledged > 10u);
  BOOST_TEST(code_of(store->append(one("a", std::string(20'000, 'x')))) == "storage.full");
  BOOST_TEST(store->last_sequence() == acknowledged);
  BOOST_TEST(value(store->verify()) == acknowledged);
  disk.make_room();
  BOOST_TEST(value(store->append(one("a", std::string(20'000, 'x')))).last_sequence == acknowledged + 1);
  value(store->wait_for("counting", acknowledged + 1, std::chrono::seconds(20)));
  store.reset();
  BOOST_TEST(value(open_or_throw(disk.path())->verify()) == acknowledged + 1);
}

BOOST_AUTO_TEST_CASE(an_artifact_that_does_not_fit_leaves_nothing_behind) {
  SmallDisk disk;
  const auto artifacts = value(ArtifactStore::open(disk.path()));
  const events::Bytes large(room + 1, 7);
  BOOST_TEST(code_of(artifacts.put(large)) == "storage.full");
  BOOST_TEST(std::filesystem::is_empty(disk.path()));
  disk.make_room();
  BOOST_TEST((value(artifacts.get(value(artifacts.put(large)))) == large));
}

BOOST_AUTO_TEST_SUITE_END()
