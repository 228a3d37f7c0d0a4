// Collective over c10d's gloo, LibTorch's own distributed engine: TCP between all pairs of processes.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <c10/util/Logging.h>
#include <gloo/context.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "recsys/models/kernels.hpp"
#include "recsys/training/collective.hpp"

namespace automodel::recsys {
namespace {

/// While rank 0 measures, the others wait. A process that dies is noticed at once: its connections close.
constexpr std::chrono::minutes kSilence{30};
constexpr const char* kRound = "round";

std::string first_line(const std::exception& e) {
  const std::string words = e.what();
  auto line = words.substr(0, words.find('\n'));
  while (line.ends_with('.')) line.pop_back();
  return line;
}

/// What LibTorch throws, as an error.
template <class F>
auto guarded(std::string_view code, const std::string& doing, const std::string& hint, F&& work)
    -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const std::bad_alloc&) {
    return fail("training.out_of_memory", "not enough memory", doing, "train with fewer processes");
  } catch (const std::exception& e) {
    return fail(code, doing + ": " + first_line(e), {}, hint);
  }
}

template <class Number>
at::Tensor borrow(Number* data, std::size_t count, at::ScalarType type) {
  return at::from_blob(const_cast<std::remove_const_t<Number>*>(data), {static_cast<std::int64_t>(count)},
                       at::TensorOptions().dtype(type));
}

class Group final : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  void wait_at_most(std::chrono::milliseconds time) {
    for (const auto& context : contexts_) context->setTimeout(time);
  }
};

class Gloo final : public Collective {
 public:
  Gloo(const c10::intrusive_ptr<c10d::Store>& store, std::uint32_t rank, std::uint32_t size,
       const c10::intrusive_ptr<c10d::ProcessGroupGloo::Options>& options)
      : rank_(rank), size_(size), group_(store, static_cast<int>(rank), static_cast<int>(size), options) {
    // Nobody begins, or leaves, before all have found each other.
    std::string all(size, '.');
    const std::string mine = ".";
    all_gather(borrow(mine.data(), 1, at::kByte), borrow(all.data(), all.size(), at::kByte));
    group_.wait_at_most(kSilence);
  }

  std::uint32_t rank() const override { return rank_; }
  std::uint32_t size() const override { return size_; }

  /// Each process adds up a part of the numbers, and all get all parts: what goes over each connection does
  /// not grow with the number of processes. (Gloo's own all-reduce adds in an order that depends on it.)
  Result<void> sum(std::span<float> values) override {
    if (values.empty()) return {};
    const auto part = (values.size() + size_ - 1) / size_;
    return talk([&] {
      mine_.assign(part * size_, 0.0F);
      std::copy(values.begin(), values.end(), mine_.begin());
      theirs_.resize(part * size_);
      auto in = borrow(mine_.data(), mine_.size(), at::kFloat);
      auto out = borrow(theirs_.data(), theirs_.size(), at::kFloat);
      std::vector<std::int64_t> equal;
      group_.alltoall_base(out, in, equal, equal)->wait();
      for (std::uint32_t rank = 1; rank < size_; ++rank)
        kernels::add(theirs_.data(), theirs_.data() + rank * part, part);
      all_gather(borrow(theirs_.data(), part, at::kFloat), in);
      std::copy_n(mine_.begin(), values.size(), values.begin());
    });
  }

  Result<void> sum_in_turn(std::span<float> values, const std::function<void()>& add) override {
    constexpr int kTurn = 0;  // tags are of pairs of processes
    return talk([&] {
      std::vector<at::Tensor> numbers = {borrow(values.data(), values.size(), at::kFloat)};
      const auto rank = static_cast<int>(rank_), last = static_cast<int>(size_) - 1;
      if (rank > 0 && !values.empty()) group_.recv(numbers, rank - 1, kTurn)->wait();
      add();
      if (values.empty()) return;
      if (rank < last) group_.send(numbers, rank + 1, kTurn)->wait();
      send(numbers[0], last);
    });
  }

  Result<std::string> gather(std::string_view mine) override {
    std::string out(mine.size() * size_, '\0');
    auto done = talk([&] {
      all_gather(borrow(mine.data(), mine.size(), at::kByte), borrow(out.data(), out.size(), at::kByte));
    });
    if (!done) return fail(done.error());
    return out;
  }

  Result<void> broadcast(std::string& bytes) override {
    return talk([&] {
      std::uint64_t length = bytes.size();
      send(borrow(reinterpret_cast<std::uint8_t*>(&length), sizeof length, at::kByte));
      if (rank_ != 0) bytes.resize(length);
      if (length > 0) send(borrow(bytes.data(), bytes.size(), at::kByte));
    });
  }

 private:
  template <class F>
  Result<void> talk(F&& work) {
    return guarded("training.worker_lost", "the other workers are gone",
                   "another one died, or cannot be reached", std::forward<F>(work));
  }
  /// `out` is as `mine` from each rank, one after the other.
  void all_gather(const at::Tensor& mine, const at::Tensor& out) {
    std::vector<at::Tensor> in = {mine};
    std::vector<std::vector<at::Tensor>> parts = {out.chunk(size_)};
    group_.allgather(parts, in)->wait();
  }
  /// From one rank to all.
  void send(const at::Tensor& tensor, int from = 0) {
    std::vector<at::Tensor> one = {tensor};
    c10d::BroadcastOptions options;
    options.rootRank = from;
    group_.broadcast(one, options)->wait();
  }

  std::uint32_t rank_, size_;
  Group group_;
  std::vector<float> mine_, theirs_;
};

/// This computer's address on the way to `host`: there the others find it.
Result<std::string> own_address(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;  // connecting it sends nothing
  addrinfo* found = nullptr;
  const auto no_way = [&](const char* why) {
    return fail("training.no_meeting", "no way to " + host + ": " + why, {},
                "give --meet HOST:PORT of worker 0");
  };
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
      error != 0)
    return no_way(::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> freed(found, &::freeaddrinfo);
  const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  char text[NI_MAXHOST];
  const bool good = fd >= 0 && ::connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
                    ::getnameinfo(reinterpret_cast<const sockaddr*>(&own), length, text, sizeof text, nullptr,
                                  0, NI_NUMERICHOST) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!good) return no_way(std::strerror(error));
  return std::string(text);
}

/// What c10d writes to stderr is in our errors as well. And gloo writes to sockets that others have closed.
void quieten() {
  std::signal(SIGPIPE, SIG_IGN);
  constexpr int kFatal = 3;  // of glog
  FLAGS_caffe2_log_level = kFatal;
  c10::UpdateLoggingLevelsFromFlags();
}

c10::intrusive_ptr<c10d::Store> tcp_store(const std::string& host, std::uint16_t port, bool open,
                                          std::chrono::seconds wait) {
  quieten();
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = open;
  options.waitWorkers = false;
  options.timeout = wait;
  return c10::make_intrusive<c10d::TCPStore>(host, options);
}

std::string address(const std::string& host, std::uint16_t port) { return host + ":" + std::to_string(port); }

}  // namespace

Result<std::unique_ptr<Collective>> join(const Meeting& meeting, std::uint32_t rank, std::uint32_t size,
                                         std::chrono::seconds wait) {
  const bool here = !meeting.file.empty();
  const auto own = here ? Result<std::string>("127.0.0.1") : own_address(meeting.host, meeting.port);
  if (!own) return fail(own.error());
  const auto where = here ? meeting.file : address(meeting.host, meeting.port);
  return guarded("training.no_meeting",
                 "worker " + std::to_string(rank) + " does not find the others at " + where,
                 "start all " + std::to_string(size) + " with the same --workers and --meet", [&] {
                   quieten();
                   c10::intrusive_ptr<c10d::Store> store;
                   if (here) {
                     store = c10::make_intrusive<c10d::FileStore>(meeting.file, static_cast<int>(size));
                   } else {
                     store = c10::make_intrusive<c10d::PrefixStore>(
                         std::to_string(meeting.round), tcp_store(meeting.host, meeting.port, false, wait));
                   }
                   store->setTimeout(wait);
                   auto options = c10d::ProcessGroupGloo::Options::create(wait);
                   options->threads = 1;
                   options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(*own));
                   return std::unique_ptr<Collective>(std::make_unique<Gloo>(store, rank, size, options));
                 });
}

struct MeetingPoint::Impl {
  c10::intrusive_ptr<c10d::Store> store;
  std::string where;
};

MeetingPoint::MeetingPoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MeetingPoint::MeetingPoint(MeetingPoint&&) noexcept = default;
MeetingPoint& MeetingPoint::operator=(MeetingPoint&&) noexcept = default;
MeetingPoint::~MeetingPoint() = default;

Result<MeetingPoint> MeetingPoint::open(const std::string& host, std::uint16_t port,
                                        std::chrono::seconds wait) {
  const auto where = address(host, port);
  auto store = guarded("training.no_meeting", "cannot listen at " + where, "choose another port",
                       [&] { return tcp_store(host, port, true, wait); });
  if (!store) return fail(store.error());
  return MeetingPoint(std::make_unique<Impl>(Impl{std::move(*store), where}));
}

Result<MeetingPoint> MeetingPoint::find(const std::string& host, std::uint16_t port,
                                        std::chrono::seconds wait) {
  const auto where = address(host, port);
  auto store =
      guarded("training.no_meeting", "nobody is at " + where, "start rank 0 there, or wait longer: --wait",
              [&] { return tcp_store(host, port, false, wait); });
  if (!store) return fail(store.error());
  return MeetingPoint(std::make_unique<Impl>(Impl{std::move(*store), where}));
}

Result<std::uint64_t> MeetingPoint::round() {
  return guarded("training.no_meeting", "the meeting point at " + impl_->where + " is gone",
                 "start all again", [&] { return static_cast<std::uint64_t>(impl_->store->add(kRound, 0)); });
}

Result<void> MeetingPoint::begin_after(std::uint64_t round) {
  return guarded("training.no_meeting", "the meeting point at " + impl_->where + " is gone",
                 "start all again", [&] {
                   // The first to ask for this round raises it.
                   if (impl_->store->add("after " + std::to_string(round), 1) == 1)
                     impl_->store->add(kRound, 1);
                 });
}

}  // namespace automodel::recsys
