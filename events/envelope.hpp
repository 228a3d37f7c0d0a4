// Envelopes as the hash and the encoder want them. Private to this folder.
#pragma once

#include "events/envelope_view.hpp"

namespace automodel::events {

/// A value about to be recorded, as a view; `payload` is its packed event.
EnvelopeView view_of(const Recorded& head, ByteView payload);
/// A verified record.
EnvelopeView view_of(const Envelope& record);

}  // namespace automodel::events
