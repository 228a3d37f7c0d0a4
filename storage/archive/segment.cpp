#include "storage/archive/segment.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "storage/archive/segment_form.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

namespace form = segment_form;

namespace {

constexpr std::size_t name_digits = 20;
constexpr std::string_view suffix = ".segment";
constexpr const char* put_back = "put the file back from any backup of this store that has it: a segment never changes";

std::string padded(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(name_digits - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string segment_name(std::uint64_t first, std::uint64_t last) {
  return padded(first) + "-" + padded(last) + std::string(suffix);
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of_segment(std::string_view name) {
  if (name.size() != 2 * name_digits + 1 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const auto first = number_of(name.substr(0, name_digits));
  const auto last = number_of(name.substr(name_digits + 1, name_digits));
  if (!first || !last || name != segment_name(*first, *last)) return std::nullopt;
  return std::pair(*first, *last);
}

// --- blocks ----------------------------------------------------------------------------------------

std::optional<SegmentBlock> SegmentBlock::of(events::Bytes bytes, std::uint64_t first, std::uint64_t last) {
  SegmentBlock block;
  block.first_ = first;
  block.bytes_ = std::move(bytes);
  const events::ByteView all = block.bytes_;
  for (std::size_t at = 0; at < all.size();) {
    if (all.size() - at < frames::head_bytes || all[at] != frames::record) return std::nullopt;
    const std::uint64_t size = frames::number_at(all, at + 1, 4);
    at += frames::head_bytes;
    if (size > all.size() - at || block.records_.size() > last - first) return std::nullopt;
    block.records_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size)});
    at += size;
  }
  if (block.records_.size() != last - first + 1) return std::nullopt;
  return block;
}

// --- the file --------------------------------------------------------------------------------------

Error Segment::damaged(const std::string& what) const {
  return {"storage.corrupt", "the segment is damaged: " + what, where_, put_back};
}

Result<std::shared_ptr<const Segment>> Segment::open(const std::filesystem::path& path,
                                                     const SegmentEntry& entry) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT)
    return fail("storage.corrupt",
                "the segment with events " + std::to_string(entry.first) + " to " +
                    std::to_string(entry.last) + " is missing",
                path.string(), put_back);
  if (!file) return fail(system_error(errno, "open the segment", path));
  auto segment = read(std::move(file), path.string());
  if (!segment) return segment;
  if ((*segment)->entry_ != entry) return fail((*segment)->damaged("it is not the one that the store means"));
  return segment;
}

Result<std::shared_ptr<const Segment>> Segment::read(Descriptor file, std::string where) {
  std::shared_ptr<Segment> segment(new Segment(std::move(file), std::move(where)));
  if (auto started = segment->start(); !started) return fail(started.error());
  return std::shared_ptr<const Segment>(std::move(segment));
}

Result<events::Bytes> Segment::bytes_at(std::uint64_t offset, std::uint64_t count) const {
  events::Bytes bytes(count);
  for (std::size_t got = 0; got < bytes.size();) {
    const ssize_t more =
        ::pread(file_.number(), bytes.data() + got, bytes.size() - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return fail(system_error(errno, "read the segment", where_));
    if (more == 0) return fail(damaged("it ends early"));
    got += static_cast<std::size_t>(more);
  }
  return bytes;
}

/// Magic, version and header: as far as the first block.
Result<events::Bytes> Segment::read_head() const {
  constexpr std::size_t first_bytes = form::magic_bytes + frames::head_bytes;
  if (entry_.bytes < first_bytes + form::tail_bytes) return fail(damaged("it is too short"));
  const auto first = bytes_at(0, first_bytes);
  if (!first) return first;
  if (text(events::ByteView(*first).first(form::magic.size())) != form::magic)
    return fail(damaged("it does not begin as segments do"));
  const std::uint64_t version = frames::number_at(*first, form::magic.size(), 4);
  if (version == 0) return fail(damaged("it has no version"));
  if (version > form::version)
    return fail("storage.newer_format",
                "the segment has format " + std::to_string(version) + ", this program reads up to " +
                    std::to_string(form::version),
                where_, "use the newer version of the program that wrote it");
  const std::uint64_t header_bytes = frames::number_at(*first, form::magic_bytes + 1, 4);
  if ((*first)[form::magic_bytes] != frames::header || header_bytes < frames::header_bytes ||
      header_bytes > frames::header_bytes + frames::max_node_bytes ||
      header_bytes > entry_.bytes - first_bytes - form::tail_bytes)
    return fail(damaged("its header cannot be read"));
  return bytes_at(0, first_bytes + header_bytes);
}

/// Reads everything but the blocks, and checks that it has the file's hash before any of it is believed.
Result<void> Segment::start() {
  struct stat status {};
  if (::fstat(file_.number(), &status) != 0) return fail(system_error(errno, "read the segment", where_));
  entry_.bytes = static_cast<std::uint64_t>(status.st_size);
  const auto head = read_head();
  if (!head) return fail(head.error());
  const std::uint64_t tail_at = entry_.bytes - form::tail_bytes;
  const auto tail = bytes_at(tail_at, form::tail_bytes);
  if (!tail) return fail(tail.error());
  const std::uint64_t begin = head->size(), end = frames::number_at(*tail, 0, 8);
  if (end < begin || end > tail_at || tail_at - end > form::most_index_bytes)
    return fail(damaged("its index cannot be found"));
  const auto index = bytes_at(end, tail_at - end);
  if (!index) return fail(index.error());
  form::FileHash hash;
  hash.add(*head);
  hash.add(*index);
  hash.add(events::ByteView(*tail).first(8));
  entry_.hash = frames::hash_at(*tail, 8);
  if (hash.finish() != entry_.hash) return fail(damaged("its content does not have its hash"));
  constexpr std::size_t first_bytes = form::magic_bytes + frames::head_bytes;
  if (auto parsed = parse_header(events::ByteView(*head).subspan(first_bytes)); !parsed) return parsed;
  return parse_index(*index, begin, end);
}

Result<void> Segment::parse_header(events::ByteView header) {
  entry_.first = frames::number_at(header, 0, 8);
  entry_.last = frames::number_at(header, 8, 8);
  commit_before_ = frames::hash_at(header, 16);
  const auto node = header.subspan(frames::header_bytes);
  node_.assign(node.begin(), node.end());
  const bool possible = entry_.first > 0 && entry_.last >= entry_.first && entry_.last != ~std::uint64_t{0};
  return possible ? Result<void>() : fail(damaged("its header names events that cannot be"));
}

/// The blocks lie one behind the other between `begin` and `end`, with all events in order; the end follows.
Result<void> Segment::parse_index(events::ByteView index, std::uint64_t begin, std::uint64_t end) {
  const auto wrong = [&] { return fail(damaged("its index cannot be read")); };
  constexpr std::size_t end_frame_bytes = frames::head_bytes + frames::end_bytes;
  if (index.size() < frames::head_bytes + end_frame_bytes) return wrong();
  const auto ending = index.last(end_frame_bytes);
  const auto entries = index.subspan(frames::head_bytes, index.size() - frames::head_bytes - end_frame_bytes);
  if (index[0] != frames::index || frames::number_at(index, 1, 4) != entries.size() || entries.empty() ||
      entries.size() % form::index_entry_bytes != 0 || ending[0] != frames::end ||
      frames::number_at(ending, 1, 4) != frames::end_bytes ||
      frames::number_at(ending, frames::head_bytes, 8) != entry_.last)
    return wrong();
  commit_after_ = frames::hash_at(ending, frames::head_bytes + 8);
  std::uint64_t offset = begin;
  for (std::size_t at = 0; at < entries.size(); at += form::index_entry_bytes) {
    Block block{frames::number_at(entries, at, 8), entry_.last, offset, 0, 0,
                frames::hash_at(entries, at + 16)};
    block.packed = static_cast<std::uint32_t>(frames::number_at(entries, at + 8, 4));
    block.unpacked = static_cast<std::uint32_t>(frames::number_at(entries, at + 12, 4));
    const bool follows = blocks_.empty() ? block.first == entry_.first : block.first > blocks_.back().first;
    offset += frames::head_bytes + std::uint64_t{block.packed};
    if (!follows || block.first > entry_.last || offset > end || block.unpacked > form::most_block_bytes)
      return wrong();
    if (!blocks_.empty()) blocks_.back().last = block.first - 1;
    blocks_.push_back(block);
  }
  return offset == end ? Result<void>() : wrong();
}

std::uint64_t Segment::record_bytes() const {
  std::uint64_t bytes = 0;
  for (const Block& block : blocks_)
    bytes += block.unpacked - frames::head_bytes * (block.last - block.first + 1);
  return bytes;
}

std::size_t Segment::block_with(std::uint64_t sequence) const {
  const auto after = std::ranges::upper_bound(blocks_, sequence, {}, &Block::first);
  return static_cast<std::size_t>(after - blocks_.begin()) - 1;
}

Result<std::shared_ptr<const SegmentBlock>> Segment::load(std::size_t number) const {
  const Block& block = blocks_[number];
  const auto wrong = [&](const std::string& what) {
    return fail(
        damaged("events " + std::to_string(block.first) + " to " + std::to_string(block.last) + ' ' + what));
  };
  const auto frame = bytes_at(block.offset, frames::head_bytes + block.packed);
  if (!frame) return fail(frame.error());
  const auto packed = events::ByteView(*frame).subspan(frames::head_bytes);
  if ((*frame)[0] != frames::block || frames::number_at(*frame, 1, 4) != block.packed ||
      events::blake2b(packed) != block.hash)
    return wrong("do not have their hash");
  events::Bytes bytes(block.unpacked);
  const std::size_t size = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != bytes.size()) return wrong("cannot be unpacked");
  auto records = SegmentBlock::of(std::move(bytes), block.first, block.last);
  if (!records) return wrong("are not in their block");
  return std::make_shared<const SegmentBlock>(std::move(*records));
}

}  // namespace automodel::storage
