// Why: the chain of decisions, evidence and outcomes behind a model, trial, feature, piece of work or event.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "storage/memory/memory.hpp"

namespace automodel::storage {

struct ExplainStep {
  std::uint64_t sequence = 0;
  std::string ref;  // autotrain/main#17
  std::int64_t time = 0;
  std::string kind;                   // TrialFinished
  std::string text;                   // in plain words
  std::vector<std::string> evidence;  // references
};

struct Explanation {
  std::string id;                  // as asked
  std::string title;               // what is explained
  std::vector<ExplainStep> steps;  // in the order in which they happened
};

/// `id` is "champion" (of the newest goal that has one), a goal, trial, model, work, proposal, feature, added method, an
/// event's reference (autotrain/main#17) or its sequence number. From the goal's acceptance on, the steps are
/// what led there: the cycle's decision, the work and its trials, the features kept that a model uses, the
/// evidence that decisions name, the comparison, the promotion, and the outcomes seen since. Errors:
/// memory.no_such_id, memory.no_champion, storage.*.
Result<Explanation> explain(const EventStore& store, const Memory& memory, std::string_view id);
Result<Explanation> explain(const EventStore& store, std::string_view id);

/// Numbered paragraphs, wrapped at `columns` characters.
std::string as_text(const Explanation& explanation, std::size_t columns = 100);
/// {id, title, steps:[{sequence, ref, time, kind, text, evidence}]}; times as 2026-11-23T14:05:09Z.
nlohmann::json as_json(const Explanation& explanation);

}  // namespace automodel::storage
