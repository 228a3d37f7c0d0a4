// Whatever the bytes are: an error or a value that can be shown and written again, never a crash.
#include <cstdlib>

#include "events/codec.hpp"

using namespace automodel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const events::ByteView bytes(data, size);
  if (const auto recorded = events::decode_envelope(bytes)) {
    if (events::to_json(*recorded).empty()) std::abort();
    const auto again =
        events::decode_envelope(events::encode_envelope(*recorded, events::pack(recorded->event)));
    if (!again || events::to_json(*again) != events::to_json(*recorded)) std::abort();
  }
  if (const auto command = events::unpack<events::CommandT>(bytes))
    if (events::to_json(*command).empty()) std::abort();
  if (const auto frame = events::unpack<events::SessionFrameT>(bytes))
    if (events::to_json(*frame).empty()) std::abort();
  return 0;
}
