// What a read transaction may see, while another thread commits.
#include <sys/mman.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// Where a file is mapped in this process; null where it is not.
void* mapping_of(const std::string& file) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(file)) continue;
    std::uintptr_t begin = 0;
    std::istringstream(line) >> std::hex >> begin;
    return reinterpret_cast<void*>(begin);
  }
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshot_isolation)

// LMDB alone shows commits that are not on the disk yet to a reader that is held up while it begins: here by
// page faults, as a busy machine does now and then.
BOOST_AUTO_TEST_CASE(a_reader_held_up_while_it_begins_sees_no_commit_before_it_is_made_known) {
  TemporaryDirectory directory;
  { const auto store = open_or_throw(directory.path()); }
  const auto environment = value(Environment::open(directory.path(), false));
  void* metas = mapping_of(environment->where());
  BOOST_REQUIRE(metas != nullptr);
  const auto commit_own_number = [&] {
    auto transaction = value(environment->write());
    value(transaction.put(Table::rows, view("number"), encode_number(mdb_txn_id(transaction.native()))));
    value(transaction.commit());
  };
  commit_own_number();

  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> seen{0}, wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (; !done; ++seen) {
        const auto transaction = value(environment->read());
        const auto number = decode_number(*value(transaction.get(Table::rows, view("number"))));
        if (number != mdb_txn_id(transaction.native())) ++wrong;
      }
    });
  threads.emplace_back([&] {
    while (!done) ::madvise(metas, 2 * 4096, MADV_DONTNEED);  // the next one who looks there must wait
  });
  for (int i = 0; i < 1500; ++i) commit_own_number();
  done = true;
  threads.clear();
  BOOST_TEST(seen > 500u);
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
