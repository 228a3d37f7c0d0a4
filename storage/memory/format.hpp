// Rows of a query as text for people and programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace automodel::storage {

/// One value as a person reads it: numbers to six significant digits, lists by commas, metrics as "auc=0.81",
/// times as dates where `column` names one.
std::string cell_text(const nlohmann::json& value, std::string_view column = {});

/// An aligned table with a header line; numbers to the right, cells cut to `widest` characters. "nothing
/// found\n" without rows.
std::string as_table(const std::vector<nlohmann::json>& rows, const std::vector<std::string>& columns,
                     std::size_t widest = 48);

/// RFC 4180: a header, CRLF line ends, quotes where needed. Numbers with all their digits.
std::string as_csv(const std::vector<nlohmann::json>& rows, const std::vector<std::string>& columns);

/// One JSON object a line. With `columns`: those alone.
std::string as_json_lines(const std::vector<nlohmann::json>& rows,
                          const std::vector<std::string>& columns = {});

}  // namespace automodel::storage
