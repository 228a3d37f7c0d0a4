// What a fuzz target's entry point is fed with in tests, with any compiler: a corpus of binary files, and
// changes of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace automodel::fuzz {

/// In the order of their names, so that a seed repeats a run.
inline std::vector<std::string> corpus(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> contents;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return contents;
}

inline void feed(const std::string& content) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
}

/// One to three changes: a byte, a bit, a number of four bytes, an end cut off, a run repeated or taken out.
inline std::string mutated(std::string content, std::mt19937_64& random) {
  for (auto changes = 1 + random() % 3; changes > 0 && content.size() > 4; --changes) {
    const std::size_t at = random() % (content.size() - 4);
    const std::size_t run = 1 + random() % 16;
    switch (random() % 6) {
      case 0:
        content[at] = static_cast<char>(random());
        break;
      case 1:
        content[at] = static_cast<char>(content[at] ^ (1 << random() % 8));
        break;
      case 2:
        for (std::size_t i = 0; i < 4; ++i) content[at + i] = random() % 2 == 0 ? '\0' : '\xff';
        break;
      case 3:
        content.resize(at);
        break;
      case 4:
        content.insert(at, content.substr(at, run));
        break;
      default:
        content.erase(at, run);
    }
  }
  return content;
}

/// The corpus as it is, then so many changes of its files.
inline std::size_t feed_corpus(const std::filesystem::path& directory, std::uint64_t seed, int changes) {
  std::mt19937_64 random(seed);
  const auto contents = corpus(directory);
  for (const auto& content : contents) feed(content);
  for (int i = 0; i < changes && !contents.empty(); ++i)
    feed(mutated(contents[random() % contents.size()], random));
  return contents.size();
}

}  // namespace automodel::fuzz
