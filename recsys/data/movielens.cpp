// The MovieLens files in their three shapes, and the export of R's dslabs.
#include <algorithm>
#include <array>

#include "recsys/data/csv.hpp"
#include "recsys/data/files.hpp"
#include "recsys/data/table.hpp"

namespace automodel::recsys {

namespace {

using Fields = std::vector<std::string>;

FieldSpec user_field() { return {Role::user, "user", {}, {}, true, {}}; }
FieldSpec item_field() { return {Role::item, "item", {}, {}, true, {}}; }
FieldSpec time_field() { return {Role::time, "time", {}, {}, true, {}}; }
FieldSpec ignored() { return {}; }
FieldSpec rating_field() {
  return {Role::column, "rating", ColumnKind::number, Table::interactions, false, {}};
}
FieldSpec column(std::string name, ColumnKind kind, Table table) {
  return {Role::column, std::move(name), kind, table, true, "|"};
}

/// "Heat (1995)" -> 1995; nothing where the title does not end so.
std::string year_of(std::string_view title) {
  title = trim(title);
  if (title.size() < 6 || title.back() != ')' || title[title.size() - 6] != '(') return {};
  const std::string_view year = title.substr(title.size() - 5, 4);
  return std::all_of(year.begin(), year.end(), [](char c) { return c >= '0' && c <= '9'; })
             ? std::string(year)
             : "";
}

/// id, title, genres -> id, title, year, genres
std::string add_year(Fields& fields) {
  if (fields.size() != 3) return std::to_string(fields.size()) + " fields where 3 were expected";
  fields.insert(fields.begin() + 2, year_of(fields[1]));
  if (fields[3] == "(no genres listed)") fields[3].clear();
  return {};
}

std::vector<FieldSpec> film_fields() {
  return {item_field(), column("title", ColumnKind::text, Table::items),
          column("year", ColumnKind::number, Table::items),
          column("genres", ColumnKind::categories, Table::items)};
}

/// The 19 genre flags of u.item, in the order of u.genre.
constexpr std::array<const char*, 19> genres{
    "unknown",     "Action", "Adventure", "Animation", "Children's", "Comedy",  "Crime",
    "Documentary", "Drama",  "Fantasy",   "Film-Noir", "Horror",     "Musical", "Mystery",
    "Romance",     "Sci-Fi", "Thriller",  "War",       "Western"};

/// id, title, dates, address, 19 flags -> id, title, year, genres
std::string gather_genres(Fields& fields) {
  if (fields.size() != 5 + genres.size())
    return std::to_string(fields.size()) + " fields where 24 were expected";
  std::string listed;
  for (std::size_t g = 0; g < genres.size(); ++g)
    if (fields[5 + g] == "1") listed += (listed.empty() ? "" : "|") + std::string(genres[g]);
  fields = {fields[0], fields[1], year_of(fields[1]), listed};
  return {};
}

std::vector<TableSpec> udata_tables(const std::filesystem::path& file) {
  std::vector<TableSpec> tables;
  tables.push_back({file,
                    Table::interactions,
                    "\t",
                    false,
                    false,
                    {},
                    {user_field(), item_field(), rating_field(), time_field()},
                    {}});
  const auto users = file.parent_path() / "u.user", items = file.parent_path() / "u.item";
  if (std::filesystem::exists(users))
    tables.push_back({users,
                      Table::users,
                      "|",
                      false,
                      false,
                      {},
                      {user_field(), column("age", ColumnKind::category, Table::users),
                       column("gender", ColumnKind::category, Table::users),
                       column("occupation", ColumnKind::category, Table::users),
                       column("zip_code", ColumnKind::category, Table::users)},
                      {}});
  if (std::filesystem::exists(items))
    tables.push_back({items, Table::items, "|", false, false, {}, film_fields(), gather_genres});
  return tables;
}

std::vector<TableSpec> dat_tables(const std::filesystem::path& file) {
  std::vector<TableSpec> tables;
  tables.push_back({file,
                    Table::interactions,
                    "::",
                    false,
                    false,
                    {},
                    {user_field(), item_field(), rating_field(), time_field()},
                    {}});
  const auto users = file.parent_path() / "users.dat", items = file.parent_path() / "movies.dat";
  if (std::filesystem::exists(users))
    tables.push_back({users,
                      Table::users,
                      "::",
                      false,
                      false,
                      {},
                      {user_field(), column("gender", ColumnKind::category, Table::users),
                       column("age", ColumnKind::category, Table::users),
                       column("occupation", ColumnKind::category, Table::users),
                       column("zip_code", ColumnKind::category, Table::users)},
                      {}});
  if (std::filesystem::exists(items))
    tables.push_back({items, Table::items, "::", false, false, {}, film_fields(), add_year});
  return tables;
}

std::vector<TableSpec> csv_tables(const std::filesystem::path& file) {
  std::vector<TableSpec> tables;
  tables.push_back({file,
                    Table::interactions,
                    ",",
                    true,
                    true,
                    {"NA"},
                    {user_field(), item_field(), rating_field(), time_field()},
                    {}});
  const auto items = file.parent_path() / "movies.csv";
  if (std::filesystem::exists(items))
    tables.push_back({items, Table::items, ",", true, true, {"NA"}, film_fields(), add_year});
  return tables;
}

/// The columns in the order of the file's header; the film's stand in every rating.
Result<std::vector<TableSpec>> dslabs_tables(const std::filesystem::path& file) {
  const auto line = first_line(file);
  if (!line) return fail(line.error());
  RecordReader reader(*line, ",", true);
  RecordReader::Record header;
  reader.next(header);
  TableSpec table{file, Table::interactions, ",", true, true, {"NA", "(no genres listed)"}, {}, {}};
  for (const std::string& name : header.fields) {
    if (name == "userId")
      table.fields.push_back(user_field());
    else if (name == "movieId")
      table.fields.push_back(item_field());
    else if (name == "timestamp")
      table.fields.push_back(time_field());
    else if (name == "rating")
      table.fields.push_back(rating_field());
    else if (name == "title")
      table.fields.push_back(column(name, ColumnKind::text, Table::items));
    else if (name == "year")
      table.fields.push_back(column(name, ColumnKind::number, Table::items));
    else if (name == "genres")
      table.fields.push_back(column(name, ColumnKind::categories, Table::items));
    else
      table.fields.push_back(ignored());
  }
  return std::vector<TableSpec>{table};
}

}  // namespace

Result<std::vector<TableSpec>> movielens_tables(const std::filesystem::path& interactions,
                                                const std::string& format) {
  if (format == "movielens-u.data") return udata_tables(interactions);
  if (format == "movielens-dat") return dat_tables(interactions);
  if (format == "movielens-csv") return csv_tables(interactions);
  return dslabs_tables(interactions);
}

}  // namespace automodel::recsys
