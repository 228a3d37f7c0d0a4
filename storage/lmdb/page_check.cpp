#include "storage/lmdb/page_check.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

namespace {

static_assert(std::endian::native == std::endian::little, "LMDB's file is in the machine's order");

// The format of LMDB 0.9 (data version 1), on a machine of 64 bits.
constexpr std::uint32_t magic = 0xBEEFC0DE, data_version = 1;
constexpr std::uint16_t branch_page = 1, leaf_page = 2, overflow_page = 4, meta_page = 8;
constexpr std::uint16_t big_value = 1, sub_database = 2;
constexpr std::uint16_t integer_keys = 8, no_folder = 0x4000;  // the latter: how the file was opened
constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr std::size_t header_bytes = 16, node_bytes = 8, max_key_bytes = 511;

struct Database {
  std::uint32_t page_bytes;  // in the list of free pages' only
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};
static_assert(sizeof(Database) == 48);

struct Meta {
  std::uint32_t magic, version;
  std::uint64_t address, map_bytes;
  Database free, main;
  std::uint64_t last_page, transaction;
};
static_assert(sizeof(Meta) == 136);

struct PageHeader {
  std::uint64_t number;
  std::uint16_t pad, flags;
  std::uint16_t lower, upper;  // an overflow page has its count of pages here
};
static_assert(sizeof(PageHeader) == header_bytes);

template <class T>
T read_at(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

tl::unexpected<Error> damaged(const std::string& what, std::uint64_t page) {
  return fail("storage.corrupt", "the file's structure is damaged: " + what, "page " + std::to_string(page),
              "restore the store from a backup");
}

class File {
 public:
  explicit File(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0)
      bytes_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~File() {
    if (map_ != MAP_FAILED) ::munmap(map_, bytes_);
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  std::uint64_t bytes() const { return bytes_; }
  bool read(void* to, std::size_t size, std::uint64_t offset) const {
    return ::pread(descriptor_, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }
  const std::uint8_t* map() {
    map_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor_, 0);
    return map_ == MAP_FAILED ? nullptr : static_cast<const std::uint8_t*>(map_);
  }

 private:
  int descriptor_;
  std::uint64_t bytes_ = 0;
  void* map_ = MAP_FAILED;
};

Result<Meta> read_meta(const File& file, std::uint64_t number, std::uint64_t page_bytes) {
  std::array<std::uint8_t, header_bytes + sizeof(Meta)> bytes{};
  if (!file.read(bytes.data(), bytes.size(), number * page_bytes))
    return damaged("it has no meta page", number);
  const auto header = read_at<PageHeader>(bytes.data());
  const auto meta = read_at<Meta>(bytes.data() + header_bytes);
  if (!(header.flags & meta_page) || meta.magic != magic || meta.version != data_version)
    return fail("storage.not_a_store", "the file is none of LMDB, or its first pages are damaged", {},
                "give the directory of a store, or restore it from a backup");
  // LMDB writes a meta page from `map_bytes` on; the header is that of the file's creation.
  if (header.flags != meta_page || header.number != number)
    return damaged("a meta page is another one", number);
  const std::uint64_t size = meta.free.page_bytes;
  if (size < 512 || size > 65536 || !std::has_single_bit(size))
    return damaged("a page has no such size", number);
  if (meta.transaction > 0 && meta.transaction % 2 != number)
    return damaged("a commit is in the other's place", number);
  return meta;
}

Result<std::array<Meta, 2>> read_metas(const File& file) {
  const auto first = read_meta(file, 0, 0);
  if (!first) return fail(first.error());
  const auto second = read_meta(file, 1, first->free.page_bytes);
  if (!second) return fail(second.error());
  if (first->free.page_bytes != second->free.page_bytes || first->free.flags != second->free.flags)
    return damaged("the meta pages differ", 1);
  return std::array<Meta, 2>{*first, *second};
}

/// One walk over all that a commit reaches.
class Walk {
 public:
  Walk(const std::uint8_t* bytes, const Meta& meta)
      : bytes_(bytes), page_bytes_(meta.free.page_bytes), meta_(meta), used_(meta.last_page + 1) {
    used_[0] = used_[1] = true;
    count_ = 2;
  }

  Result<void> all() {
    if (auto walked = database(meta_.free, Role::free_pages); !walked) return walked;
    if (auto walked = database(meta_.main, Role::names); !walked) return walked;
    if (newest_freed_ > meta_.transaction) return damaged("pages are free since a commit to come", 0);
    if (meta_.transaction > 1 && newest_freed_ != 0 && newest_freed_ != meta_.transaction)
      return damaged("it says to be of another commit than its list of free pages", meta_.transaction % 2);
    if (count_ != used_.size()) return damaged("pages are neither used nor free", meta_.last_page);
    return {};
  }

 private:
  enum class Role : std::uint8_t { free_pages, names, values };
  using Bytes = std::string_view;

  struct Node {
    Bytes key;
    std::uint16_t flags;
    std::uint64_t child;  // of a branch
    std::uint64_t size;   // of a leaf's value
    const std::uint8_t* value;
  };
  /// One page of a tree, its offsets already sound.
  struct Page {
    std::uint64_t number;
    bool branch;
    const std::uint8_t* bytes;
    std::size_t nodes;
  };
  struct Counts {
    std::uint64_t branches = 0, leaves = 0, overflows = 0, entries = 0;
  };
  struct Tree {
    Role role;
    bool integers;
    std::uint16_t depth;
    Counts counts{};
  };

  Result<void> take(std::uint64_t number) {
    if (number < 2 || number > meta_.last_page) return damaged("a page leads to none of this file", number);
    if (used_[number]) return damaged("a page is used twice", number);
    used_[number] = true;
    ++count_;
    return {};
  }

  Result<void> database(const Database& of, Role role) {
    const auto flags =
        static_cast<std::uint16_t>(role == Role::free_pages ? of.flags & ~no_folder : of.flags);
    Tree tree{role, flags == integer_keys, of.depth, {}};
    if (flags != 0 && !tree.integers) return damaged("a database has flags of another kind", of.root);
    if (role != Role::values && tree.integers != (role == Role::free_pages))
      return damaged("a database has other keys", of.root);
    if (of.root == no_page) {
      if (of.depth || of.entries || of.branch_pages || of.leaf_pages || of.overflow_pages)
        return damaged("a database has entries and no page", 0);
      return {};
    }
    if (of.depth == 0 || of.depth > 32) return damaged("a database has no such depth", of.root);
    if (auto walked = subtree(tree, of.root, 1, std::nullopt, std::nullopt); !walked) return walked;
    const Counts& found = tree.counts;
    if (found.branches != of.branch_pages || found.leaves != of.leaf_pages ||
        found.overflows != of.overflow_pages || found.entries != of.entries)
      return damaged("a database has other counts than it says", of.root);
    return {};
  }

  Result<Page> tree_page(const Tree& tree, std::uint64_t number, unsigned level) {
    if (auto taken = take(number); !taken) return fail(taken.error());
    const std::uint8_t* at = bytes_ + number * page_bytes_;
    const auto header = read_at<PageHeader>(at);
    if (header.number != number) return damaged("a page is another one", number);
    const std::uint16_t wanted = level < tree.depth ? branch_page : leaf_page;
    if (header.flags != wanted) return damaged("a page is of another kind", number);
    if (header.lower < header_bytes || header.lower % 2 || header.upper < header.lower ||
        header.upper > page_bytes_)
      return damaged("a page has other bounds", number);
    Page page{number, wanted == branch_page, at, (header.lower - header_bytes) / 2u};
    if (page.nodes < (page.branch ? 2u : 1u)) return damaged("a page has no entries", number);
    // Nodes fill the page from `upper` to its end, without gaps: then none reaches into another.
    std::uint64_t sum = header.upper;
    for (std::size_t i = 0; i < page.nodes; ++i) {
      const std::size_t offset = node_offset(page, i);
      if (offset < header.upper || offset % 2 || offset + node_bytes > page_bytes_)
        return damaged("an entry is outside of its page", number);
      const std::uint64_t size = node_size(page, at + offset);
      if (offset + size > page_bytes_) return damaged("an entry reaches over its page", number);
      sum += size;
    }
    if (sum != page_bytes_) return damaged("the entries do not fill their page", number);
    return page;
  }

  static std::size_t node_offset(const Page& page, std::size_t index) {
    return read_at<std::uint16_t>(page.bytes + header_bytes + 2 * index);
  }
  static std::uint64_t node_size(const Page& page, const std::uint8_t* at) {
    const std::uint64_t low = read_at<std::uint16_t>(at), high = read_at<std::uint16_t>(at + 2);
    const std::uint16_t flags = read_at<std::uint16_t>(at + 4), key = read_at<std::uint16_t>(at + 6);
    const std::uint64_t value = page.branch ? 0 : (flags & big_value) ? 8 : (low | high << 16);
    return (node_bytes + key + value + 1) & ~std::uint64_t{1};
  }
  static Node node(const Page& page, std::size_t index) {
    const std::uint8_t* at = page.bytes + node_offset(page, index);
    const std::uint64_t low = read_at<std::uint16_t>(at), high = read_at<std::uint16_t>(at + 2);
    const std::uint16_t flags = read_at<std::uint16_t>(at + 4), key = read_at<std::uint16_t>(at + 6);
    const Bytes name(reinterpret_cast<const char*>(at + node_bytes), key);
    if (page.branch) return {name, 0, low | high << 16 | std::uint64_t{flags} << 32, 0, nullptr};
    return {name, flags, 0, low | high << 16, at + node_bytes + key};
  }

  static bool less(const Tree& tree, Bytes a, Bytes b) {
    if (!tree.integers) return a < b;
    return read_at<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(a.data())) <
           read_at<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(b.data()));
  }

  // Keys of the subtree are not less than `from` and less than `until`.
  Result<void> subtree(Tree& tree, std::uint64_t number, unsigned level, std::optional<Bytes> from,
                       std::optional<Bytes> until) {
    const auto page = tree_page(tree, number, level);
    if (!page) return fail(page.error());
    ++(page->branch ? tree.counts.branches : tree.counts.leaves);
    std::optional<Bytes> before;
    for (std::size_t i = 0; i < page->nodes; ++i) {
      const Node one = node(*page, i);
      const bool lowest = page->branch && i == 0;  // stands for all that is less than the next
      if (lowest) continue;
      if (one.key.empty() || one.key.size() > max_key_bytes || (tree.integers && one.key.size() != 8))
        return damaged("a key has no such length", number);
      if ((before && !less(tree, *before, one.key)) || (from && less(tree, one.key, *from)) ||
          (until && !less(tree, one.key, *until)))
        return damaged("keys are not in order", number);
      before = one.key;
    }
    for (std::size_t i = 0; i < page->nodes; ++i) {
      const Node one = node(*page, i);
      if (!page->branch) {
        if (auto checked = leaf_entry(tree, number, one); !checked) return checked;
        continue;
      }
      const auto low = i == 0 ? from : std::optional<Bytes>(one.key);
      const auto high = i + 1 == page->nodes ? until : std::optional<Bytes>(node(*page, i + 1).key);
      if (auto walked = subtree(tree, one.child, level + 1, low, high); !walked) return walked;
    }
    return {};
  }

  Result<void> leaf_entry(Tree& tree, std::uint64_t number, const Node& one) {
    ++tree.counts.entries;
    const std::uint16_t foreseen = tree.role == Role::names ? sub_database : big_value;
    if ((one.flags & ~foreseen) != 0) return damaged("an entry is of another kind", number);
    const std::uint8_t* value = one.value;
    if (one.flags & big_value) {
      const auto first = read_at<std::uint64_t>(one.value);
      if (auto checked = overflow(tree, first, one.size); !checked) return checked;
      value = bytes_ + first * page_bytes_ + header_bytes;
    }
    if (tree.role == Role::free_pages) return free_list(number, one, value);
    if (tree.role == Role::values) return {};
    if (!(one.flags & sub_database) || one.size != sizeof(Database))
      return damaged("a name leads to no database", number);
    const auto inner = read_at<Database>(value);
    // `events` alone has numbers for keys.
    if ((inner.flags == integer_keys) != (one.key == "events"))
      return damaged("a database has other keys", number);
    return database(inner, Role::values);
  }

  Result<void> overflow(Tree& tree, std::uint64_t first, std::uint64_t size) {
    const std::uint64_t pages = (header_bytes - 1 + size) / page_bytes_ + 1;
    if (first > meta_.last_page || pages > meta_.last_page)
      return damaged("a page leads to none of this file", first);
    for (std::uint64_t i = 0; i < pages; ++i)
      if (auto taken = take(first + i); !taken) return taken;
    const std::uint8_t* at = bytes_ + first * page_bytes_;
    const auto header = read_at<PageHeader>(at);
    if (header.number != first || header.flags != overflow_page || read_at<std::uint32_t>(at + 12) != pages)
      return damaged("a large value's page is another one", first);
    tree.counts.overflows += pages;
    return {};
  }

  Result<void> free_list(std::uint64_t number, const Node& one, const std::uint8_t* value) {
    newest_freed_ = std::max(newest_freed_,
                             read_at<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(one.key.data())));
    if (one.size < 8 || one.size % 8) return damaged("a list of free pages has no such length", number);
    const auto count = read_at<std::uint64_t>(value);
    if (count > one.size / 8 - 1) return damaged("a list of free pages is longer than its place", number);
    std::uint64_t before = no_page;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto page = read_at<std::uint64_t>(value + 8 * i);
      if (page >= before) return damaged("a list of free pages is not in order", number);
      before = page;
      if (auto taken = take(page); !taken) return taken;
    }
    return {};
  }

  const std::uint8_t* bytes_;
  std::uint64_t page_bytes_;
  const Meta& meta_;
  std::vector<bool> used_;  // or free
  std::uint64_t count_ = 0;
  std::uint64_t newest_freed_ = 0;
};

}  // namespace

Result<void> clear_unborn(const std::filesystem::path& path) {
  // Pages of the first commit may be there already: it syncs what the creation wrote only then.
  constexpr std::uint64_t page_bytes = 4096, first_commit_bytes = 64u << 10;
  const File file(path);
  if (!file.is_open() || file.bytes() == 0) return {};
  unsigned made = 0;
  for (const std::uint64_t number : {0, 1}) {
    std::array<std::uint8_t, page_bytes> page{};
    const std::uint64_t from = number * page_bytes;
    if (from >= file.bytes() || !file.read(page.data(), std::min(page_bytes, file.bytes() - from), from))
      continue;
    if (std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0; })) continue;
    const auto meta = read_meta(file, number, page_bytes);
    if (!meta || meta->transaction != 0) return {};
    ++made;
  }
  if (made == 2 || (made == 0 && file.bytes() > first_commit_bytes)) return {};
  if (::unlink(path.c_str()) == 0) return {};
  return fail(lmdb_error(errno, "remove a file whose creation was cut off", path.string()));
}

Result<void> check_meta_pages(const std::filesystem::path& path, bool settled) {
  const File file(path);
  if (!file.is_open() || file.bytes() == 0) return {};
  const auto metas = read_metas(file);
  if (!metas) return fail(metas.error());
  const std::uint64_t first = (*metas)[0].transaction, second = (*metas)[1].transaction;
  if (settled && (first > second ? first - second : second - first) > 1)
    return damaged("the meta pages are not of neighbouring commits", 0);
  return {};
}

Result<void> check_pages(const std::filesystem::path& path, std::uint64_t transaction) {
  File file(path);
  if (!file.is_open()) return fail(lmdb_error(errno, "read the store's file", path.string()));
  const auto metas = read_metas(file);
  if (!metas) return fail(metas.error());
  for (const Meta& meta : *metas) {
    if (meta.transaction != transaction) continue;
    const std::uint8_t* bytes = file.map();
    if (bytes == nullptr) return fail("storage.io", "cannot map the store's file", path.string());
    if (meta.last_page >= file.bytes() / meta.free.page_bytes)
      return damaged("its last page is beyond the end of the file", meta.last_page);
    return Walk(bytes, meta).all();
  }
  return fail(commits_went_on, "two commits happened since the transaction began", path.string());
}

}  // namespace automodel::storage
