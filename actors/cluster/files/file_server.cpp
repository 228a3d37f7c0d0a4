#include "actors/cluster/files/file_server.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "actors/session/protocol.hpp"

namespace automodel::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_waiting = 1024;  // questions; a peer whose question is dropped asks again

Result<std::string> content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) return fail("cluster.no_such_file", "there is no such file here", file.filename().string());
  return text;
}

Result<fs::path> path_of(const FilePlaces& places, const events::FileAskedT& asked) {
  if (!is_file_hash(asked.hash)) return fail("cluster.bad_name", "this is no hash", asked.hash.substr(0, 80));
  if (asked.data.empty()) return places.artifacts / asked.hash;
  if (!is_file_name(asked.data) || !is_file_name(asked.file))
    return fail("cluster.bad_name", "this names no file of a data set", asked.data.substr(0, 80));
  const fs::path directory = places.data_directory / asked.data;
  const auto hash = content_of(directory / "manifest.hash");
  if (!hash)
    return fail("cluster.no_such_file", "there is no data set '" + asked.data + "' here", asked.data);
  if (hash->substr(0, asked.hash.size()) != asked.hash)
    return fail("cluster.no_such_file", "the data set '" + asked.data + "' here is another one", asked.data,
                "import the same original on both nodes, or remove one");
  return directory / asked.file;
}

Result<events::FilePartT> part_of(const fs::path& path, std::uint64_t offset) {
  std::error_code failed;
  const std::uint64_t size = fs::file_size(path, failed);
  if (failed) return fail("cluster.no_such_file", "there is no such file here", path.filename().string());
  events::FilePartT part;
  part.size = size;
  if (offset >= size) return part;
  part.bytes.resize(std::min<std::uint64_t>(file_part_bytes, size - offset));
  std::ifstream in(path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(reinterpret_cast<char*>(part.bytes.data()), static_cast<std::streamsize>(part.bytes.size()));
  if (!in) return fail("cluster.io", "the file cannot be read", path.filename().string());
  return part;
}

}  // namespace

bool is_file_hash(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_file_name(const std::string& text) {
  return !text.empty() && text.size() <= 240 && text[0] != '.' && text.find('/') == std::string::npos &&
         text.find('\0') == std::string::npos;
}

events::FilePartT read_part(const FilePlaces& places, const events::FileAskedT& asked) {
  Result<events::FilePartT> part;
  if (auto path = path_of(places, asked); path)
    part = part_of(*path, asked.offset);
  else
    part = fail(path.error());
  if (!part) {
    events::FilePartT refused;
    refused.failure = std::make_unique<events::FailureT>(actors::failure_of(part.error()));
    part = std::move(refused);
  }
  part->request = asked.request;
  return std::move(*part);
}

FileServer::FileServer(Link& link, FilePlaces places) : link_(link), places_(std::move(places)) {
  link_.on(events::NodeBody::FileAsked, [this](PeerNumber peer, events::NodeMessageT message) {
    const std::lock_guard lock(mutex_);
    if (asked_.size() >= most_waiting) return;  // the peer asks again
    asked_.push_back({peer, std::move(*message.body.AsFileAsked())});
    wake_.notify_one();
  });
  thread_ = std::thread([this] { run(); });
}

FileServer::~FileServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void FileServer::run() {
  for (;;) {
    Asked next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !asked_.empty(); });
      if (stopping_) return;
      next = std::move(asked_.front());
      asked_.pop_front();
    }
    // A peer that takes nothing more asks again when it does.
    static_cast<void>(link_.send(next.peer, read_part(places_, next.what), std::chrono::seconds(1)));
  }
}

}  // namespace automodel::cluster
