#include "events/evolution.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>

namespace automodel::events {

namespace {

/// None yet: every change so far added fields. With an entry come a golden record of the new version
/// (tests/golden/events/KIND.1.bin; KIND.bin stays) and new names for the snapshots and projections that read
/// the kind (`schema` in agent.hpp, Projection::schema): those that are stored were folded from the older form.
const Upcasters& own() {
  static const Upcasters none;
  return none;
}

std::atomic<const Upcasters*> others{nullptr};

Error newer(EventBody kind, std::uint8_t version) {
  const auto number = static_cast<unsigned>(kind);
  const std::string hint = "use the newer version of the program that wrote it";
  if (kind > EventBody::MAX)
    return {"events.newer_kind",
            "there are events of kind " + std::to_string(number) + ", this program knows kinds up to " +
                std::to_string(static_cast<unsigned>(EventBody::MAX)),
            {},
            hint};
  return {"events.newer_kind",
          "there are events of kind " + std::string(kind_name(kind)) + " in version " +
              std::to_string(version) + ", this program reads up to version " +
              std::to_string(upcasters().newest(kind)),
          {},
          hint};
}

}  // namespace

Upcasters::Upcasters(const std::vector<Upcaster>& all) {
  auto ordered = all;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Upcaster& a, const Upcaster& b) { return a.from < b.from; });
  for (const Upcaster& one : ordered) {
    auto& hops = hops_[static_cast<std::uint8_t>(one.kind)];
    if (one.from != hops.size() || one.lift == nullptr || one.from == 255)
      throw std::logic_error("the upcasters of " + std::string(kind_name(one.kind)) +
                             " do not lead from version to version");
    hops.push_back(one.lift);
  }
}

void Upcasters::lift(EventT& event, std::uint8_t version) const {
  const auto& way = hops(event.body.type);
  for (std::size_t i = version; i < way.size(); ++i) way[i](event);
}

const Upcasters& upcasters() {
  const Upcasters* const replaced = others.load();
  return replaced ? *replaced : own();
}

OtherUpcasters::OtherUpcasters(const Upcasters& given) { others = &given; }
OtherUpcasters::~OtherUpcasters() { others = nullptr; }

std::uint16_t stored_kind(EventBody kind) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(kind) | unsigned{upcasters().newest(kind)} << 8);
}

Bytes vocabulary() {
  Bytes newest(static_cast<std::size_t>(EventBody::MAX) + 1);
  for (std::size_t kind = 0; kind < newest.size(); ++kind)
    newest[kind] = upcasters().newest(static_cast<EventBody>(kind));
  return newest;
}

Bytes join_vocabularies(ByteView a, ByteView b) {
  Bytes joined(a.begin(), a.end());
  joined.resize(std::max(a.size(), b.size()));
  for (std::size_t kind = 0; kind < b.size(); ++kind) joined[kind] = std::max(joined[kind], b[kind]);
  return joined;
}

Result<void> check_vocabulary(ByteView theirs) {
  // The last first: a kind that is unknown altogether says more than a version.
  for (std::size_t kind = std::min<std::size_t>(theirs.size(), 256); kind-- > 0;)
    if (kind > static_cast<std::size_t>(EventBody::MAX) ||
        theirs[kind] > upcasters().newest(static_cast<EventBody>(kind)))
      return fail(newer(static_cast<EventBody>(kind), theirs[kind]));
  return {};
}

Result<void> check_kind(std::uint16_t stored) {
  const EventBody kind = kind_of(stored);
  if (kind <= EventBody::MAX && version_of(stored) <= upcasters().newest(kind)) return {};
  return fail(newer(kind, version_of(stored)));
}

}  // namespace automodel::events
