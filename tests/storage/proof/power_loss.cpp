// The power fails: of what was not synced any part may be on the disk, in any order, torn at sectors.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/storage/proof/disk_images.hpp"
#include "tests/storage/proof/forked.hpp"
#include "tests/storage/proof/workload.hpp"
#include "tests/storage/support.hpp"

using namespace automodel::storage::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t commands = 25;

/// What a store did to its disk, all of it, from its creation to its end.
disk::Log recorded_work(const fs::path& scratch) {
  const fs::path directory = scratch / "store", log = scratch / "log";
  fs::create_directory(directory);
  const Ended ended = in_a_process([&] {
    disk::record(directory, log);
    // Two lives, so that opening what exists is cut as well.
    for (int life = 0; life < 2; ++life)
      work(directory, commands, [](const std::string& line) { disk::acknowledge(line); });
    return std::string("done");
  });
  BOOST_REQUIRE_MESSAGE(ended.said == "done" && ended.signal == 0, ended.said << ", signal " << ended.signal);
  return disk::Log(log);
}

struct Verdicts {
  unsigned cuts = 0;
  std::vector<std::string> complaints;
};

/// Cuts the power `cuts` times in one recorded run.
Verdicts cut(const disk::Log& log, unsigned cuts, std::mt19937_64& random, bool lying_disk = false) {
  std::map<std::size_t, unsigned> at;  // entries after which it is cut, and how often
  for (unsigned i = 0; i < cuts; ++i)  // many while the store is being made
    ++at[random() % (i % 4 == 0 ? std::min<std::size_t>(40, log.entries().size()) : log.entries().size())];
  disk::Disk disk(lying_disk);
  Verdicts verdicts;
  for (std::size_t entry = 0; entry < log.entries().size(); ++entry) {
    disk.apply(log.entries()[entry]);
    const auto wanted = at.find(entry);
    for (unsigned n = wanted == at.end() ? 0 : wanted->second; n > 0; --n) {
      const auto loss = static_cast<disk::Loss>(random() % disk::loss_kinds);
      const TemporaryDirectory directory(fast_place());
      disk.image(directory.path(), loss, random);
      const Ended ended = in_a_process([&] {
        std::string all;
        for (const auto& complaint : judge(directory.path(), disk.acknowledged())) all += complaint + "; ";
        return all;
      });
      ++verdicts.cuts;
      if (ended.signal == 0 && ended.said.empty()) continue;
      verdicts.complaints.push_back("cut after entry " + std::to_string(entry) + " of " +
                                    std::to_string(log.entries().size()) + ", loss " +
                                    std::to_string(static_cast<int>(loss)) + ": " + ended.said +
                                    (ended.signal ? "signal " + std::to_string(ended.signal) : ""));
    }
  }
  return verdicts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(power_loss)

BOOST_AUTO_TEST_CASE(the_layer_sees_everything_that_reaches_the_disk) {
  const TemporaryDirectory scratch(fast_place());
  const disk::Log log = recorded_work(scratch.path());
  disk::Disk disk;
  for (const auto& entry : log.entries()) disk.apply(entry);
  const fs::path image = scratch.path() / "image";
  fs::create_directory(image);
  std::mt19937_64 random(1);
  disk.image(image, disk::Loss::none, random);
  for (const auto& file : fs::directory_iterator(scratch.path() / "store")) {
    const auto name = file.path().filename();
    if (name == "events.mdb-lock") continue;  // mapped; worthless once nobody has the store open
    BOOST_TEST((content_of(file.path()) == content_of(image / name)), name.string() << " was changed unseen");
  }
  BOOST_TEST(disk.acknowledged().size() >= 2 * commands * worker_count);
}

BOOST_AUTO_TEST_CASE(nothing_acknowledged_is_lost_when_the_power_fails) {
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  const unsigned runs = rounds(3);
  unsigned cuts = 0;
  for (unsigned run = 0; run < runs; ++run) {
    const TemporaryDirectory scratch(fast_place());
    const Verdicts verdicts = cut(recorded_work(scratch.path()), 120, random);
    for (const auto& complaint : verdicts.complaints)
      BOOST_ERROR("seed " << seed << ", run " << run << ": " << complaint);
    cuts += verdicts.cuts;
  }
  BOOST_TEST_MESSAGE(cuts << " cuts, seed " << seed);
}

BOOST_AUTO_TEST_CASE(a_store_whose_creation_was_cut_off_is_made_anew) {
  std::mt19937_64 random(chosen_seed());
  const TemporaryDirectory scratch(fast_place());
  const disk::Log log = recorded_work(scratch.path());
  disk::Disk disk;
  unsigned images = 0;
  for (std::size_t entry = 0; disk.acknowledged().empty(); disk.apply(log.entries()[entry++]))
    for (unsigned loss = 0; loss < disk::loss_kinds; ++loss, ++images) {
      const TemporaryDirectory directory(fast_place());
      disk.image(directory.path(), static_cast<disk::Loss>(loss), random);
      const Ended ended = in_a_process([&] {
        const auto complaints = judge(directory.path(), {});
        return complaints.empty() ? std::string() : complaints.front();
      });
      BOOST_TEST((ended.signal == 0 && ended.said.empty()), "cut after entry "
                                                                << entry << ", loss " << loss << ": "
                                                                << ended.said << ", signal " << ended.signal);
    }
  BOOST_TEST(images > 30u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_lies_about_syncs_is_found_out) {
  std::mt19937_64 random(7);
  const TemporaryDirectory scratch(fast_place());
  BOOST_TEST(!cut(recorded_work(scratch.path()), 40, random, true).complaints.empty());
}

BOOST_AUTO_TEST_SUITE_END()
