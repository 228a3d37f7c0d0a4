#include "actors/runtime/frames.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace automodel::actors {

namespace {

constexpr std::size_t head_size = 5;

Result<void> write_all(int fd, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const auto written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return fail("runtime.pipe_closed", "the other process is gone");
    if (written < 0) return fail("runtime.pipe", std::strerror(errno));
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

Result<void> read_all(int fd, std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const auto got = ::read(fd, data, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("runtime.pipe", std::strerror(errno));
    if (got == 0) return fail("runtime.pipe_closed", "the other process is gone");
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace

Result<void> write_frame(int fd, FrameKind kind, events::ByteView bytes) {
  if (bytes.size() > events::max_message_bytes)
    return fail("runtime.frame_too_large", "a frame of " + std::to_string(bytes.size()) + " bytes");
  const auto length = static_cast<std::uint32_t>(bytes.size() + 1);
  std::array<std::uint8_t, head_size> head{};
  for (std::size_t i = 0; i < 4; ++i) head[i] = static_cast<std::uint8_t>(length >> (8 * i));
  head[4] = static_cast<std::uint8_t>(kind);
  if (auto written = write_all(fd, head.data(), head.size()); !written) return written;
  return write_all(fd, bytes.data(), bytes.size());
}

Result<Frame> read_frame(int fd) {
  std::array<std::uint8_t, head_size> head{};
  if (auto got = read_all(fd, head.data(), head.size()); !got) return fail(got.error());
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length |= static_cast<std::uint32_t>(head[i]) << (8 * i);
  if (length == 0 || length - 1 > events::max_message_bytes)
    return fail("runtime.frame_too_large", "a frame of " + std::to_string(length) + " bytes");
  if (head[4] < 1 || head[4] > 5) return fail("runtime.bad_frame", "frame kind " + std::to_string(head[4]));
  Frame frame{static_cast<FrameKind>(head[4]), events::Bytes(length - 1)};
  if (auto got = read_all(fd, frame.bytes.data(), frame.bytes.size()); !got) return fail(got.error());
  return frame;
}

}  // namespace automodel::actors
