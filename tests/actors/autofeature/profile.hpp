// A profile for the tests of AutoFeature: films, with names that no rule knows.
#pragma once

#include "events/generated.hpp"

namespace automodel::tests {

inline std::unique_ptr<events::ColumnProfileT> column(const std::string& name, const std::string& kind,
                                                      const std::string& table, std::uint64_t cardinality,
                                                      double entropy) {
  auto made = std::make_unique<events::ColumnProfileT>();
  made->name = name;
  made->kind = kind;
  made->table = table;
  made->cardinality = cardinality;
  made->entropy = entropy;
  return made;
}

inline events::ProfileResultT profile() {
  events::ProfileResultT result;
  result.rows = 1000;
  result.users = 50;
  result.items = 100;
  result.columns.push_back(column("user", "category", "interactions", 50, 5));
  result.columns.push_back(column("item", "category", "interactions", 100, 6));
  result.columns.push_back(column("stars", "number", "interactions", 10, 3));
  result.columns.push_back(column("tags", "categories", "items", 20, 4));
  result.columns.push_back(column("job", "category", "users", 9, 3));
  result.columns.push_back(column("length", "number", "items", 400, 8));
  result.columns.push_back(column("name", "text", "items", 100, 6));
  return result;
}

}  // namespace automodel::tests
