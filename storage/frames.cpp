#include "storage/frames.hpp"

#include <algorithm>

namespace automodel::storage::frames {

void put_number(std::string& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
}

void put_hash(std::string& out, const events::Hash256& hash) { out.append(hash.begin(), hash.end()); }

std::uint64_t number_at(events::ByteView bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
  return value;
}

events::Hash256 hash_at(events::ByteView bytes, std::size_t at) {
  events::Hash256 hash;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), hash.size(), hash.begin());
  return hash;
}

std::string head(char kind, std::uint64_t length) {
  std::string out(1, kind);
  put_number(out, length, 4);
  return out;
}

std::string frame(char kind, std::string_view content) { return head(kind, content.size()).append(content); }

std::string header_frame(std::uint64_t first, std::uint64_t last, const events::Hash256& commit_before,
                         std::string_view node) {
  std::string content;
  put_number(content, first, 8);
  put_number(content, last, 8);
  put_hash(content, commit_before);
  content += node;
  return frame(header, content);
}

std::string end_frame(std::uint64_t last, const events::Hash256& commit_hash) {
  std::string content;
  put_number(content, last, 8);
  put_hash(content, commit_hash);
  return frame(end, content);
}

}  // namespace automodel::storage::frames
