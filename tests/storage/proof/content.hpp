// What the work writes: everything follows from its number.
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "events/codec.hpp"

namespace automodel::storage::testing {

struct Content {
  std::uint64_t number = 0, index = 0, count = 0;
  friend bool operator==(const Content&, const Content&) = default;
};

inline unsigned events_of(std::uint64_t number) {
  return number % 11 == 0 ? 20 : 1 + static_cast<unsigned>(number % 4);
}

/// "NUMBER/INDEX/COUNT/…": some short, some larger than a page.
inline std::string content(std::uint64_t number, std::uint64_t index, std::uint64_t count) {
  const std::size_t padding = number % 23 == 0 && index == 1 ? 6000 : (number * 37 + index * 11) % 300;
  return std::to_string(number) + "/" + std::to_string(index) + "/" + std::to_string(count) + "/" +
         std::string(padding, static_cast<char>('a' + number % 26));
}

/// Throws where it is not as `content` makes it.
inline Content parse_content(const std::string& text) {
  Content found;
  const char *at = text.data(), *end = text.data() + text.size();
  for (std::uint64_t* field : {&found.number, &found.index, &found.count}) {
    at = std::from_chars(at, end, *field).ptr;
    if (at != end) ++at;
  }
  if (text != content(found.number, found.index, found.count))
    throw std::runtime_error("an event has another content than was written: " + text.substr(0, 40));
  return found;
}

inline std::string reply_to(std::uint64_t number) { return "reply-" + std::to_string(number); }

inline events::Bytes snapshot_bytes(unsigned worker, std::uint64_t version) {
  return events::Bytes(200 + version % 5000, static_cast<std::uint8_t>(worker * 17 + version));
}

inline events::Bytes artifact_bytes(unsigned worker, std::uint64_t number) {
  return events::Bytes(3000 + number % 7000, static_cast<std::uint8_t>(worker * 31 + number));
}

}  // namespace automodel::storage::testing
