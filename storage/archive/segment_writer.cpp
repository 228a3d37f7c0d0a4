#include <fcntl.h>
#include <zstd.h>

#include <cerrno>

#include "storage/archive/segment.hpp"
#include "storage/archive/segment_form.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

namespace form = segment_form;

namespace {

constexpr int compression_level = 9;  // beyond it little is gained: hashes and numbers do not shrink

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

}  // namespace

struct SegmentWriter::State {
  std::filesystem::path path;
  Descriptor file;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
  form::FileHash hash;
  SegmentEntry entry;
  std::uint64_t next = 0;         // the sequence of the next record
  std::uint64_t block_first = 0;  // of the block that is being filled
  std::string block;
  std::string index;  // its entries so far

  Result<void> write(std::string_view bytes) {
    entry.bytes += bytes.size();
    return write_all(file, view(bytes), path);
  }
};

SegmentWriter::SegmentWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentWriter::SegmentWriter(SegmentWriter&&) noexcept = default;
SegmentWriter::~SegmentWriter() = default;

Result<SegmentWriter> SegmentWriter::create(const std::filesystem::path& path, std::uint64_t first,
                                            std::uint64_t last, const events::Hash256& commit_before,
                                            const std::string& node) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->file = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!state->file) return fail(system_error(errno, "create the segment", path));
  if (!state->context) return fail(system_error(ENOMEM, "compress", path));
  state->entry.first = state->next = state->block_first = first;
  state->entry.last = last;
  std::string head(form::magic);
  frames::put_number(head, form::version, 4);
  head += frames::header_frame(first, last, commit_before, node);
  state->hash.add(view(head));
  if (auto written = state->write(head); !written) return fail(written.error());
  return SegmentWriter(std::move(state));
}

Result<void> SegmentWriter::add(events::ByteView record) {
  state_->block += frames::head(frames::record, record.size());
  state_->block += text(record);
  ++state_->next;
  return state_->block.size() >= form::block_bytes ? flush() : Result<void>();
}

Result<void> SegmentWriter::flush() {
  State& s = *state_;
  std::string packed(ZSTD_compressBound(s.block.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(s.context.get(), packed.data(), packed.size(), s.block.data(),
                                             s.block.size(), compression_level);
  if (ZSTD_isError(size) != 0)
    return fail("storage.io", std::string("cannot compress: ") + ZSTD_getErrorName(size), s.path.string());
  packed.resize(size);
  frames::put_number(s.index, s.block_first, 8);
  frames::put_number(s.index, size, 4);
  frames::put_number(s.index, s.block.size(), 4);
  frames::put_hash(s.index, events::blake2b(view(packed)));
  s.block.clear();
  s.block_first = s.next;
  return s.write(frames::frame(frames::block, packed));
}

Result<SegmentEntry> SegmentWriter::finish(const events::Hash256& commit_after) {
  State& s = *state_;
  if (!s.block.empty())
    if (auto flushed = flush(); !flushed) return fail(flushed.error());
  if (s.next != s.entry.last + 1)
    return fail("storage.corrupt", "the segment has other events than it was made for", s.path.string());
  const std::uint64_t index_at = s.entry.bytes;
  std::string rest = frames::frame(frames::index, s.index);
  rest += frames::end_frame(s.entry.last, commit_after);
  frames::put_number(rest, index_at, 8);
  s.hash.add(view(rest));
  s.entry.hash = s.hash.finish();
  frames::put_hash(rest, s.entry.hash);
  if (auto written = s.write(rest); !written) return fail(written.error());
  if (auto synced = sync_file(s.file, s.path); !synced) return fail(synced.error());
  ::posix_fadvise(s.file.number(), 0, 0, POSIX_FADV_DONTNEED);  // who reads it back reads the disk
  return s.entry;
}

}  // namespace automodel::storage
