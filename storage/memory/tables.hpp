// Memory's tables as the type tables of flatc describe them. Private to storage/memory.
#pragma once

#include <flatbuffers/minireflect.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage::memory_tables_detail {

struct TableInfo {
  const char* name;
  const char* columns;  // the default ones, comma separated
  const flatbuffers::TypeTable* (*type)();
  Result<std::string> (*json)(events::ByteView row);
};

const std::vector<TableInfo>& all_tables();
const TableInfo* find_table(std::string_view name);

/// A row with all its fields of scalar, text and list type, in the schema's order of names.
/// Errors: memory.corrupt_row.
Result<nlohmann::json> decode_row(const TableInfo& table, std::string_view key, events::ByteView row);

enum class FieldKind : std::uint8_t { unknown, number, text, flag, other };
/// What the schema says of a field or path of this table; names inside nested tables are found too.
FieldKind kind_of_field(const flatbuffers::TypeTable& type, std::string_view name, int depth = 0);
std::vector<std::string> field_names(const flatbuffers::TypeTable& type);

}  // namespace automodel::storage::memory_tables_detail
