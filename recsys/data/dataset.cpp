#include "recsys/data/dataset.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "recsys/data/files.hpp"
#include "recsys/data/manifest.hpp"

namespace automodel::recsys {

namespace {

using Mapped = std::shared_ptr<const MappedFile>;

/// Texts one after the other: number i is bytes[offsets[i]] … bytes[offsets[i + 1] - 1].
struct TextView {
  std::span<const std::uint64_t> offsets;
  std::string_view bytes;
  std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::string_view at(std::size_t i) const { return bytes.substr(offsets[i], offsets[i + 1] - offsets[i]); }
};

struct Column {
  ColumnInfo info;
  std::vector<Mapped> files;
  std::span<const std::uint32_t> codes;
  CategoriesView categories;
  std::span<const float> numbers;
  std::span<const std::int64_t> times;
  TextView texts;   // of a text column
  TextView tokens;  // of a category or categories column
};

tl::unexpected<Error> corrupt(const std::string& what, const std::filesystem::path& where) {
  return fail("data.corrupt", what, where.string(), "Import the source again");
}

/// Offsets start at 0, never fall, and end at `size`: then every look-up through them stays inside.
bool sound(std::span<const std::uint64_t> offsets, std::uint64_t entries, std::uint64_t size) {
  return offsets.size() == entries + 1 && offsets.front() == 0 && offsets.back() == size &&
         std::is_sorted(offsets.begin(), offsets.end());
}

bool below(std::span<const std::uint32_t> codes, std::uint64_t limit) {
  return codes.empty() || *std::max_element(codes.begin(), codes.end()) < limit;
}

std::size_t files_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::category:
      return 3;
    case ColumnKind::categories:
      return 4;
    case ColumnKind::text:
      return 2;
    default:
      return 1;
  }
}

/// Points the column's views into its files. False where the files contradict the manifest.
bool bind(Column& column, std::uint64_t rows) {
  const auto& files = column.files;
  const bool ids = column.info.name == "user" || column.info.name == "item";
  const auto bind_tokens = [&](std::size_t at) {
    column.tokens = {files[at]->as<std::uint64_t>(), files[at + 1]->bytes()};
    return sound(column.tokens.offsets, column.info.cardinality, column.tokens.bytes.size());
  };
  switch (column.info.kind) {
    case ColumnKind::category:
      column.codes = files[0]->as<std::uint32_t>();
      return column.codes.size() == rows && below(column.codes, column.info.cardinality + (ids ? 0 : 1)) &&
             bind_tokens(1);
    case ColumnKind::categories:
      column.categories = {files[0]->as<std::uint64_t>(), files[1]->as<std::uint32_t>()};
      return sound(column.categories.offsets, rows, column.categories.codes.size()) &&
             below(column.categories.codes, column.info.cardinality + 1) && bind_tokens(2);
    case ColumnKind::number:
      column.numbers = files[0]->as<float>();
      return column.numbers.size() == rows;
    case ColumnKind::time:
      column.times = files[0]->as<std::int64_t>();
      return column.times.size() == rows;
    case ColumnKind::text:
      column.texts = {files[0]->as<std::uint64_t>(), files[1]->bytes()};
      return sound(column.texts.offsets, rows, column.texts.bytes.size());
  }
  return false;
}

}  // namespace

struct Dataset::Impl {
  std::string name;
  std::string hash;
  Manifest manifest;
  std::filesystem::path directory;
  std::vector<ColumnInfo> infos;
  std::vector<Column> columns;
  std::vector<std::int64_t> no_times;  // zeros, where the source has none
  std::span<const std::int64_t> times;
  const Column* user = nullptr;
  const Column* item = nullptr;
  const Column* title = nullptr;
  // Filled at the first look-up: training never asks.
  mutable std::once_flag users_once, items_once;
  mutable std::unordered_map<std::string_view, std::uint32_t> users, items;

  const Column* find(std::string_view column) const {
    for (const Column& candidate : columns)
      if (candidate.info.name == column) return &candidate;
    return nullptr;
  }

  Result<const Column*> find(std::string_view column, std::initializer_list<ColumnKind> kinds) const {
    const Column* found = find(column);
    if (!found) {
      std::string names;
      for (const ColumnInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
      return fail("data.no_such_column", "no column '" + std::string(column) + "'", name,
                  "Columns are: " + names);
    }
    if (std::find(kinds.begin(), kinds.end(), found->info.kind) == kinds.end())
      return fail(
          "data.wrong_kind",
          "column '" + std::string(column) + "' is of kind " + std::string(kind_name(found->info.kind)),
          name);
    return found;
  }

  std::uint64_t rows_of(Table table) const {
    return table == Table::interactions ? manifest.rows
           : table == Table::users      ? manifest.users
                                        : manifest.items;
  }

  Result<void> load_column(const ManifestColumn& described);
  Result<void> find_roles();
};

Result<void> Dataset::Impl::load_column(const ManifestColumn& described) {
  Column column;
  column.info = described.info;
  if (described.files.size() != files_of(described.info.kind))
    return corrupt("column '" + described.info.name + "' has a wrong number of files",
                   directory / "manifest.json");
  for (const ManifestFile& file : described.files) {
    if (file.name.find('/') != std::string::npos)
      return corrupt("a file name with a slash", directory / "manifest.json");
    auto mapped = MappedFile::open(directory / file.name);
    if (!mapped)
      return corrupt("a column file is missing or unreadable: " + mapped.error().message,
                     directory / file.name);
    if ((*mapped)->bytes().size() != file.bytes)
      return corrupt("the file has " + std::to_string((*mapped)->bytes().size()) + " bytes where " +
                         std::to_string(file.bytes) + " were written",
                     directory / file.name);
    column.files.push_back(std::move(*mapped));
  }
  if (!bind(column, rows_of(column.info.table)))
    return corrupt("the files of column '" + column.info.name + "' contradict the manifest", directory);
  infos.push_back(column.info);
  columns.push_back(std::move(column));
  return {};
}

Result<void> Dataset::Impl::find_roles() {
  user = find("user");
  item = find("item");
  if (!user || !item || user->codes.size() != manifest.rows || item->codes.size() != manifest.rows ||
      user->info.cardinality != manifest.users || item->info.cardinality != manifest.items)
    return corrupt("no whole columns 'user' and 'item'", directory / "manifest.json");
  const Column* time = find("time");
  if (manifest.has_time) {
    if (!time || time->times.size() != manifest.rows ||
        !std::is_sorted(time->times.begin(), time->times.end()))
      return corrupt("rows are not sorted by time", directory);
    times = time->times;
  } else {
    no_times.resize(manifest.rows);
    times = no_times;
  }
  for (const Column& column : columns) {
    if (column.info.table != Table::items || column.info.kind != ColumnKind::text) continue;
    if (!title || column.info.name.find("title") != std::string::npos) title = &column;
  }
  return {};
}

Result<Dataset> Dataset::open(const std::filesystem::path& directory) {
  const auto path = directory / "manifest.json";
  const auto text = read_file(path);
  const auto stored = read_file(directory / "manifest.hash");
  if (!text || !stored)
    return fail("data.not_a_dataset", "no data set here", directory.string(),
                "Import one: automodel data import PATH");
  auto impl = std::make_shared<Impl>();
  impl->hash = hash_hex(*text);
  auto manifest = manifest_from_json(*text, path);
  if (!manifest) return fail(manifest.error());
  if (impl->hash != stored->substr(0, stored->find('\n')))
    return corrupt("the manifest is not the one that was written", path);
  impl->manifest = std::move(*manifest);
  impl->directory = directory;
  impl->name = std::filesystem::absolute(directory).lexically_normal().filename().string();
  if (impl->name.empty())
    impl->name = std::filesystem::absolute(directory).lexically_normal().parent_path().filename().string();
  for (const ManifestColumn& column : impl->manifest.columns)
    if (auto loaded = impl->load_column(column); !loaded) return fail(loaded.error());
  if (auto found = impl->find_roles(); !found) return fail(found.error());
  Dataset data;
  data.impl_ = std::move(impl);
  return data;
}

Result<void> Dataset::verify() const {
  for (std::size_t c = 0; c < impl_->columns.size(); ++c) {
    const auto& described = impl_->manifest.columns[c].files;
    for (std::size_t f = 0; f < described.size(); ++f)
      if (hash_hex(impl_->columns[c].files[f]->bytes()) != described[f].blake2b)
        return corrupt("the file is not the one that was written", impl_->directory / described[f].name);
  }
  return {};
}

const std::string& Dataset::name() const { return impl_->name; }
const std::string& Dataset::hash() const { return impl_->hash; }
const std::string& Dataset::source() const { return impl_->manifest.source; }
std::size_t Dataset::rows() const { return impl_->manifest.rows; }
std::size_t Dataset::users() const { return impl_->manifest.users; }
std::size_t Dataset::items() const { return impl_->manifest.items; }
const std::vector<ColumnInfo>& Dataset::columns() const { return impl_->infos; }

const ColumnInfo* Dataset::column(std::string_view name) const {
  const Column* column = impl_->find(name);
  return column ? &column->info : nullptr;
}

std::span<const std::uint32_t> Dataset::user() const { return impl_->user->codes; }
std::span<const std::uint32_t> Dataset::item() const { return impl_->item->codes; }
std::span<const std::int64_t> Dataset::time() const { return impl_->times; }
bool Dataset::has_time() const { return impl_->manifest.has_time; }

Result<std::span<const std::uint32_t>> Dataset::codes(std::string_view name) const {
  auto column = impl_->find(name, {ColumnKind::category});
  if (!column) return fail(column.error());
  if (*column == impl_->user || *column == impl_->item)
    return fail("data.wrong_kind", "codes of '" + std::string(name) + "' count from 0", impl_->name,
                "Read them with user() and item()");
  return (*column)->codes;
}

Result<CategoriesView> Dataset::categories(std::string_view name) const {
  auto column = impl_->find(name, {ColumnKind::categories});
  if (!column) return fail(column.error());
  return (*column)->categories;
}

Result<std::span<const float>> Dataset::numbers(std::string_view name) const {
  auto column = impl_->find(name, {ColumnKind::number});
  if (!column) return fail(column.error());
  return (*column)->numbers;
}

Result<std::string_view> Dataset::text(std::string_view name, std::size_t row) const {
  auto column = impl_->find(name, {ColumnKind::text});
  if (!column) return fail(column.error());
  if (row >= (*column)->texts.size())
    return fail("data.no_such_row", "no row " + std::to_string(row), impl_->name);
  return (*column)->texts.at(row);
}

Result<std::string_view> Dataset::token(std::string_view name, std::uint32_t code) const {
  auto column = impl_->find(name, {ColumnKind::category, ColumnKind::categories});
  if (!column) return fail(column.error());
  if (code == 0 || code > (*column)->tokens.size())
    return fail("data.no_such_code",
                "no code " + std::to_string(code) + " in column '" + std::string(name) + "'", impl_->name);
  return (*column)->tokens.at(code - 1);
}

std::string_view Dataset::user_id(std::uint32_t user) const { return impl_->user->tokens.at(user); }
std::string_view Dataset::item_id(std::uint32_t item) const { return impl_->item->tokens.at(item); }

namespace {

std::optional<std::uint32_t> find_id(const TextView& ids, std::once_flag& once,
                                     std::unordered_map<std::string_view, std::uint32_t>& index,
                                     std::string_view id) {
  std::call_once(once, [&] {
    index.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) index.emplace(ids.at(i), static_cast<std::uint32_t>(i));
  });
  const auto found = index.find(id);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<std::uint32_t> Dataset::find_user(std::string_view id) const {
  return find_id(impl_->user->tokens, impl_->users_once, impl_->users, id);
}

std::optional<std::uint32_t> Dataset::find_item(std::string_view id) const {
  return find_id(impl_->item->tokens, impl_->items_once, impl_->items, id);
}

std::string Dataset::item_title(std::uint32_t item) const {
  const std::string_view title = impl_->title ? impl_->title->texts.at(item) : std::string_view{};
  return std::string(title.empty() ? item_id(item) : title);
}

}  // namespace automodel::recsys
