#include "storage/operations/archived_heads.hpp"

#include <algorithm>
#include <span>

#include "storage/heads.hpp"
#include "storage/operations/write_to.hpp"
#include "storage/reader.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t streams_at_once = 4096;

using NewHeads = std::vector<std::pair<std::string, StreamHead>>;

Result<NewHeads> missing_heads(const Environment& environment, std::span<const std::string> streams,
                               std::uint64_t until) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  NewHeads missing;
  for (const std::string& stream : streams) {
    const auto kept = load<StreamHead>(*transaction, Table::heads, view(stream));
    if (!kept) return fail(kept.error());
    const auto version = load_version(*transaction, stream);
    if (!version) return fail(version.error());
    if (*version == 0 || (*kept && (*kept)->version == *version)) continue;
    const auto last = sequence_of(*transaction, stream, *version);
    if (!last) return fail(last.error());
    if (*last > until) continue;
    const auto head = load_head(*transaction, stream);
    if (head)
      missing.emplace_back(stream, *head);
    else if (head.error().code != "storage.corrupt")
      return fail(head.error());
  }
  return missing;
}

}  // namespace

Result<void> keep_heads(Environment& environment, const std::vector<std::string>& streams,
                        std::uint64_t until) {
  for (std::size_t at = 0; at < streams.size(); at += streams_at_once) {
    const auto some = std::span(streams).subspan(at, std::min(streams_at_once, streams.size() - at));
    const auto missing = missing_heads(environment, some, until);
    if (!missing) return fail(missing.error());
    if (missing->empty()) continue;
    const auto written = write_to(environment, [&](WriteTransaction& transaction) -> Result<void> {
      for (const auto& [stream, head] : *missing)
        if (auto put = transaction.put(Table::heads, view(stream), head.encode()); !put) return put;
      return {};
    });
    if (!written) return written;
  }
  return {};
}

}  // namespace automodel::storage
