#include "storage/memory/tables.hpp"

#include <cstring>

namespace automodel::storage::memory_tables_detail {

namespace {

using flatbuffers::ElementaryType;
using flatbuffers::TypeCode;
using flatbuffers::TypeTable;

template <class Row>
Result<std::string> row_json(events::ByteView bytes) {
  auto row = events::unpack<Row>(bytes);
  if (!row) return fail(row.error());
  return events::to_json(*row);
}

template <class Row>
constexpr TableInfo table(const char* name, const char* columns) {
  return {name, columns, &Row::TableType::MiniReflectTypeTable, &row_json<Row>};
}

bool is_number(const TypeCode& code) {
  return code.base_type >= flatbuffers::ET_CHAR && code.base_type <= flatbuffers::ET_DOUBLE;
}

nlohmann::json default_of(const TypeTable& type, std::size_t i) {
  const auto code = type.type_codes[i];
  if (code.is_repeating) return nlohmann::json::array();
  if (code.sequence_ref >= 0) {
    const auto* inner = type.type_refs[code.sequence_ref]();
    if (inner->st == flatbuffers::ST_ENUM) return inner->names[0];
    return nullptr;  // a nested table that is not there
  }
  if (code.base_type == flatbuffers::ET_BOOL) return false;
  if (is_number(code)) return 0;
  if (code.base_type == flatbuffers::ET_STRING) return "";
  return nullptr;
}

FieldKind kind_of_code(const TypeTable& type, const TypeCode& code) {
  if (code.is_repeating) return FieldKind::other;
  if (code.sequence_ref >= 0) {
    const auto* inner = type.type_refs[code.sequence_ref]();
    if (inner->st == flatbuffers::ST_ENUM) return FieldKind::text;
    // A Metric counts as its value.
    return std::strcmp(inner->names[0], "name") == 0 && inner->num_elems > 1 &&
                   std::strcmp(inner->names[1], "value") == 0
               ? FieldKind::number
               : FieldKind::other;
  }
  if (code.base_type == flatbuffers::ET_BOOL) return FieldKind::flag;
  if (is_number(code)) return FieldKind::number;
  return FieldKind::text;
}

}  // namespace

const std::vector<TableInfo>& all_tables() {
  using namespace events;
  static const std::vector<TableInfo> tables{
      table<GoalRowT>("goals", "id,status,metric,cycle,trials,champion,features_kept,promotions,reason"),
      table<CycleRowT>("cycles", "goal,cycle,works,seconds_left,trials_left,ref,time"),
      table<ProposalRowT>("proposals",
                          "id,status,agent,action,subject,expected_gain,expected_cost,work,decision"),
      table<WorkRowT>("works", "id,status,proposal,agent,action,cost,reward,outer_reward,conclusion"),
      table<DatasetRowT>("datasets", "name,rows,users,items,label,source,hash"),
      table<FeatureRowT>("features", "feature,status,family,information,null_p95,gain,reason,goal"),
      table<TrialRowT>("trials", "trial,status,purpose,method,metric,value,seconds,goal,reason"),
      table<FingerprintRowT>("fingerprints", "fingerprint,method,trials,metric,mean,best,failed"),
      table<ModelRowT>("models", "id,status,method,metrics,p99_us,model_bytes,compared_with,reason"),
      table<DeploymentRowT>("deployments", "ref,kind,goal,model,method,previous,reason,time"),
      table<DecisionRowT>("decisions", "ref,by,question,chosen,rationale,expected_gain,verdict,time"),
      table<OutcomeRowT>("outcomes", "ref,decision,subject,verdict,inner_reward,outer_reward,conclusion"),
      table<RewardRowT>("rewards", "agent,action,works,failed,mean_inner,outer_count,mean_outer,mean_cost"),
      table<MethodRowT>("methods", "method,parent,change,trials,metric,best,by,goal"),
      table<AgentRowT>("agents", "agent,decisions,outcomes,trials,open_works,last_decision,last_time"),
      table<GoalReportRowT>("reports", "goal,status,champion,baselines,produced,time"),
      table<FailureRowT>("failures", "ref,job,goal,failure,time"),
  };
  return tables;
}

const TableInfo* find_table(std::string_view name) {
  for (const auto& known : all_tables())
    if (name == known.name) return &known;
  return nullptr;
}

Result<nlohmann::json> decode_row(const TableInfo& info, std::string_view key, events::ByteView row) {
  auto text = info.json(row);
  if (!text)
    return fail("memory.corrupt_row", "a row of memory cannot be read: " + text.error().message,
                std::string(info.name) + " " + std::string(key),
                "rebuild memory with `automodel replay --verify`");
  auto value = nlohmann::json::parse(*text, nullptr, false);
  if (!value.is_object())
    return fail("memory.corrupt_row", "a row of memory is no JSON object",
                std::string(info.name) + " " + std::string(key));
  const auto& type = *info.type();
  for (std::size_t i = 0; i < type.num_elems; ++i) {
    if (value.contains(type.names[i])) continue;
    auto missing = default_of(type, i);
    if (!missing.is_null()) value[type.names[i]] = std::move(missing);
  }
  return value;
}

FieldKind kind_of_field(const flatbuffers::TypeTable& type, std::string_view name, int depth) {
  if (type.st != flatbuffers::ST_TABLE || depth > 4) return FieldKind::unknown;
  const auto dot = name.find('.');
  const auto head = name.substr(0, dot);
  for (std::size_t i = 0; i < type.num_elems; ++i) {
    if (head != type.names[i]) continue;
    const auto code = type.type_codes[i];
    if (dot == std::string_view::npos) return kind_of_code(type, code);
    // Lists are reached by the names of their elements, which the schema does not know.
    if (code.is_repeating) return FieldKind::other;
    if (code.sequence_ref < 0) return FieldKind::unknown;
    return kind_of_field(*type.type_refs[code.sequence_ref](), name.substr(dot + 1), depth + 1);
  }
  for (std::size_t i = 0; i < type.num_elems; ++i) {
    const auto code = type.type_codes[i];
    if (code.is_repeating || code.sequence_ref < 0) continue;
    auto kind = kind_of_field(*type.type_refs[code.sequence_ref](), name, depth + 1);
    if (kind != FieldKind::unknown) return kind;
  }
  return FieldKind::unknown;
}

std::vector<std::string> field_names(const flatbuffers::TypeTable& type) {
  return {type.names, type.names + type.num_elems};
}

}  // namespace automodel::storage::memory_tables_detail
