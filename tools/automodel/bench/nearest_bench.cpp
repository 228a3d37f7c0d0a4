#include "tools/automodel/bench/nearest_bench.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

#include "storage/memory/memory.hpp"
#include "storage/memory/nearest_index.hpp"

namespace automodel::tools {

namespace {

constexpr std::size_t wanted = 10;       // neighbours
constexpr std::size_t questions = 2000;  // to the index
constexpr std::uint64_t seed = 7;

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// Of this thread: what a question costs where others want the cores, too.
double processor_seconds() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
}

/// Configurations as agents make them, with continuous values in place of the ladders' few: no two are alike.
class Configurations {
 public:
  events::TrialConfigT next() {
    events::TrialConfigT made;
    made.method = one_of({"lr", "fm", "deepfm", "dcnv2"});
    set(made, "lr", magnitude(1e-5, 1e-1));
    set(made, "l2", random_() % 4 == 0 ? "0" : magnitude(1e-8, 1e-3));
    set(made, "batch", one_of({"256", "512", "1024", "2048", "4096"}));
    if (made.method != "lr") set(made, "dim", one_of({"4", "8", "10", "16", "24", "32", "64"}));
    if (made.method == "deepfm" || made.method == "dcnv2") {
      set(made, "hidden", one_of({"64", "128", "64,64", "128,64", "128,128", "256,128", "256,128,64"}));
      set(made, "dropout", random_() % 3 == 0 ? "0" : magnitude(0.01, 0.5));
    }
    if (made.method == "dcnv2") set(made, "layers", one_of({"1", "2", "3", "4"}));
    // Features are kept one after the other: sets grow, and some goals keep others.
    const auto line = random_() % 8, kept = random_() % 9;
    for (std::uint64_t i = 0; i < kept; ++i)
      made.features.push_back("feature-" + std::to_string(line * 6 + i));
    made.seed = random_();
    return made;
  }

 private:
  std::string one_of(std::initializer_list<const char*> values) {
    return *(values.begin() + static_cast<std::ptrdiff_t>(random_() % values.size()));
  }
  std::string magnitude(double low, double high) {
    const double at = std::uniform_real_distribution<double>()(random_);
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", low * std::pow(high / low, at));
    return text;
  }
  static void set(events::TrialConfigT& config, const char* name, std::string value) {
    config.settings.push_back(std::make_unique<events::SettingT>());
    config.settings.back()->name = name;
    config.settings.back()->value = std::move(value);
  }

  std::mt19937_64 random_{seed};
};

double quantile(std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

Result<void> same(const std::vector<events::TrialRowT>& scanned,
                  const std::vector<storage::NearestIndex::Found>& found, const events::TrialConfigT& asked) {
  bool equal = scanned.size() == found.size();
  for (std::size_t i = 0; equal && i < found.size(); ++i)
    equal =
        found[i].key == scanned[i].trial && found[i].distance == storage::distance(asked, *scanned[i].config);
  if (!equal) return fail("bench.differs", "the index and the plain scan gave different answers");
  return {};
}

}  // namespace

Result<void> bench_nearest(const BenchOptions& options, BenchReport& report) {
  const auto tell = [&](const std::string& what) {
    if (options.progress) options.progress(what);
  };
  const auto stopped = [&] { return options.stopped && options.stopped(); };
  const auto interrupted = [] { return fail("bench.interrupted", "the benchmark was interrupted"); };

  tell(std::to_string(options.events) + " trials being made");
  Configurations configurations;
  auto rows = std::make_shared<storage::MapRows>();
  for (std::uint64_t i = 1; i <= options.events; ++i) {
    if (i % 10'000 == 0 && stopped()) return interrupted();
    events::TrialRowT row;
    row.trial = "trial-" + std::to_string(i);
    row.config = std::make_unique<events::TrialConfigT>(configurations.next());
    rows->put("trials", row.trial, events::pack(row));
  }
  const storage::Memory memory(rows);

  tell("building the index from the rows");
  const Clock build;
  storage::NearestIndex index;
  rows->scan("trials", {}, [&](std::string_view key, events::ByteView bytes) {
    if (const auto row = events::unpack<events::TrialRowT>(bytes); row && row->config)
      index.put(key, *row->config);
    return true;
  });
  index.nearest(configurations.next(), wanted);  // the first question builds the trees
  report.rows.push_back({"index of " + std::to_string(options.events) + " trials, built from rows",
                         build.seconds(),
                         "s",
                         {},
                         0,
                         0});
  report.notes.push_back(std::to_string(index.points()) + " different configurations");
  if (stopped()) return interrupted();

  tell("asking the index");
  std::vector<double> indexed, processor;
  for (std::size_t i = 0; i < questions; ++i) {
    const auto asked = configurations.next();
    const double before = processor_seconds();
    const Clock clock;
    index.nearest(asked, wanted);
    indexed.push_back(1000 * clock.seconds());
    processor.push_back(1000 * (processor_seconds() - before));
  }
  tell("asking by the plain scan");
  std::vector<double> scanned;
  for (unsigned i = 0; i < options.repetitions; ++i) {
    if (stopped()) return interrupted();
    const auto asked = configurations.next();
    const Clock clock;
    const auto found = storage::nearest(memory, asked, wanted);
    scanned.push_back(1000 * clock.seconds());
    if (auto equal = same(found, index.nearest(asked, wanted), asked); !equal) return fail(equal.error());
  }
  std::sort(indexed.begin(), indexed.end());
  std::sort(processor.begin(), processor.end());
  std::sort(scanned.begin(), scanned.end());
  const auto row = [&](const char* name, double share) {
    const double ours = quantile(indexed, share), scan = quantile(scanned, share);
    report.rows.push_back({name, ours, "ms", "plain scan over the rows", scan, ours / scan});
  };
  row("10 nearest, p50", 0.5);
  row("10 nearest, p99", 0.99);
  report.rows.push_back({"10 nearest, p99 of processor time", quantile(processor, 0.99), "ms", {}, 0, 0});
  return {};
}

}  // namespace automodel::tools
