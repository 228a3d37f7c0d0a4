// What is on the disk when an append is acknowledged. This program takes the place of the system calls by
// which LMDB writes, and so knows at each moment whether a power cut would undo something.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include "tests/storage/support.hpp"

namespace {

std::atomic<int> unsynced{0};  // writes since the last sync that the disk need not have
std::atomic<int> syncs{0};

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// The table of readers is no part of what must last.
bool is_store(int file) {
  char path[256] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  return ::readlink(link.c_str(), path, sizeof path - 1) > 0 && std::string(path).ends_with("events.mdb");
}

void wrote(int file) {
  if (is_store(file) && (::fcntl(file, F_GETFL) & O_DSYNC) == 0) ++unsynced;
}

}  // namespace

extern "C" {
ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  wrote(file);
  return call(file, bytes, size, at);
}
ssize_t writev(int file, const iovec* parts, int count) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int)>("writev");
  wrote(file);
  return call(file, parts, count);
}
int fdatasync(int file) {
  static const auto call = real<int (*)(int)>("fdatasync");
  const int seen = unsynced.load();
  const int result = call(file);
  if (result == 0 && is_store(file)) {
    unsynced -= seen;
    ++syncs;
  }
  return result;
}
}

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Watched {
  TemporaryDirectory directory;
  Watched() {
    unsynced = 0;
    syncs = 0;
  }
  std::unique_ptr<EventStore> open(Durability durability, std::chrono::milliseconds interval = {}) {
    StoreOptions options;
    options.durability = durability;
    options.sync_interval = interval;
    return open_or_throw(directory.path(), options);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(durability, Watched)

BOOST_AUTO_TEST_CASE(an_acknowledged_append_is_on_the_disk) {
  const auto store = open(Durability::durable);
  for (int i = 0; i < 50; ++i) {
    value(store->append(one("a", std::string(static_cast<std::size_t>(i) * 200, 'x'))));
    BOOST_TEST(unsynced == 0);
  }
  BOOST_TEST(syncs >= 50);
}

BOOST_AUTO_TEST_CASE(an_acknowledged_append_is_on_the_disk_beside_a_projection) {
  const auto store = open(Durability::durable);
  value(store->attach(std::make_shared<Counting>()));
  for (int i = 0; i < 50; ++i) {
    int at_reply = -1;
    store->append_async(one("a"), [&](const Result<Appended>&) { at_reply = unsynced; });
    const auto appended = value(store->append(one("b")));
    BOOST_TEST(at_reply == 0);
    value(store->wait_for("counting", appended.last_sequence, std::chrono::seconds(60)));
  }
}

BOOST_AUTO_TEST_CASE(a_relaxed_store_is_on_the_disk_after_its_interval) {
  const auto store = open(Durability::relaxed, std::chrono::milliseconds(20));
  value(store->append(one("a")));
  for (int i = 0; unsynced > 0 && i < 3000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  BOOST_TEST(unsynced == 0);
}

BOOST_AUTO_TEST_CASE(a_relaxed_append_leaves_one_write_to_the_next_sync) {
  const auto store = open(Durability::relaxed, std::chrono::hours(1));
  for (int i = 0; i < 5; ++i) {
    value(store->append(one("a")));
    BOOST_TEST(unsynced == 1);  // the page that names the commit; its content is on the disk
  }
}

BOOST_AUTO_TEST_CASE(a_relaxed_store_that_was_closed_has_everything_on_the_disk) {
  auto store = open(Durability::relaxed, std::chrono::hours(1));
  for (int i = 0; i < 20; ++i) value(store->append(one("a")));
  BOOST_TEST(unsynced > 0);
  store.reset();
  BOOST_TEST(unsynced == 0);
  BOOST_TEST(value(open(Durability::durable)->verify()) == 20u);
}

BOOST_AUTO_TEST_SUITE_END()
