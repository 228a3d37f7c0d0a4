// Private to AutoPerf: reading its state.
#pragma once

#include "actors/autoperf/agent.hpp"
#include "actors/autoperf/promotion.hpp"
#include "actors/decisions/record.hpp"

namespace automodel::actors::autoperf {

inline constexpr const char* int8_action = "int8";
inline constexpr const char* evaluate_action = "evaluate";
inline constexpr unsigned step_tries = 2;

/// What a piece of work needs next.
enum class Next { Quantize, Measure, Compare, Judge, Fail };

const events::SuccessionT* succession(const events::AutoPerfStateT& state, const events::DataRefT& data);
/// Serves the work's data now; null: nothing does.
const events::ModelRefT* champion_of(const events::AutoPerfStateT& state, const events::PerfWorkT& work);
bool is_int8(const events::PerfWorkT& work);
Next next_step(const events::AutoPerfStateT& state, const events::PerfWorkT& work);
/// The job of the next step; its id names work, step and attempt.
events::JobT job_for(const events::AutoPerfStateT& state, const events::PerfWorkT& work, Next next);
std::string job_id(const events::PerfWorkT& work, Next next);
const events::PerfWorkT* work_of_job(const events::AutoPerfStateT& state, const std::string& job);

/// What the rule says of a work of which all is known (`Next::Judge`).
Judgement judgement_of(const events::AutoPerfStateT& state, const events::PerfWorkT& work,
                       const AutoPerfPolicy& policy = {});
/// That judgement as a decision. `stream`: AutoPerf's own.
Question promotion_question(const events::AutoPerfStateT& state, const events::PerfWorkT& work,
                            const std::string& stream, const Judgement& judgement);

}  // namespace automodel::actors::autoperf
