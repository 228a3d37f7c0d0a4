#include "actors/session/protocol.hpp"

#include <algorithm>
#include <charconv>

namespace automodel::actors {
namespace {

// sun_path of a Unix socket holds 108 bytes with the end mark.
constexpr std::size_t max_socket_path = 107;

Result<void> check_tcp(const std::string& endpoint, std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos)
    return fail("session.bad_endpoint", "no port", endpoint, "write it as tcp://127.0.0.1:7411");
  const std::string_view host = address.substr(0, colon), port = address.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool any = port == "*";
  if (!any && (error != std::errc() || end != port.data() + port.size() || number == 0 || number > 65535))
    return fail("session.bad_endpoint", "'" + std::string(port) + "' is no port", endpoint,
                "a number from 1 to 65535, or *");
  const auto digits_and_dots = [](std::string_view text) {
    return text.find_first_not_of("0123456789.") == std::string_view::npos &&
           std::ranges::count(text, '.') == 3;
  };
  const bool loopback =
      host == "localhost" || host == "[::1]" || (host.starts_with("127.") && digits_and_dots(host));
  if (!loopback)
    return fail("session.remote_endpoint", "'" + std::string(host) + "' is not this machine", endpoint,
                "a session with another machine needs CURVE encryption, which is not there yet: use "
                "tcp://127.0.0.1:PORT or "
                "ipc://PATH, and a tunnel for remote work");
  return {};
}

}  // namespace

Result<events::SessionFrameT> decode_frame(events::ByteView bytes, std::size_t max_bytes) {
  if (bytes.size() > max_bytes)
    return fail("session.malformed", "a frame of " + std::to_string(bytes.size()) + " bytes", {},
                "at most " + std::to_string(max_bytes) + " are accepted");
  auto frame = events::unpack<events::SessionFrameT>(bytes);
  if (!frame) return fail("session.malformed", frame.error().message);
  if (frame->protocol != session_protocol)
    return fail("session.other_protocol",
                "the other side speaks protocol " + std::to_string(frame->protocol) + ", this one " +
                    std::to_string(session_protocol),
                {}, "use the same version of automodel on both sides");
  if (frame->body.type == events::SessionBody::NONE || frame->body.value == nullptr)
    return fail("session.malformed", "a frame without a body of a known kind");
  return frame;
}

Result<void> check_endpoint(const std::string& endpoint) {
  if (endpoint.find_first_of(std::string_view(" \t\n\0", 4)) != std::string::npos)
    return fail("session.bad_endpoint", "white space in the endpoint", endpoint);
  if (endpoint.starts_with("tcp://")) return check_tcp(endpoint, std::string_view(endpoint).substr(6));
  if (endpoint.starts_with("ipc://")) {
    const std::size_t length = endpoint.size() - 6;
    if (length == 0) return fail("session.bad_endpoint", "no path after ipc://", endpoint);
    if (length > max_socket_path)
      return fail("session.bad_endpoint", "a socket path of " + std::to_string(length) + " bytes", endpoint,
                  "at most 107 are possible");
    return {};
  }
  return fail("session.bad_endpoint", "'" + endpoint + "' is no endpoint", {},
              "write it as tcp://127.0.0.1:7411 or ipc://PATH");
}

events::FailureT failure_of(const Error& error) {
  events::FailureT failure;
  failure.code = error.code;
  failure.message = error.message;
  failure.where = error.where;
  failure.hint = error.hint;
  return failure;
}

Error error_of(const events::FailureT& failure) {
  return {failure.code, failure.message, failure.where, failure.hint};
}

}  // namespace automodel::actors
