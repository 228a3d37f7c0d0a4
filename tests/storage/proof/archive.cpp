// An archive that is being made is cut off: killed between any two steps, killed at any moment, stopped by
// the user, with calls that fail. Every event is there once, and the next run goes on.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/storage/archive/archived.hpp"
#include "tests/storage/proof/disk_images.hpp"
#include "tests/storage/proof/forked.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t segment_events = 25;

/// A store that is copied for each try, and what can be read of it.
struct Origin {
  TemporaryDirectory scratch{fast_place()};
  fs::path path = scratch.path() / "store";
  std::uint64_t last = 0;
  std::string whole;

  explicit Origin(int count) {
    make_store(path, count);
    last = open_or_throw(path)->last_sequence();
    whole = all_that_is_read(path);
  }
  void copy_to(const fs::path& to) const { fs::copy(path, to); }
};

Result<ArchiveResult> archive_all(const fs::path& path, std::uint64_t before, const Watch& watch) {
  ArchiveOptions options;
  options.segment_events = segment_events;
  options.watch = watch;
  return archive_history(path, std::to_string(before), options);
}

/// Whether the files are those that the store refers to.
void check_files(const fs::path& path) {
  std::vector<std::string> known;
  {
    const auto environment = value(Environment::open(path, false));
    const auto transaction = value(environment->read());
    for (const auto& entry : value(load_segments(transaction)))
      known.push_back(segment_name(entry.first, entry.last));
  }
  BOOST_TEST(segments_in(path) == known);
}

/// After whatever happened: all is there, once; then the archive is finished, and all is there still.
void check_and_finish(const Origin& origin, const fs::path& path, const std::string& what) {
  BOOST_TEST((all_that_is_read(path) == origin.whole), what << ": something else is read");
  const auto made = archive_all(path, origin.last, {});
  BOOST_TEST(made.has_value(), what << ": " << (made ? "" : to_string(made.error())));
  BOOST_TEST((all_that_is_read(path) == origin.whole), what << ": something else is read after the next run");
  const auto store = open_or_throw(path);
  AppendRequest request = one("stream/1", "afterwards");
  request.epoch = 1000;
  BOOST_TEST(value(store->append(std::move(request))).last_sequence == origin.last + 1);
  check_files(path);
}

/// In a process of its own; gives what the watch was told, and whether it was killed.
struct Run {
  std::vector<std::string> steps;
  bool killed = false;
};
Run run_and_die_at(const fs::path& path, std::uint64_t before, std::size_t step) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(100);
    std::size_t left = step;
    const auto made = archive_all(path, before, [&](const Progress& progress) {
      const std::string line = std::string(progress.what) + '\n';
      if (::write(ends[1], line.data(), line.size()) < 0 || left-- == 0) ::kill(::getpid(), SIGKILL);
      return true;
    });
    ::_exit(made ? 0 : 1);
  }
  ::close(ends[1]);
  Run run;
  std::FILE* told = ::fdopen(ends[0], "r");
  char line[128];
  while (std::fgets(line, sizeof line, told) != nullptr) run.steps.emplace_back(line);
  std::fclose(told);
  int status = 0;
  ::waitpid(child, &status, 0);
  run.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  BOOST_TEST((run.killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)));
  return run;
}

/// A run during which this call fails; how many such calls there were.
unsigned fail_call(const Origin& origin, const std::string& place, disk::Call call, unsigned nth) {
  const TemporaryDirectory directory(fast_place());
  const auto path = directory.path() / "store";
  origin.copy_to(path);
  fs::create_directory(path / "archive");
  disk::Fault fault;
  fault.call = call;
  fault.nth = nth;
  fault.error = nth % 2 == 0 ? EIO : ENOSPC;
  const Ended ended = in_a_process([&] {
    disk::inject(path / place, fault);
    const auto made = archive_all(path, origin.last, {});
    const unsigned calls = disk::calls()[static_cast<std::size_t>(call)];
    return std::to_string(calls) + " " + (made ? "made" : made.error().code);
  });
  const std::string what = place + " call " + std::to_string(static_cast<int>(call)) + ", number " +
                           std::to_string(nth) + ": " + ended.said;
  BOOST_TEST(ended.signal == 0, what);
  const std::string said = ended.said.substr(ended.said.find(' ') + 1);
  BOOST_TEST((said == "made" || said == "storage.io" || said == "storage.full"), what);
  check_and_finish(origin, path, what);
  return static_cast<unsigned>(std::strtoul(ended.said.c_str(), nullptr, 10));
}

/// A store that is made and archived in two runs, with all that it did to its disk.
struct RecordedRun {
  TemporaryDirectory scratch{fast_place()};
  fs::path path = scratch.path() / "store", log = scratch.path() / "log";
  std::string whole;
  std::uint64_t last = 0;

  RecordedRun() {
    fs::create_directory(path);
    const Ended ended = in_a_process([&] {
      disk::record(path, log);
      make_store(path, 60);
      disk::acknowledge("made");
      const std::uint64_t newest = open_or_throw(path)->last_sequence();
      return archive_all(path, newest - 10, {}) && archive_all(path, newest, {}) ? std::string("done") : "";
    });
    BOOST_REQUIRE_MESSAGE(ended.said == "done" && ended.signal == 0,
                          ended.said << ", signal " << ended.signal);
    whole = all_that_is_read(path);
    last = open_or_throw(path)->last_sequence();
  }
};

struct Verdicts {
  unsigned cuts = 0;
  std::vector<std::string> complaints;
};

/// The power fails after each thing that the two runs did to the disk.
Verdicts cut(const RecordedRun& run, unsigned wanted, std::mt19937_64& random, bool lying_disk = false) {
  const disk::Log log(run.log);
  disk::Disk disk(lying_disk);
  Verdicts verdicts;
  const std::size_t each = 1 + wanted / log.entries().size();
  for (const auto& entry : log.entries()) {
    disk.apply(entry);
    for (std::size_t again = 0; !disk.acknowledged().empty() && again < each; ++again, ++verdicts.cuts) {
      const auto loss = static_cast<disk::Loss>(random() % disk::loss_kinds);
      const TemporaryDirectory directory(fast_place());
      disk.image(directory.path(), loss, random);
      const Ended read = in_a_process([&] {
        StoreOptions reading;
        reading.read_only = true;
        if (open_or_throw(directory.path(), reading)->last_sequence() != run.last)
          return std::string("events are missing");
        if (all_that_is_read(directory.path()) != run.whole) return std::string("something else is read");
        const auto made = archive_all(directory.path(), 1000, {});
        if (!made) return to_string(made.error());
        return std::string(all_that_is_read(directory.path()) == run.whole ? "" : "and then something else");
      });
      if (read.signal != 0 || !read.said.empty())
        verdicts.complaints.push_back("cut " + std::to_string(verdicts.cuts) + ", loss " +
                                      std::to_string(static_cast<int>(loss)) + ": " + read.said +
                                      ", signal " + std::to_string(read.signal));
    }
  }
  return verdicts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(archive_crash)

BOOST_AUTO_TEST_CASE(a_process_killed_between_any_two_steps_loses_nothing_and_shows_nothing_twice) {
  const Origin origin(70);
  std::set<std::string> steps;
  std::size_t step = 0;
  for (bool killed = true; killed; ++step) {
    const TemporaryDirectory directory(fast_place());
    const auto path = directory.path() / "store";
    origin.copy_to(path);
    const Run run = run_and_die_at(path, origin.last, step);
    killed = run.killed;
    steps.insert(run.steps.begin(), run.steps.end());
    check_and_finish(origin, path, "killed at step " + std::to_string(step));
  }
  BOOST_TEST(steps == (std::set<std::string>{"packing\n", "naming the segment\n", "reading back\n",
                                             "moving events\n"}));
  BOOST_TEST(step > 15u);
}

BOOST_AUTO_TEST_CASE(a_process_killed_again_and_again_comes_to_the_end) {
  const Origin origin(70);
  const TemporaryDirectory directory(fast_place());
  const auto path = directory.path() / "store";
  origin.copy_to(path);
  std::size_t lives = 0;
  for (; run_and_die_at(path, origin.last, 3 + lives % 2).killed; ++lives) BOOST_REQUIRE(lives < 100u);
  BOOST_TEST(lives >= 3u);
  check_and_finish(origin, path, "killed again and again");
}

BOOST_AUTO_TEST_CASE(a_process_killed_at_any_moment_loses_nothing_and_shows_nothing_twice) {
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  const Origin origin(1500);
  unsigned killed = 0;
  for (unsigned n = 0; n < rounds(12); ++n) {
    const TemporaryDirectory directory(fast_place());
    const auto path = directory.path() / "store";
    origin.copy_to(path);
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(100);
      ::_exit(archive_all(path, origin.last, {}) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed += WIFSIGNALED(status) ? 1 : 0;
    check_and_finish(origin, path, "seed " + std::to_string(seed) + ", kill " + std::to_string(n));
  }
  BOOST_TEST_MESSAGE(killed << " runs were killed, seed " << seed);
}

BOOST_AUTO_TEST_CASE(a_run_that_is_stopped_keeps_what_is_archived_so_far_and_the_next_goes_on) {
  const Origin origin(70);
  std::size_t step = 0;
  for (bool stopped = true; stopped; ++step) {
    const TemporaryDirectory directory(fast_place());
    const auto path = directory.path() / "store";
    origin.copy_to(path);
    std::size_t left = step;
    const auto made = archive_all(path, origin.last, [&](const Progress&) { return left-- > 0; });
    stopped = !made;
    if (stopped) BOOST_TEST(code_of(made) == "storage.interrupted");
    check_files(path);  // nothing half is left
    check_and_finish(origin, path, "stopped at step " + std::to_string(step));
  }
  BOOST_TEST(step > 15u);
}

BOOST_AUTO_TEST_CASE(a_call_of_the_file_system_that_fails_is_said_and_loses_nothing) {
  const Origin origin(70);
  constexpr unsigned never = 1'000'000;
  // The calls of a whole run on files of the archive, and on those of the store.
  for (const char* place : {"archive", ""}) {
    for (const auto call : {disk::Call::write, disk::Call::sync, disk::Call::open, disk::Call::rename}) {
      const unsigned all = fail_call(origin, place, call, never);
      if (*place != '\0') BOOST_TEST(all >= 3u);
      for (unsigned nth = 1; nth <= all; nth += 1 + nth / 8)
        BOOST_TEST(fail_call(origin, place, call, nth) >= nth);
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_and_nothing_is_there_twice_when_the_power_fails) {
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  const RecordedRun run;
  const Verdicts verdicts = cut(run, rounds(150), random);
  for (const auto& complaint : verdicts.complaints) BOOST_ERROR("seed " << seed << ", " << complaint);
  BOOST_TEST_MESSAGE(verdicts.cuts << " cuts, seed " << seed);
  BOOST_TEST(verdicts.cuts > 50u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_lies_about_syncs_is_found_out) {
  std::mt19937_64 random(7);
  BOOST_TEST(!cut(RecordedRun(), 50, random, true).complaints.empty());
}

BOOST_AUTO_TEST_SUITE_END()
