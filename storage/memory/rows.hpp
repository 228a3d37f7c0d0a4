// Reading and changing typed rows inside `apply`. Private to storage/memory.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "storage/memory/memory.hpp"

namespace automodel::storage::memory_rows {

template <class Row>
std::optional<Row> get(const RowReader& rows, std::string_view table, std::string_view key) {
  auto bytes = rows.get(table, memory_key(key));
  if (!bytes) return std::nullopt;
  auto row = events::unpack<Row>(*bytes);
  return row ? std::optional<Row>(std::move(*row)) : std::nullopt;
}

template <class Row>
void put(RowWriter& rows, std::string_view table, std::string_view key, const Row& row) {
  rows.put(table, memory_key(key), events::pack(row));
}

/// Changes the row of `key`, a fresh one where there is none: a history may begin in the middle.
template <class Row, class Change>
void update(RowWriter& rows, std::string_view table, std::string_view key, Change change) {
  auto row = get<Row>(rows, table, key).value_or(Row{});
  change(row);
  put(rows, table, key, row);
}

/// Changes the row of `key` where there is one; says whether there was.
template <class Row, class Change>
bool change(RowWriter& rows, std::string_view table, std::string_view key, Change apply) {
  auto row = get<Row>(rows, table, key);
  if (!row) return false;
  apply(*row);
  put(rows, table, key, *row);
  return true;
}

inline void index(RowWriter& rows, std::string_view name, std::string_view asked, const std::string& key) {
  events::IndexRowT row;
  row.key = key;
  rows.put(name, memory_key(memory_key(asked) + " @ " + key), events::pack(row));
}

inline std::string reference(const events::Recorded& event) {
  return events::reference(event.stream, event.version);
}
inline std::string text(const std::unique_ptr<events::EventRefT>& ref) {
  return ref ? events::reference(ref->stream, ref->version) : std::string();
}
inline std::vector<std::string> texts(const std::vector<std::unique_ptr<events::EventRefT>>& refs) {
  std::vector<std::string> names;
  for (const auto& ref : refs)
    if (ref) names.push_back(text(ref));
  return names;
}

/// "autotrain" of "autotrain/main".
inline std::string agent_of(const events::Recorded& event) {
  return event.stream.substr(0, event.stream.find('/'));
}

/// The goal that the event names, else the one that it serves.
inline std::string goal_of(const std::string& named, const events::Recorded& event) {
  return named.empty() ? event.correlation : named;
}

template <class T>
std::unique_ptr<T> copy_of(const std::unique_ptr<T>& value) {
  return value ? std::make_unique<T>(*value) : nullptr;
}
template <class T>
std::vector<std::unique_ptr<T>> copies_of(const std::vector<std::unique_ptr<T>>& values) {
  std::vector<std::unique_ptr<T>> copies;
  for (const auto& value : values)
    if (value) copies.push_back(std::make_unique<T>(*value));
  return copies;
}

inline void add_once(std::vector<std::string>& names, const std::string& name) {
  for (const auto& known : names)
    if (known == name) return;
  names.push_back(name);
}
inline void remove(std::vector<std::string>& names, const std::string& name) { std::erase(names, name); }

/// The goal's metric; empty where the goal is not known.
inline std::string metric_of(const RowReader& rows, const std::string& goal) {
  auto row = get<events::GoalRowT>(rows, "goals", goal);
  return row && row->goal ? row->goal->metric : std::string();
}

/// The hash of the goal's data set; empty where the goal is not known.
inline std::string data_of(const RowReader& rows, const std::string& goal) {
  auto row = get<events::GoalRowT>(rows, "goals", goal);
  return row && row->goal && row->goal->data ? row->goal->data->hash : std::string();
}

}  // namespace automodel::storage::memory_rows
