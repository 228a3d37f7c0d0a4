#include "storage/memory/format.hpp"

#include <algorithm>
#include <cstdio>

#include "storage/memory/query.hpp"

namespace automodel::storage {

namespace {

using nlohmann::json;

std::string number_text(const json& value) {
  if (value.is_number_integer() || value.is_number_unsigned()) return value.dump();
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value.get<double>());
  return text;
}

std::string element_text(const json& value) {
  if (value.is_object() && value.contains("name")) {
    const auto amount = value.contains("value") ? value["value"] : json(0);
    if (amount.is_primitive()) return cell_text(value["name"]) + "=" + cell_text(amount);
    return cell_text(value["name"]);
  }
  if (value.is_object() && value.contains("message")) return cell_text(value["message"]);
  return cell_text(value);
}

/// Characters as a terminal counts them: UTF-8 continuation bytes take no room.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(std::string text, std::size_t widest) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (width(text) <= widest) return text;
  std::size_t end = 0, seen = 0;
  while (end < text.size() && (seen < widest - 1 || (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80) ++seen;
    ++end;
  }
  return text.substr(0, end) + "…";
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string csv_text(const json& value) {
  if (value.is_number()) return value.dump();
  return value.is_object() && !value.contains("name") ? value.dump() : cell_text(value);
}

}  // namespace

std::string cell_text(const json& value, std::string_view column) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number()) {
    const bool time = column == "time" || column.ends_with("_time");
    if (time) return value.get<std::int64_t>() == 0 ? "" : time_text(value.get<std::int64_t>());
    return number_text(value);
  }
  if (value.is_array()) {
    std::string text;
    for (const auto& element : value) text += (text.empty() ? "" : ", ") + element_text(element);
    return text;
  }
  return value.contains("name") || value.contains("message") ? element_text(value) : value.dump();
}

std::string as_table(const std::vector<json>& rows, const std::vector<std::string>& columns,
                     std::size_t widest) {
  if (rows.empty()) return "nothing found\n";
  struct Column {
    std::vector<std::string> cells;
    std::size_t width = 0;
    bool right = true;
  };
  std::vector<Column> shown(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    shown[c].width = width(columns[c]);
    for (const auto& row : rows) {
      const auto value = field_of(row, columns[c]);
      if (!value.is_number() && !value.is_null()) shown[c].right = false;
      shown[c].cells.push_back(cut(cell_text(value, columns[c]), widest));
      shown[c].width = std::max(shown[c].width, width(shown[c].cells.back()));
    }
  }
  std::string text;
  const auto line = [&](auto cell_of) {
    std::string made;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string& cell = cell_of(c);
      const std::string room(shown[c].width - width(cell), ' ');
      made += (c ? "  " : "") + (shown[c].right ? room + cell : cell + room);
    }
    made.erase(made.find_last_not_of(' ') + 1);
    text += made + "\n";
  };
  line([&](std::size_t c) -> const std::string& { return columns[c]; });
  for (std::size_t r = 0; r < rows.size(); ++r)
    line([&](std::size_t c) -> const std::string& { return shown[c].cells[r]; });
  return text;
}

std::string as_csv(const std::vector<json>& rows, const std::vector<std::string>& columns) {
  std::string text;
  for (std::size_t c = 0; c < columns.size(); ++c) text += (c ? "," : "") + quoted(columns[c]);
  text += "\r\n";
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      text += (c ? "," : "") + quoted(csv_text(field_of(row, columns[c])));
    text += "\r\n";
  }
  return text;
}

std::string as_json_lines(const std::vector<json>& rows, const std::vector<std::string>& columns) {
  std::string text;
  for (const auto& row : rows) {
    if (columns.empty()) {
      text += row.dump() + "\n";
      continue;
    }
    json part = json::object();
    for (const auto& column : columns) part[column] = field_of(row, column);
    text += part.dump() + "\n";
  }
  return text;
}

}  // namespace automodel::storage
