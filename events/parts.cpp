#include "events/parts.hpp"

#include <algorithm>

namespace automodel::events::detail {

namespace {

using flatbuffers::Table;
using flatbuffers::TypeTable;
using flatbuffers::voffset_t;
using TableVector = flatbuffers::Vector<flatbuffers::Offset<Table>>;

/// Verifies every step before it takes it. It stops at the first part that is missing, and at damage.
class PartSearch {
 public:
  PartSearch(std::span<const std::uint8_t> bytes, std::string name)
      : bytes_(bytes), verifier_(bytes.data(), bytes.size(), 64, 1'000'000), path_(std::move(name)) {}

  std::string missing_of(const TypeTable* root) {
    const auto start = verifier_.VerifyOffset(0);
    if (start != 0) table(bytes_.data() + start, root);
    return missing_;
  }

 private:
  bool table(const std::uint8_t* at, const TypeTable* type) {
    const auto* object = reinterpret_cast<const Table*>(at);
    if (!object->VerifyTableStart(verifier_)) return false;
    for (std::size_t i = 0; i < type->num_elems; ++i) {
      const std::size_t length = path_.size();
      path_.append(".").append(type->names[i]);
      if (!field(*object, i, type)) return false;
      path_.resize(length);
    }
    return verifier_.EndTable();
  }

  bool field(const Table& object, std::size_t index, const TypeTable* type) {
    const auto place = flatbuffers::FieldIndexToOffset(static_cast<voffset_t>(index));
    if (!object.CheckField(place)) {
      if (is_required(type, place)) missing_ = path_;
      return missing_.empty();
    }
    const auto code = type->type_codes[index];
    if (code.base_type == flatbuffers::ET_UTYPE) return object.VerifyField<std::uint8_t>(verifier_, place, 1);
    if (code.base_type != flatbuffers::ET_SEQUENCE) return true;  // it has no parts
    const auto* referred = type->type_refs[code.sequence_ref]();
    if (referred->st == flatbuffers::ST_STRUCT) return true;
    if (!object.VerifyOffset(verifier_, place)) return false;
    if (referred->st == flatbuffers::ST_UNION) return member(object, place, referred);
    if (code.is_repeating) return tables(object.GetPointer<const TableVector*>(place), referred);
    return table(object.GetPointer<const std::uint8_t*>(place), referred);
  }

  bool tables(const TableVector* all, const TypeTable* type) {
    if (!verifier_.VerifyVector(all)) return false;
    const std::size_t length = path_.size();
    for (flatbuffers::uoffset_t i = 0; i < all->size(); ++i) {
      path_.append("[").append(std::to_string(i)).append("]");
      if (!table(reinterpret_cast<const std::uint8_t*>(all->Get(i)), type)) return false;
      path_.resize(length);
    }
    return true;
  }

  /// What a union holds is named by its kind: all that is before it says no more.
  bool member(const Table& object, voffset_t place, const TypeTable* unions) {
    const auto kind = object.GetField<std::uint8_t>(static_cast<voffset_t>(place - sizeof(voffset_t)), 0);
    const auto index = flatbuffers::LookupEnum(kind, unions->values, unions->num_elems);
    if (kind == 0 || index < 0 || index >= static_cast<std::int64_t>(unions->num_elems)) return false;
    const auto code = unions->type_codes[index];
    if (code.base_type != flatbuffers::ET_SEQUENCE) return true;
    const std::string before = std::exchange(path_, unions->names[index]);
    const bool whole =
        table(object.GetPointer<const std::uint8_t*>(place), unions->type_refs[code.sequence_ref]());
    path_ = before;
    return whole;
  }

  std::span<const std::uint8_t> bytes_;
  flatbuffers::Verifier verifier_;
  std::string path_;
  std::string missing_;
};

}  // namespace

bool is_required(const TypeTable* table, voffset_t field) {
  return std::ranges::any_of(
      required_parts(), [&](const RequiredPart& part) { return part.table == table && part.field == field; });
}

std::string missing_part(std::span<const std::uint8_t> bytes, const TypeTable* root, std::string_view name) {
  return PartSearch(bytes, std::string(name.substr(name.rfind('.') + 1))).missing_of(root);
}

}  // namespace automodel::events::detail
