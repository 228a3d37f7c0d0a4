#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "storage/artifact_store.hpp"
#include "storage/operations/backup.hpp"
#include "storage/operations/files.hpp"
#include "tests/storage/operations/sample.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// No file may become larger than this while it lives: as a full disk, for whoever writes one.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &unlimited_);
    struct rlimit limited = unlimited_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &unlimited_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  void (*before_)(int);
  struct rlimit unlimited_ {};
};

/// The backup is the first `events` events of the store, and memory folded from it is that prefix's.
void check_prefix(const EventStore& store, const std::filesystem::path& copy, const BackupResult& made) {
  BOOST_TEST(made.verified);
  auto restored = open_or_throw(copy);
  BOOST_TEST(restored->last_sequence() == made.events);
  BOOST_TEST(value(restored->verify()) == made.events);
  value(restored->attach(memory_projection()));
  const auto memory = memory_projection();
  const std::string rebuilt = events::hex(digest(*memory, *restored->projection_rows(memory->name())));
  BOOST_TEST(rebuilt == memory_of(store, made.events));
  events::Hash256 commit{};
  value(store.read_all(made.events, [&](const events::Recorded& event) {
    commit = event.commit_hash;
    return false;
  }));
  BOOST_TEST((commit == made.commit_hash));
  BOOST_TEST(value(restored->append(one("after/restoring"))).last_sequence == made.events + 1);
}

/// A process that appends as fast as it can, to a store that is not open in this one.
class OtherWriter {
 public:
  explicit OtherWriter(const std::filesystem::path& store) {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::alarm(120);
      auto opened = EventStore::open(store);
      for (const char said = '.'; opened && (*opened)->append(one("other/process", std::string(500, 'x')));)
        if (::write(ends[1], &said, 1) != 1) break;
      ::_exit(1);
    }
    ::close(ends[1]);
    acknowledgements_ = Descriptor(ends[0]);
    char said = 0;
    for (int i = 0; i < 50; ++i) BOOST_REQUIRE(::read(ends[0], &said, 1) == 1);
  }
  ~OtherWriter() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_ = 0;
  Descriptor acknowledgements_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(backups)

BOOST_AUTO_TEST_CASE(a_backup_made_while_writers_append_is_a_consistent_prefix) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store";
  auto store = open_or_throw(path);
  value(store->attach(memory_projection()));
  fill(*store, 200);
  std::atomic<bool> enough = false;
  std::vector<std::jthread> writers;
  for (int t = 0; t < 3; ++t)
    writers.emplace_back([&, t] {
      // Large enough that the map must grow while a backup reads.
      for (int i = 0; !enough; ++i)
        value(store->append(one("writer/" + std::to_string(t), std::to_string(i) + std::string(3000, 'x'))));
    });
  std::uint64_t before = 0;
  for (int round = 0; round < 3; ++round) {
    const std::uint64_t acknowledged = store->last_sequence();
    const auto to = directory.path() / ("backup-" + std::to_string(round));
    const auto made = value(backup(path, to));
    BOOST_TEST(made.events >= acknowledged);
    BOOST_TEST(made.events > before);
    BOOST_TEST(made.bytes == std::filesystem::file_size(to / "events.mdb"));
    before = made.events;
    check_prefix(*store, to, made);
  }
  enough = true;
}

BOOST_AUTO_TEST_CASE(a_store_that_another_process_writes_to_is_backed_up) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store", to = directory.path() / "backup";
  { open_or_throw(path); }
  BackupResult made;
  {
    const OtherWriter writer(path);
    made = value(backup(path, to));
  }
  const auto store = open_or_throw(path);
  BOOST_TEST(store->last_sequence() >= made.events);
  check_prefix(*store, to, made);
}

BOOST_AUTO_TEST_CASE(nothing_is_overwritten_and_an_empty_directory_is_taken) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store", to = directory.path() / "backup";
  fill(*open_or_throw(path), 5);
  write_file(to, "mine");
  BOOST_TEST(code_of(backup(path, to)) == "storage.exists");
  BOOST_TEST(content_of(to) == "mine");
  std::filesystem::remove(to);
  std::filesystem::create_directory(to);
  write_file(to / "mine", "mine");
  BOOST_TEST(code_of(backup(path, to)) == "storage.exists");
  std::filesystem::remove(to / "mine");
  value(backup(path, to));
  BOOST_TEST(code_of(backup(path, to)) == "storage.exists");
  BOOST_TEST(code_of(backup(path, directory.path() / "no" / "such")) == "storage.no_such_directory");
  BOOST_TEST(code_of(backup(directory.path() / "nowhere", directory.path() / "b")) == "storage.not_a_store");
  BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"backup", "store"}));
}

BOOST_AUTO_TEST_CASE(an_interrupted_backup_leaves_nothing_at_whatever_step_it_is) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store", to = directory.path() / "backup";
  {
    auto store = open_or_throw(path);
    fill(*store, 50);
    value(store->append(one("large", std::string(5u << 20, 'x'))));
  }
  int steps = 0;
  for (bool whole = false; !whole; ++steps) {
    BackupOptions options;
    int left = steps;
    options.watch = [&](const Progress&) { return left-- > 0; };
    const auto made = backup(path, to, options);
    whole = made.has_value();
    if (!whole) {
      BOOST_TEST(code_of(made) == "storage.interrupted");
      BOOST_TEST(names_in(directory.path()).size() == 1u);
    }
    BOOST_REQUIRE(steps < 1000);
  }
  BOOST_TEST(steps > 3);
  BOOST_TEST(value(open_or_throw(to)->verify()) == 61u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_said_and_leaves_nothing) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store", to = directory.path() / "backup";
  {
    auto store = open_or_throw(path);
    for (int i = 0; i < 40; ++i) value(store->append(one("a", std::string(20'000, 'x'))));
  }
  {
    const SmallFiles small(200'000);
    const auto made = backup(path, to);
    BOOST_TEST(code_of(made) == "storage.full");
  }
  BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"store"}));
  BOOST_TEST(value(backup(path, to)).events == 40u);
}

BOOST_AUTO_TEST_CASE(a_damaged_store_is_no_backup_unless_it_is_not_to_be_verified) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store";
  fill(*open_or_throw(path), 8, "marker");
  std::string content = content_of(path / "events.mdb");
  for (std::size_t at = content.find("marker-4"); at != std::string::npos;
       at = content.find("marker-4", at + 1))
    content[at + 2] ^= 4;
  write_file(path / "events.mdb", content);
  const auto refused = backup(path, directory.path() / "verified");
  BOOST_TEST(code_of(refused) == "storage.corrupt");
  BOOST_TEST(refused.error().where == "sequence 4");
  BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"store"}));
  BackupOptions options;
  options.verify = false;
  const auto made = value(backup(path, directory.path() / "as-it-is", options));
  BOOST_TEST(!made.verified);
  BOOST_TEST(made.events == 9u);
}

BOOST_AUTO_TEST_CASE(artifacts_that_events_refer_to_come_along_and_are_checked) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store";
  auto store = open_or_throw(path);
  const auto artifacts = value(ArtifactStore::open(path / "artifacts"));
  const auto wanted = value(artifacts.put(events::Bytes(100'000, 1)));
  const auto unrelated = value(artifacts.put(events::Bytes(10, 2)));
  const std::string lost(64, 'a');
  for (const auto& checkpoint : {wanted, lost}) {
    AppendRequest request = one("autotrain/main");
    request.events.front() = trained(checkpoint);
    value(store->append(std::move(request)));
  }
  const auto to = directory.path() / "backup";
  const auto made = value(backup(path, to));
  BOOST_TEST(made.artifacts.count == 1u);
  BOOST_TEST(made.artifacts.bytes == 100'000u);
  BOOST_TEST((made.artifacts.missing == std::vector<std::string>{lost}));
  const auto copies = value(ArtifactStore::open(to / "artifacts"));
  BOOST_TEST((value(copies.get(wanted)) == events::Bytes(100'000, 1)));
  BOOST_TEST(!copies.has(unrelated));
  write_file(artifacts.path_of(wanted), "something else");
  BOOST_TEST(code_of(backup(path, directory.path() / "second")) == "storage.corrupt");
  BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"backup", "store"}));
}

BOOST_AUTO_TEST_CASE(what_a_killed_backup_left_is_removed_by_the_next) {
  TemporaryDirectory directory;
  const auto path = directory.path() / "store";
  fill(*open_or_throw(path), 3);
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  const auto left = directory.path() / (".backup.writing-" + std::to_string(gone));
  std::filesystem::create_directory(left);
  write_file(left / "events.mdb", "half");
  value(backup(path, directory.path() / "backup"));
  BOOST_TEST((names_in(directory.path()) == std::vector<std::string>{"backup", "store"}));
}

BOOST_AUTO_TEST_SUITE_END()
