// What the fuzz targets of both forms of exports share.
#pragma once

#include <cstdlib>
#include <sstream>

#include "storage/operations/verified_history.hpp"

namespace automodel::fuzz {

/// Whatever the file is: an error that says where, or records in order that can be written again, as
/// `is_right` says of the record and what it is written as; never a crash.
template <class IsRight>
int read_history(const std::string& content, storage::HistoryForm form, IsRight is_right) {
  std::istringstream in(content);
  auto history = storage::VerifiedHistory::open(in, "input");
  if (!history) return 0;
  std::uint64_t expected = history->header().from;
  for (;;) {
    const auto next = history->next();
    if (!next && next.error().where.empty()) std::abort();
    if (!next || !*next) return 0;
    if ((*next)->recorded.sequence != expected++) std::abort();
    const auto again = storage::history_record(form, (*next)->recorded, (*next)->record);
    if (!is_right((*next)->record, again)) std::abort();
  }
}

}  // namespace automodel::fuzz
