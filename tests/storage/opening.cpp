#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

StoreOptions read_only() {
  StoreOptions options;
  options.read_only = true;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(opening)

BOOST_AUTO_TEST_CASE(a_second_writer_is_refused_and_told_who_writes) {
  TemporaryDirectory directory;
  const auto store = open_or_throw(directory.path());
  const auto second = EventStore::open(directory.path());
  BOOST_TEST(code_of(second) == "storage.locked");
  BOOST_TEST(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
  BOOST_TEST(code_of(EventStore::open(directory.path(), read_only())) == "");
}

BOOST_AUTO_TEST_CASE(a_writer_that_closed_leaves_the_store_to_the_next) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(one("a")));
  const auto store = open_or_throw(directory.path());
  BOOST_TEST(value(store->append(one("a"))).last_sequence == 2u);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused_and_left_untouched) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(one("a")));
  {
    auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    value(transaction.put(Table::meta, view("format"), encode_number(16)));
    value(transaction.commit());
  }
  const std::string before = content_of(directory.path() / "events.mdb");
  for (const auto& options : {StoreOptions{}, read_only()}) {
    const auto opened = EventStore::open(directory.path(), options);
    BOOST_TEST(code_of(opened) == "storage.newer_format");
    BOOST_TEST(opened.error().message == "the store has format 16, this program reads up to 8");
  }
  BOOST_TEST((content_of(directory.path() / "events.mdb") == before));
}

BOOST_AUTO_TEST_CASE(what_is_no_store_is_refused_and_left_untouched) {
  TemporaryDirectory directory;
  const auto file = directory.path() / "events.mdb";
  BOOST_TEST(code_of(EventStore::open(directory.path(), read_only())) == "storage.not_a_store");
  StoreOptions existing;
  existing.create = false;
  BOOST_TEST(code_of(EventStore::open(directory.path() / "none", existing)) == "storage.not_a_store");
  BOOST_TEST(!std::filesystem::exists(directory.path() / "none"));
  std::ofstream(file) << std::string(100'000, 'x');
  BOOST_TEST(code_of(EventStore::open(directory.path())) == "storage.not_a_store");
  BOOST_TEST(content_of(file) == std::string(100'000, 'x'));
  BOOST_TEST(code_of(EventStore::open(file)) == "storage.not_a_store");
}

BOOST_AUTO_TEST_CASE(a_store_keeps_the_name_of_the_node_that_made_it) {
  TemporaryDirectory directory;
  StoreOptions north, south;
  north.node = "north";
  south.node = "south";
  open_or_throw(directory.path(), north);
  const auto store = open_or_throw(directory.path(), south);
  value(store->append(one("a")));
  BOOST_TEST(value(store->find("a", 1))->origin_node == "north");
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_is_an_error_and_not_a_crash) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    for (int i = 0; i < 50; ++i) value(store->append(one("a", std::string(10'000, 'x'))));
  }
  const auto file = directory.path() / "events.mdb";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  const auto opened = EventStore::open(directory.path(), read_only());
  BOOST_TEST(!opened.has_value());
  BOOST_TEST(code_of(opened).starts_with("storage."));
}

BOOST_AUTO_TEST_CASE(a_reader_in_another_process_follows_a_map_that_grows) {
  TemporaryDirectory directory;
  open_or_throw(directory.path());
  int go[2];
  BOOST_REQUIRE(::pipe(go) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    {
      const auto reader = EventStore::open(directory.path(), read_only());
      char byte = 0;
      const bool told = reader && (*reader)->last_sequence() == 0 && ::read(go[0], &byte, 1) == 1;
      if (told && (*reader)->last_sequence() == 60 && code_of((*reader)->verify()).empty()) status = 0;
    }
    ::_exit(status);
  }
  {
    auto store = open_or_throw(directory.path());
    for (int i = 0; i < 60; ++i) value(store->append(one("a", std::string(500'000, 'x'))));
    BOOST_REQUIRE(::write(go[1], "g", 1) == 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  ::close(go[0]);
  ::close(go[1]);
}

BOOST_AUTO_TEST_SUITE_END()
