#include "storage/projection.hpp"

#include <stdexcept>

namespace automodel::storage {

namespace {

/// For projections that know no better: each event is unpacked and applied at once.
class EventByEvent final : public Fold {
 public:
  EventByEvent(const Projection& projection, RowWriter& rows) : projection_(&projection), rows_(&rows) {}
  void apply(const EventView& event) override {
    const auto recorded = events::decode_envelope(event.record);
    if (!recorded) throw std::runtime_error(to_string(recorded.error()));
    projection_->apply(*rows_, *recorded);
  }
  void finish() override {}

 private:
  const Projection* projection_;
  RowWriter* rows_;
};

}  // namespace

std::unique_ptr<Fold> Projection::fold(RowWriter& rows) const {
  return std::make_unique<EventByEvent>(*this, rows);
}

events::Hash256 digest(const Projection& projection, const RowReader& rows) {
  // Each row is folded into the digest of the rows before it, so that no more than one is held at a time.
  events::Hash256 running{};
  events::Bytes folded;
  const auto field = [&](const auto& bytes) {
    for (std::size_t i = 0; i < 8; ++i)
      folded.push_back(static_cast<std::uint8_t>(std::uint64_t{bytes.size()} >> (8 * i)));
    folded.insert(folded.end(), bytes.begin(), bytes.end());
  };
  for (const std::string& table : projection.tables()) {
    rows.scan(table, {}, [&](std::string_view key, events::ByteView row) {
      folded.assign(running.begin(), running.end());
      field(table);
      field(key);
      field(row);
      running = events::blake2b(folded);
      return true;
    });
  }
  return running;
}

}  // namespace automodel::storage
