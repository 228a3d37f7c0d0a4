// The frames of a console session: one FlatBuffers SessionFrame in one ZeroMQ message part, either way.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

/// 2: ReadEvents filters by correlation and time. A node of 1 would not have refused it, but shown
/// everything.
inline constexpr std::uint32_t session_protocol = 2;
/// Requests are small; a larger one is refused before it is looked at.
inline constexpr std::size_t max_request_bytes = 1u << 20;
inline constexpr std::size_t max_answer_bytes = events::max_message_bytes;
/// Events in one page.
inline constexpr std::uint32_t max_page = 1000;

/// Wraps any member of SessionBody.
template <class T>
events::SessionFrameT frame_of(std::uint64_t id, T body) {
  events::SessionFrameT frame;
  frame.protocol = session_protocol;
  frame.id = id;
  frame.body.Set(std::move(body));
  return frame;
}

/// Verifies size, structure, protocol and that there is a body. Errors: session.malformed,
/// session.other_protocol.
Result<events::SessionFrameT> decode_frame(events::ByteView bytes, std::size_t max_bytes);

/// Only this machine: tcp on a loopback address, or ipc. Errors: session.bad_endpoint,
/// session.remote_endpoint.
Result<void> check_endpoint(const std::string& endpoint);

events::FailureT failure_of(const Error& error);
Error error_of(const events::FailureT& failure);

}  // namespace automodel::actors
