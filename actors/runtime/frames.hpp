// How a node and its worker processes talk over a pair of pipes: 4 bytes of length (little endian, of what
// follows), 1 byte of kind, then a packed object. Blocking; safe against a peer that dies or sends garbage.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

enum class FrameKind : std::uint8_t {
  job = 1,       // to the worker: a Job
  progress = 2,  // from it: a JobProgress; it waits for proceed or stop
  result = 3,    // from it: a JobResult; it waits for the next job
  proceed = 4,   // to the worker: go on
  stop = 5,      // to the worker: end this job here
};

struct Frame {
  FrameKind kind{};
  events::Bytes bytes;
};

/// Errors: runtime.pipe_closed (the peer is gone), runtime.pipe (with the system's reason),
/// runtime.frame_too_large. A closed pipe raises no signal where SIGPIPE is ignored, as in both our
/// processes.
Result<void> write_frame(int fd, FrameKind kind, events::ByteView bytes = {});
/// Reads one whole frame. Errors: as above, and runtime.bad_frame (an unknown kind).
Result<Frame> read_frame(int fd);

}  // namespace automodel::actors
