// Whatever the file is: an error, or blocks with as many records as they say; never a crash. Nearly every
// change is stopped by a hash: so hashes are made to fit what there is, and the file is read once more.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "storage/archive/segment.hpp"
#include "storage/archive/segment_form.hpp"

using namespace automodel;
namespace frames = storage::frames;
namespace form = storage::segment_form;

namespace {

void read_all(const events::Bytes& content) {
  storage::Descriptor file(::memfd_create("segment", MFD_CLOEXEC));
  if (!file || !storage::write_all(file, content, "input")) return;
  const auto segment = storage::Segment::read(std::move(file), "input");
  if (!segment) {
    if (segment.error().where.empty()) std::abort();
    return;
  }
  std::uint64_t next = (*segment)->entry().first;
  for (std::size_t number = 0; number < (*segment)->blocks().size(); ++number) {
    const auto& described = (*segment)->blocks()[number];
    if (described.first != next || (*segment)->block_with(described.last) != number) std::abort();
    next = described.last + 1;
    const auto block = (*segment)->load(number);
    if (!block) {
      if (block.error().where.empty()) std::abort();
      continue;
    }
    std::size_t bytes = 0;
    for (std::uint64_t n = described.first; n <= described.last; ++n) {
      if (!(*block)->has(n)) std::abort();
      for (const std::uint8_t byte : (*block)->record(n)) bytes += byte & 1;  // every byte can be read
    }
    if (bytes > described.unpacked || (*block)->has(described.last + 1)) std::abort();
  }
  if (next != (*segment)->entry().last + 1) std::abort();
}

/// Gives each block and the file the hash that it should have, as far as they can be found.
void seal(events::Bytes& content) {
  const events::ByteView all = content;
  constexpr std::size_t first_bytes = form::magic_bytes + frames::head_bytes;
  if (all.size() < first_bytes + form::tail_bytes) return;
  const std::size_t begin = first_bytes + frames::number_at(all, form::magic_bytes + 1, 4);
  const std::size_t end = frames::number_at(all, all.size() - form::tail_bytes, 8);
  if (begin > end || end > all.size() - form::tail_bytes) return;
  std::size_t offset = begin;
  for (std::size_t at = end + frames::head_bytes;
       at + form::index_entry_bytes <= all.size() - form::tail_bytes; at += form::index_entry_bytes) {
    offset += frames::head_bytes;
    const std::size_t packed = frames::number_at(all, at + 8, 4);
    if (offset > end || packed > end - offset) break;
    std::ranges::copy(events::blake2b(all.subspan(offset, packed)),
                      content.begin() + static_cast<std::ptrdiff_t>(at) + 16);
    offset += packed;
  }
  form::FileHash hash;
  hash.add(all.first(begin));
  hash.add(all.subspan(end, all.size() - 32 - end));
  std::ranges::copy(hash.finish(), content.end() - 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  events::Bytes content(data, data + size);
  read_all(content);
  seal(content);
  read_all(content);
  return 0;
}
