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
  tables_[std::string(table)][std::string(key)] = events::Bytes(row.begin(), row.end());
}

void MapRows::erase(std::string_view table, std::string_view key) {
  if (const auto rows = tables_.find(table); rows != tables_.end()) {
    if (const auto row = rows->second.find(key); row != rows->second.end()) rows->second.erase(row);
  }
}

events::Hash256 digest(const Projection& projection, const RowReader& rows) {
  // Each row is folded into the digest of the rows before it, so that no more than one is held at a time.
  events::Hash256 running{};
  events::Bytes folded;
  const auto field = [&](const auto& bytes) {
    for (std::size_t i = 0; i < 8; ++i)
      folded.push_back(static_cast<std::uint8_t>(std::uint64_t{bytes.size()} >> (8 * i)));
    folded.insert(folded.end(), bytes.begin(), bytes.end());
  };
  for (const std::string& table : projection.tables()) {
    rows.scan(table, {}, [&](std::string_view key, events::ByteView row) {
      folded.assign(running.begin(), running.end());
      field(table);
      field(key);
      field(row);
      running = events::blake2b(folded);
      return true;
    });
  }
  return running;
}

}  // namespace automodel::storage
