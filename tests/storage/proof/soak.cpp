// A long run under load, and what it did to memory, latency and the file. tools/soak starts it.
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>

#include "storage/lmdb/environment.hpp"
#include "storage/operations/backup.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned stream_count = 1000, writer_count = 4, follower_count = 8;
constexpr std::size_t events_of_a_batch = 10, largest_backlog = 64;

/// Counts by stream: what it writes for an event does not grow.
class Totals final : public Projection {
 public:
  std::string name() const override { return "totals"; }
  std::string schema() const override { return "1"; }
  std::vector<std::string> tables() const override { return {"counts"}; }
  void apply(RowWriter& rows, const events::Recorded& event) const override {
    const auto counted = rows.get("counts", event.stream);
    const std::uint64_t count =
        1 + (counted ? std::stoull(std::string(counted->begin(), counted->end())) : 0);
    const std::string text = std::to_string(count);
    rows.put("counts", event.stream, events::Bytes(text.begin(), text.end()));
  }
};

/// Memory of the process that is no file's, in MiB.
double own_memory() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) / 1024;
  return 0;
}

struct Sample {
  std::uint64_t events = 0;
  double memory = 0;
  std::vector<double> latencies;  // of single appends, ms
};

double percentile(std::vector<double> values, double which) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(which * static_cast<double>(values.size() - 1))];
}

class Load {
 public:
  Load(EventStore& store, std::uint64_t wanted) : store_(store), wanted_(wanted) {}

  /// Everything at once until the time is over or the events are written; one sample a second.
  std::vector<Sample> run(std::chrono::seconds at_most) {
    const auto until = Clock::now() + at_most;
    std::vector<Sample> samples;
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < writer_count; ++i)
        threads.emplace_back([this, i] { guarded([&] { write(i); }); });
      for (unsigned i = 0; i < follower_count; ++i)
        threads.emplace_back([this] { guarded([&] { follow(); }); });
      threads.emplace_back([this] { guarded([&] { probe(); }); });
      threads.emplace_back([this] { guarded([&] { back_up(); }); });
      while (!stop_ && Clock::now() < until && store_.last_sequence() < wanted_) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        Sample sample{store_.last_sequence(), own_memory(), {}};
        {
          const std::lock_guard lock(mutex_);
          sample.latencies = std::exchange(latencies_, {});
        }
        samples.push_back(std::move(sample));
        if (samples.size() % 15 == 0)
          std::fprintf(stderr, "  %zu s: %" PRIu64 " events, %.0f MiB\n", samples.size(),
                       samples.back().events, samples.back().memory);
      }
      stop_ = true;
    }
    return samples;
  }
  const std::string& trouble() const { return trouble_; }
  std::uint64_t followed() const { return followed_; }
  unsigned backups() const { return backups_; }

 private:
  template <class Work>
  void guarded(Work work) {
    try {
      work();
    } catch (const std::exception& thrown) {
      const std::lock_guard lock(mutex_);
      trouble_ = thrown.what();
      stop_ = true;
    }
  }

  AppendRequest request(std::uint64_t n, std::size_t count) const {
    AppendRequest made = one("stream-" + std::to_string(n % stream_count), std::string(100, 'x'));
    made.sender = "soak-" + std::to_string(n % 7);
    made.number = n;
    while (made.events.size() < count) made.events.push_back(paused(std::string(100, 'y')));
    return made;
  }

  void write(unsigned which) {
    std::mutex mutex;
    std::condition_variable moved;
    std::size_t waiting = 0;
    for (std::uint64_t n = which; !stop_; n += writer_count) {
      std::unique_lock lock(mutex);
      moved.wait(lock, [&] { return waiting < largest_backlog; });
      ++waiting;
      lock.unlock();
      store_.append_async(request(n, events_of_a_batch), [&](const Result<Appended>& appended) {
        if (!appended) guarded([&] { throw std::runtime_error(to_string(appended.error())); });
        const std::lock_guard hold(mutex);
        --waiting;
        moved.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    moved.wait(lock, [&] { return waiting == 0; });
  }

  void probe() {
    for (std::uint64_t n = 1; !stop_; ++n) {
      AppendRequest single = one("probe-" + std::to_string(n % 10));
      const auto began = Clock::now();
      value(store_.append(std::move(single)));
      const double ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
      {
        const std::lock_guard lock(mutex_);
        latencies_.push_back(ms);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  /// One verified backup after the other, with a rest as long as each took.
  void back_up() {
    while (!stop_) {
      const TemporaryDirectory copies(store_.path().parent_path());
      const auto began = Clock::now();
      value(backup(store_.path(), copies.path() / "copy"));
      ++backups_;
      const auto rest =
          Clock::now() + std::max<Clock::duration>(Clock::now() - began, std::chrono::seconds(5));
      while (!stop_ && Clock::now() < rest) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  /// Reads on as events come; none is missing and none comes twice.
  void follow() {
    for (std::uint64_t next = 1; !stop_;) {
      value(store_.read_all(next, [&](const events::Recorded& recorded) {
        if (recorded.sequence != next) throw std::runtime_error("a follower missed an event");
        ++next;
        ++followed_;
        return !stop_.load();
      }));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  EventStore& store_;
  std::uint64_t wanted_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> followed_{0};
  std::atomic<unsigned> backups_{0};
  std::mutex mutex_;
  std::vector<double> latencies_;
  std::string trouble_;
};

/// Keys and values of all databases, in bytes.
std::uint64_t live_bytes(const std::filesystem::path& directory) {
  const auto environment = value(Environment::open(directory, false));
  const auto transaction = value(environment->read());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < table_count; ++i) {
    auto cursor = value(Cursor::open(transaction, static_cast<Table>(i)));
    for (bool more = value(cursor.seek({})); more; more = value(cursor.next()))
      bytes += cursor.key().size() + cursor.value().size();
  }
  return bytes;
}

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

struct Tenth {
  double events_a_second = 0, p50 = 0, p99 = 0, memory = 0;
};

Tenth tenth(const std::vector<Sample>& samples, std::size_t number) {
  const std::size_t from = number * samples.size() / 10,
                    to = std::max(from + 1, (number + 1) * samples.size() / 10);
  Tenth result;
  std::vector<double> latencies;
  for (std::size_t i = from; i < to; ++i) {
    latencies.insert(latencies.end(), samples[i].latencies.begin(), samples[i].latencies.end());
    result.memory = std::max(result.memory, samples[i].memory);
  }
  const std::uint64_t before = from == 0 ? 0 : samples[from - 1].events;
  result.events_a_second =
      static_cast<double>(samples[to - 1].events - before) / static_cast<double>(to - from);
  result.p50 = percentile(latencies, 0.5);
  result.p99 = percentile(latencies, 0.99);
  return result;
}

bool judge(const char* what, double found, double most, const char* unit) {
  std::printf("%-42s %10.2f %-4s at most %8.2f  %s\n", what, found, unit, most,
              found <= most ? "held" : "FAILED");
  return found <= most;
}

int soak(std::chrono::seconds at_most, std::uint64_t wanted, const std::filesystem::path& place) {
  const TemporaryDirectory directory(place);
  std::vector<Sample> samples;
  std::uint64_t events = 0, followed = 0;
  unsigned backups = 0;
  {
    auto store = open_or_throw(directory.path());
    value(store->attach(std::make_shared<Totals>()));
    Load load(*store, wanted);
    samples = load.run(at_most);
    if (!load.trouble().empty()) throw std::runtime_error(load.trouble());
    events = store->last_sequence();
    followed = load.followed();
    backups = load.backups();
    value(store->wait_for("totals", events, std::chrono::minutes(10)));
    if (value(store->verify()) != events) throw std::runtime_error("verify counts other events");
  }
  if (samples.size() < 10)
    throw std::runtime_error("the run was shorter than ten seconds: nothing to compare");
  std::printf("%-8s %12s %10s %10s %12s\n", "tenth", "events/s", "p50 ms", "p99 ms", "memory MiB");
  for (std::size_t n = 0; n < 10; ++n) {
    const Tenth t = tenth(samples, n);
    std::printf("%-8zu %12.0f %10.2f %10.2f %12.1f\n", n + 1, t.events_a_second, t.p50, t.p99, t.memory);
  }
  const Tenth first = tenth(samples, 0), second = tenth(samples, 1), last = tenth(samples, 9);
  const double live = static_cast<double>(live_bytes(directory.path())),
               disk = static_cast<double>(bytes_on_disk(directory.path() / "events.mdb"));
  std::printf("\n%" PRIu64 " events in %u streams, %" PRIu64 " seen by %u followers, file of %.0f MiB\n",
              events, stream_count, followed, follower_count, disk / (1 << 20));
  bool held = judge("memory, last tenth", last.memory, 1.2 * second.memory + 16, "MiB");
  held &= judge("p99 of an append, last tenth", last.p99, 2 * first.p99 + 1, "ms");
  held &= judge("file, in live keys and values", disk / live, 1.3, "");
  return held ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  std::chrono::seconds at_most{600};
  std::uint64_t events = ~std::uint64_t{0};
  std::filesystem::path place = std::filesystem::temp_directory_path();
  for (int i = 1; i < count; i += 2) {
    const std::string option = arguments[i];
    if (i + 1 == count || (option != "--minutes" && option != "--events" && option != "--in")) {
      std::fprintf(stderr, "usage: storage_soak [--minutes N] [--events N] [--in DIRECTORY]\n");
      return 2;
    }
    if (option == "--minutes" && events == ~std::uint64_t{0})
      at_most = std::chrono::minutes(std::stoul(arguments[i + 1]));
    if (option == "--events") {
      events = std::stoull(arguments[i + 1]);
      at_most = std::chrono::hours(48);
    }
    if (option == "--in") place = arguments[i + 1];
  }
  try {
    return soak(at_most, events, place);
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "the long run: %s\n", thrown.what());
    return 1;
  }
}
