#include "storage/projection.hpp"

namespace automodel::storage {

std::optional<events::Bytes> MapRows::get(std::string_view table, std::string_view key) const {
  const auto rows = tables_.find(table);
  if (rows == tables_.end()) return std::nullopt;
  const auto row = rows->second.find(key);
  if (row == rows->second.end()) return std::nullopt;
  return row->second;
}

void MapRows::scan(std::string_view table, std::string_view prefix,
                   const std::function<bool(std::string_view, events::ByteView)>& visit) const {
  const auto rows = tables_.find(table);
  if (rows == tables_.end()) return;
  for (auto row = rows->second.lower_bound(prefix); row != rows->second.end(); ++row) {
    if (!std::string_view(row->first).starts_with(prefix)) return;
    if (!visit(row->first, row->second)) return;
  }
}

void MapRows::put(std::string_view table, std::string_view key, events::ByteView row) {
  put_moved(table, std::string(key), events::Bytes(row.begin(), row.end()));
}

void MapRows::put_moved(std::string_view table, std::string key, events::Bytes row) {
  auto found = tables_.find(table);
  if (found == tables_.end()) found = tables_.try_emplace(std::string(table)).first;
  auto& rows = found->second;
  // Whole tables are written in key order: then the place is known.
  if (rows.empty() || rows.rbegin()->first < key)
    rows.emplace_hint(rows.end(), std::move(key), std::move(row));
  else
    rows.insert_or_assign(std::move(key), std::move(row));
}

void MapRows::erase(std::string_view table, std::string_view key) {
  if (const auto rows = tables_.find(table); rows != tables_.end()) {
    if (const auto row = rows->second.find(key); row != rows->second.end()) rows->second.erase(row);
  }
}

}  // namespace automodel::storage
