// Replies as the store keeps them with their commands, to give them again.
#pragma once

#include "events/codec.hpp"

namespace automodel::actors {

/// Most say no more than that the command was accepted, and at which version: that takes a few bytes. All
/// others are packed.
events::Bytes pack_reply(const events::ReplyT& reply);
/// What pack_reply made of it. Errors: events.malformed.
Result<events::ReplyT> unpack_reply(events::ByteView bytes);

}  // namespace automodel::actors
