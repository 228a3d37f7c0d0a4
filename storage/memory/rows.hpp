// Memory's rows while events are applied: unpacked, so that a row which many events change is unpacked and
// packed once. Private to storage/memory.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/memory/memory.hpp"

namespace automodel::storage::memory_rows {

/// Which table holds rows of a type.
template <class Row>
inline constexpr std::string_view table_of = {};
template <>
inline constexpr std::string_view table_of<events::GoalRowT> = "goals";
template <>
inline constexpr std::string_view table_of<events::CycleRowT> = "cycles";
template <>
inline constexpr std::string_view table_of<events::ProposalRowT> = "proposals";
template <>
inline constexpr std::string_view table_of<events::WorkRowT> = "works";
template <>
inline constexpr std::string_view table_of<events::DatasetRowT> = "datasets";
template <>
inline constexpr std::string_view table_of<events::FeatureRowT> = "features";
template <>
inline constexpr std::string_view table_of<events::TrialRowT> = "trials";
template <>
inline constexpr std::string_view table_of<events::FingerprintRowT> = "fingerprints";
template <>
inline constexpr std::string_view table_of<events::ModelRowT> = "models";
template <>
inline constexpr std::string_view table_of<events::DeploymentRowT> = "deployments";
template <>
inline constexpr std::string_view table_of<events::DecisionRowT> = "decisions";
template <>
inline constexpr std::string_view table_of<events::OutcomeRowT> = "outcomes";
template <>
inline constexpr std::string_view table_of<events::RewardRowT> = "rewards";
template <>
inline constexpr std::string_view table_of<events::MethodRowT> = "methods";
template <>
inline constexpr std::string_view table_of<events::GoalReportRowT> = "reports";
template <>
inline constexpr std::string_view table_of<events::FailureRowT> = "failures";
template <>
inline constexpr std::string_view table_of<events::AgentRowT> = "agents";

/// Indexes: which rows of another table belong to what is asked.
enum class Index : std::uint8_t {
  trials_by_goal,
  decisions_by_subject,
  decisions_by_goal,  // newest first
  outcomes_by_subject,
  outcomes_by_goal,
  works_by_decision,
  works_by_goal,
  proposals_by_cycle,  // goal/cycle
};
inline constexpr std::string_view index_names[] = {
    "trials_by_goal",   "decisions_by_subject", "decisions_by_goal", "outcomes_by_subject",
    "outcomes_by_goal", "works_by_decision",    "works_by_goal",     "proposals_by_cycle"};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class Value>
using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// Rows of all tables over the stored ones: unpacked when first touched, packed again when many are, written
/// by `finish`. References are valid until `rest` or `finish`. Not safe to share between threads.
class MemoryRows {
 public:
  explicit MemoryRows(RowWriter& stored) : stored_(&stored) {}

  /// The row of `key`; null where there is none.
  template <class Row>
  const Row* find(std::string_view key) {
    return loaded(table<Row>(), key).row.get();
  }
  /// The row of `key` to be changed; null where there is none.
  template <class Row>
  Row* change(std::string_view key) {
    auto& slot = loaded(table<Row>(), key);
    if (slot.row) slot.state = State::changed;
    return slot.row.get();
  }
  /// The row of `key` to be changed, a fresh one where there is none: a history may begin in the middle.
  template <class Row>
  Row& update(std::string_view key) {
    auto& rows = table<Row>();
    auto& slot = loaded(rows, key);
    if (!slot.row) hold(rows, slot, std::make_unique<Row>());
    slot.state = State::changed;
    return *slot.row;
  }
  /// A fresh row in place of whatever was there.
  template <class Row>
  Row& fresh(std::string_view key) {
    auto& rows = table<Row>();
    auto& slot = entry(rows, key);
    if (slot.row)
      *slot.row = Row{};
    else
      hold(rows, slot, std::make_unique<Row>());
    slot.state = State::changed;
    return *slot.row;
  }

  /// Between two events: where many rows are unpacked, they are packed. So memory stays near that of the
  /// packed rows, and the next rows come to lie where these were.
  void rest() {
    if (unpacked_ >= most_unpacked) pack_all();
  }

  /// Notes that the row `key` belongs to what `asked` names. `place` says where it stands among the others of
  /// `asked`: by default by its key.
  void index(Index index, std::string_view asked, std::string_view key, std::string_view place = {});
  /// The first `most` keys that an index has for `asked`, in order.
  std::vector<std::string> indexed(Index index, std::string_view asked, std::size_t most) const;

  /// Packs and writes every row that changed, and every new entry of an index, each table in key order. No
  /// row is kept.
  void finish();

 private:
  /// Few enough for the fastest caches: with 4,096 a rebuild takes half as long again.
  static constexpr std::size_t most_unpacked = 256;

  /// What `packed` is to a slot's row.
  enum class State : std::uint8_t {
    unknown,  // nobody has looked for a stored row
    stored,   // looked: `row` is as stored, or there is none
    packed,   // changed, and `packed` is how; `row` is the same or not there
    changed,  // `row` was changed since
  };
  template <class Row>
  struct Slot {
    std::unique_ptr<Row> row;
    events::Bytes packed;
    State state = State::unknown;
  };
  template <class Row>
  struct Rows {
    using Type = Row;
    ByText<Slot<Row>> slots;
    std::vector<Slot<Row>*> unpacked;
  };
  struct Entry {
    std::string place;
    std::string key;
  };
  using Entries = ByText<std::vector<Entry>>;

  template <class Row>
  Rows<Row>& table() {
    return std::get<Rows<Row>>(tables_);
  }
  template <class Row>
  static Slot<Row>& entry(Rows<Row>& rows, std::string_view key) {
    if (const auto known = rows.slots.find(key); known != rows.slots.end()) return known->second;
    return rows.slots.try_emplace(std::string(key)).first->second;
  }
  template <class Row>
  Slot<Row>& loaded(Rows<Row>& rows, std::string_view key) {
    auto& slot = entry(rows, key);
    if (slot.row || slot.state == State::stored) return slot;
    if (slot.state == State::packed) {
      const auto* packed = flatbuffers::GetRoot<typename Row::TableType>(slot.packed.data());
      hold(rows, slot, std::unique_ptr<Row>(packed->UnPack()));
      return slot;
    }
    slot.state = State::stored;
    const auto bytes = stored_->get(table_of<Row>, memory_key(key));
    if (!bytes) return slot;
    if (auto row = events::unpack<Row>(*bytes)) hold(rows, slot, std::make_unique<Row>(std::move(*row)));
    return slot;
  }
  template <class Row>
  void hold(Rows<Row>& rows, Slot<Row>& slot, std::unique_ptr<Row> row) {
    slot.row = std::move(row);
    rows.unpacked.push_back(&slot);
    ++unpacked_;
  }
  void pack_all();
  template <class Row>
  static void pack_slots(Rows<Row>& rows, flatbuffers::FlatBufferBuilder& builder);

  /// A table's changed rows as they are stored, in key order.
  struct Packed {
    std::string_view table;
    std::vector<std::pair<std::string, events::Bytes>> rows;
  };
  template <class Row>
  static void pack(Rows<Row>& rows, Packed& packed);
  static void pack(std::string_view index, Entries& entries, Packed& packed);

  RowWriter* stored_;
  std::size_t unpacked_ = 0;  // in all tables
  std::tuple<Rows<events::GoalRowT>, Rows<events::CycleRowT>, Rows<events::ProposalRowT>,
             Rows<events::WorkRowT>, Rows<events::DatasetRowT>, Rows<events::FeatureRowT>,
             Rows<events::TrialRowT>, Rows<events::FingerprintRowT>, Rows<events::ModelRowT>,
             Rows<events::DeploymentRowT>, Rows<events::DecisionRowT>, Rows<events::OutcomeRowT>,
             Rows<events::RewardRowT>, Rows<events::GoalReportRowT>, Rows<events::FailureRowT>,
             Rows<events::AgentRowT>, Rows<events::MethodRowT>>
      tables_;
  std::array<Entries, std::size(index_names)> indexes_;
};

// --- reading events --------------------------------------------------------------------------------

inline std::string_view view(const flatbuffers::String* text) {
  return text ? text->string_view() : std::string_view();
}
inline std::string text(const flatbuffers::String* text) { return std::string(view(text)); }

using Texts = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;
inline std::vector<std::string> texts(const Texts* list) {
  std::vector<std::string> copies;
  if (!list) return copies;
  copies.reserve(list->size());
  for (const auto* one : *list) copies.emplace_back(view(one));
  return copies;
}

/// "autotrain/main#17", empty where there is none.
inline std::string text(const events::EventRef* ref) {
  return ref ? events::reference(view(ref->stream()), ref->version()) : std::string();
}
inline std::vector<std::string> texts(
    const flatbuffers::Vector<flatbuffers::Offset<events::EventRef>>* refs) {
  std::vector<std::string> names;
  if (!refs) return names;
  names.reserve(refs->size());
  for (const auto* ref : *refs) names.push_back(text(ref));
  return names;
}

template <class Table>
std::unique_ptr<typename Table::NativeTableType> unpacked(const Table* table) {
  return std::unique_ptr<typename Table::NativeTableType>(table ? table->UnPack() : nullptr);
}
template <class Table>
std::vector<std::unique_ptr<typename Table::NativeTableType>> unpacked(
    const flatbuffers::Vector<flatbuffers::Offset<Table>>* list) {
  std::vector<std::unique_ptr<typename Table::NativeTableType>> copies;
  if (!list) return copies;
  copies.reserve(list->size());
  for (const auto* one : *list) copies.push_back(unpacked(one));
  return copies;
}

template <class T>
std::unique_ptr<T> copy_of(const std::unique_ptr<T>& value) {
  return value ? std::make_unique<T>(*value) : nullptr;
}
template <class T>
std::vector<std::unique_ptr<T>> copies_of(const std::vector<std::unique_ptr<T>>& values) {
  std::vector<std::unique_ptr<T>> copies;
  copies.reserve(values.size());
  for (const auto& value : values)
    if (value) copies.push_back(std::make_unique<T>(*value));
  return copies;
}

inline std::string reference(const EventView& event) {
  return events::reference(event.stream, event.version);
}
/// "autotrain" of "autotrain/main".
inline std::string_view agent_of(const EventView& event) {
  return event.stream.substr(0, event.stream.find('/'));
}
/// The goal that the event names, else the one that it serves.
inline std::string_view goal_of(const flatbuffers::String* named, const EventView& event) {
  return view(named).empty() ? event.correlation : view(named);
}
/// "goal-1/3".
inline std::string path(std::string_view head, std::string_view tail) {
  std::string joined;
  joined.reserve(head.size() + 1 + tail.size());
  return joined.append(head).append("/").append(tail);
}
inline std::string cycle_key(std::string_view goal, std::uint32_t cycle) {
  return path(goal, std::to_string(cycle));
}

inline void add_once(std::vector<std::string>& names, std::string_view name) {
  for (const auto& known : names)
    if (known == name) return;
  names.emplace_back(name);
}
inline void remove(std::vector<std::string>& names, std::string_view name) { std::erase(names, name); }

/// The goal's metric; empty where the goal is not known.
inline std::string_view metric_of(MemoryRows& rows, std::string_view goal) {
  const auto* row = rows.find<events::GoalRowT>(goal);
  return row && row->goal ? std::string_view(row->goal->metric) : std::string_view();
}
/// The hash of the goal's data set; empty where the goal is not known.
inline std::string_view data_of(MemoryRows& rows, std::string_view goal) {
  const auto* row = rows.find<events::GoalRowT>(goal);
  return row && row->goal && row->goal->data ? std::string_view(row->goal->data->hash) : std::string_view();
}

}  // namespace automodel::storage::memory_rows
