#include "actors/cluster/files/fetcher.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "actors/session/protocol.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/data/manifest.hpp"
#include "storage/artifact_store.hpp"

namespace automodel::cluster {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

Error file_error(const std::string& what, const fs::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? "storage.full" : "storage.io", "cannot " + what + ": " + std::strerror(errno), path.string(),
          full ? "free some space: what is here of the file is kept" : ""};
}

/// More than any manifest needs: what it says of the other files is known only when it is here.
constexpr std::uint64_t most_manifest_bytes = 64u << 20;

/// A file that grows part by part, from where an earlier try left it.
class Partial {
 public:
  static Result<Partial> open(const fs::path& path) {
    Partial file(path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (file.descriptor_ < 0) return fail(file_error("write the file", path));
    std::error_code failed;
    file.size_ = fs::file_size(path, failed);
    return file;
  }
  Partial(Partial&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        size_(other.size_) {}
  Partial& operator=(Partial&&) = delete;
  ~Partial() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::uint64_t size() const { return size_; }
  Result<void> append(events::ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(file_error("write the file", path_));
      size_ += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<void> finish() {
    if (::fsync(descriptor_) != 0) return fail(file_error("sync the file", path_));
    return {};
  }

 private:
  Partial(fs::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  fs::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

Result<std::string> content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.good() && !in.eof()) return fail("storage.io", "cannot read the file", path.string());
  return text;
}

std::string hash_of(const std::string& text) {
  return events::hex(events::blake2b({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

Error damaged(const std::string& what) {
  return {"cluster.damaged_file", "what came has another hash than what was asked for", what,
          "the other node's copy is damaged, or its program is"};
}

}  // namespace

Fetcher::Fetcher(Link& link, FilePlaces places, FetchLimits limits)
    : link_(link), places_(std::move(places)), limits_(limits) {
  link_.on(events::NodeBody::FilePart, [this](PeerNumber, events::NodeMessageT message) {
    auto& part = *message.body.AsFilePart();
    const std::lock_guard lock(mutex_);
    const auto open = open_.find(part.request);
    if (open == open_.end()) return;  // nobody waits for it any more
    open->second = std::move(part);
    came_.notify_all();
  });
}

void Fetcher::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  came_.notify_all();
}

Result<events::FilePartT> Fetcher::part(PeerNumber from, events::FileAskedT asked) {
  const auto deadline = Clock::now() + limits_.give_up;
  while (Clock::now() < deadline) {
    std::unique_lock lock(mutex_);
    asked.request = next_request_++;
    open_[asked.request].reset();
    lock.unlock();
    const auto sent = link_.send(from, asked, std::chrono::seconds(1));
    lock.lock();
    const auto arrived = [&] { return stopped_ || open_.at(asked.request).has_value(); };
    if (sent) came_.wait_for(lock, limits_.ask_again, arrived);
    auto part = std::move(open_.at(asked.request));
    open_.erase(asked.request);
    if (stopped_) return fail("cluster.stopped", "the node is stopping");
    if (part && part->failure) return fail(actors::error_of(*part->failure));
    if (part) return std::move(*part);
    if (!sent && sent.error().code != "cluster.window_full") return fail(sent.error());
  }
  const auto peer = link_.peer(from);
  return fail("cluster.unreachable", "no answer in " + std::to_string(limits_.give_up.count() / 1000) + " s",
              peer ? peer->node : "");
}

Result<void> Fetcher::whole_file(PeerNumber from, events::FileAskedT asked, const fs::path& into,
                                 std::uint64_t most) {
  auto file = Partial::open(into);
  if (!file) return fail(file.error());
  std::optional<std::uint64_t> announced;
  for (;;) {
    asked.offset = file->size();
    const auto came = part(from, asked);
    if (!came) return fail(came.error());
    // The first part says how long the file is. Whoever says otherwise later would fill this node's disk.
    if (!announced) announced = came->size;
    std::error_code unused;
    if (came->size != *announced || came->size > most) {
      fs::remove(into, unused);
      return fail("cluster.damaged_file",
                  "the other node says that a file has " + std::to_string(came->size) + " bytes, " +
                      (came->size > most ? "at most " + std::to_string(most) + " can be right"
                                         : "and said " + std::to_string(*announced) + " before"),
                  into.filename().string(), "the other node's program is another one, or damaged");
    }
    if (came->bytes.empty() || file->size() + came->bytes.size() > came->size) break;
    if (const auto space = fs::space(into, unused); !unused && came->size - file->size() > space.available)
      return fail("storage.full", "a file of " + std::to_string(came->size) + " bytes does not fit",
                  into.string(), "free some space: what is here of the file is kept");
    if (auto written = file->append(came->bytes); !written) return written;
    if (file->size() == came->size) break;
  }
  return file->finish();
}

Result<void> Fetcher::artifact(PeerNumber from, const std::string& hash) {
  const std::lock_guard one(one_at_a_time_);
  if (!is_file_hash(hash)) return fail("cluster.bad_name", "this is no hash", hash.substr(0, 80));
  auto artifacts = storage::ArtifactStore::open(places_.artifacts);
  if (!artifacts) return fail(artifacts.error());
  if (artifacts->has(hash)) return {};
  const fs::path partial = places_.artifacts / (".fetching-" + hash);
  events::FileAskedT asked;
  asked.hash = hash;
  if (auto came = whole_file(from, asked, partial, UINT64_MAX); !came) return came;
  const auto content = content_of(partial);
  std::error_code unused;
  if (!content) return fail(content.error());
  if (hash_of(*content) != hash) {
    fs::remove(partial, unused);
    return fail(damaged(hash));
  }
  auto stored = artifacts->put({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
  if (!stored) return fail(stored.error());
  fs::remove(partial, unused);
  return {};
}

Result<void> Fetcher::data_set(PeerNumber from, const std::string& name, const std::string& hash) {
  const std::lock_guard one(one_at_a_time_);
  if (!is_file_name(name) || !is_file_hash(hash))
    return fail("cluster.bad_name", "this cannot name a data set", name.substr(0, 80));
  const fs::path target = places_.data_directory / name;
  std::error_code failed;
  if (fs::exists(target, failed)) {
    const auto here = recsys::Dataset::open(target);
    if (here && here->hash() == hash) return {};
    return fail("cluster.other_data", "another data set is called '" + name + "' on this node",
                target.string(), "remove or rename it: its work needs the one of the node that asks");
  }
  const fs::path partial = places_.data_directory / (".fetching-" + name + "-" + hash.substr(0, 16));
  fs::create_directories(partial, failed);
  if (failed) return fail("storage.io", "cannot make a directory: " + failed.message(), partial.string());
  if (auto came = fetch_data_set(from, name, hash, partial); !came) return came;
  fs::rename(partial, target, failed);
  if (failed) return fail("storage.io", "cannot name the data set: " + failed.message(), target.string());
  return {};
}

Result<void> Fetcher::fetch_data_set(PeerNumber from, const std::string& name, const std::string& hash,
                                     const fs::path& into) {
  std::error_code unused;
  const auto bring = [&](const std::string& file, std::uint64_t most) {
    events::FileAskedT asked;
    asked.data = name;
    asked.hash = hash;
    asked.file = file;
    return whole_file(from, asked, into / file, most);
  };
  if (auto came = bring("manifest.json", most_manifest_bytes); !came) return came;
  const auto text = content_of(into / "manifest.json");
  if (!text) return fail(text.error());
  if (hash_of(*text) != hash) {
    fs::remove_all(into, unused);
    return fail(damaged(name));
  }
  const auto manifest = recsys::manifest_from_json(*text, into / "manifest.json");
  if (!manifest) return fail(manifest.error());
  for (const auto& column : manifest->columns)
    for (const auto& file : column.files) {
      if (!is_file_name(file.name))
        return fail("cluster.bad_name", "a file of the data set has a bad name", name);
      if (auto came = bring(file.name, file.bytes); !came) return came;
    }
  if (auto came = bring("manifest.hash", most_manifest_bytes); !came) return came;
  const auto opened = recsys::Dataset::open(into);
  if (!opened || opened->hash() != hash || !opened->verify()) {
    fs::remove_all(into, unused);
    return fail(damaged(name));
  }
  return {};
}

}  // namespace automodel::cluster
