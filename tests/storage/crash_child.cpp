// Appends under load and prints "STREAM VERSION" for every acknowledged event, until it is killed.
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

void append_for_ever(EventStore& store, const std::string& stream) {
  for (std::uint64_t version = value(store.stream_version(stream));;) {
    AppendRequest request = one(stream, "goal-" + std::to_string(version), Expected::exactly(version));
    request.sender = "crash";
    request.number = version;
    const Appended appended = value(store.append(std::move(request)));
    version = appended.version;
    const std::string line = std::to_string(stream.back() - '0') + " " + std::to_string(version) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  auto store = open_or_throw(arguments[1]);
  value(store->attach(std::make_shared<Counting>()));
  std::vector<std::jthread> writers;
  for (int t = 0; t < 4; ++t)
    writers.emplace_back([&store, t] { append_for_ever(*store, "stream/" + std::to_string(t)); });
}
