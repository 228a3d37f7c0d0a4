// Reading events back. Nothing here calls a visitor inside a transaction. Private to storage/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/envelope_view.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/verification.hpp"

namespace automodel::storage {

using Visit = std::function<bool(const events::Recorded&)>;

/// One event by its sequence, checked against its own hash. Errors: storage.corrupt.
Result<events::Recorded> read_event(const Transaction& transaction, std::uint64_t sequence);
/// A record that was found, checked against its own hash. Errors: storage.corrupt.
Result<events::Recorded> decode_checked(const events::EnvelopeView& view);

/// Where the index of streams leads; 0 beyond the stream's end. Errors: storage.corrupt.
Result<std::uint64_t> sequence_of(const Transaction& transaction, const std::string& stream,
                                  std::uint64_t version);

Result<void> visit_all(const Environment& environment, std::uint64_t from, const Visit& visit);
Result<void> visit_stream(const Environment& environment, const std::string& stream,
                          std::uint64_t from_version, const Visit& visit);

/// The whole history checked. Errors: those of reading at all; what it finds is no error.
Result<Verification> verify_history(const Environment& environment, const VerifyOptions& options = {});

}  // namespace automodel::storage
