// Scoring untried configurations by what past trials say.
#include <algorithm>
#include <cmath>

#include "actors/autotrain/internal.hpp"
#include "actors/autotrain/surrogate.hpp"
#include "actors/decisions/random.hpp"

namespace automodel::actors::autotrain {
namespace {

constexpr std::size_t random_candidates = 48;
constexpr std::size_t most_observations = 60;
constexpr double least_deviation = 0.004;  // of metrics between settings: below it chance decides

/// Best metric of each feature set: settings are compared within a set, and carried over between sets.
double best_on(const std::vector<const events::KnownTrialT*>& trials,
               const std::vector<std::string>& features) {
  double best = -1e9;
  for (const auto* trial : trials)
    if (sorted(trial->config->features) == features) best = std::max(best, signed_best(*trial));
  return best;
}

struct Model {
  Surrogate surrogate;
  double best;  // the level that improvement is measured from
};

Model fit(const std::vector<const events::KnownTrialT*>& trials, const SearchMethod& method,
          const std::vector<std::string>& features) {
  const double here = best_on(trials, features);
  const double level = here > -1e8 ? here : 0;
  std::vector<Observation> seen;
  for (const auto* trial : trials) {
    if (trial->config->method != method.name) continue;
    const auto own = sorted(trial->config->features);
    const double offset = own == features ? 0 : level - best_on(trials, own);
    seen.push_back({position(method, settings_of(*trial->config)), signed_best(*trial) + offset});
  }
  if (seen.size() > most_observations) seen.erase(seen.begin(), seen.end() - most_observations);
  double mean = 0, square = 0;
  for (const auto& one : seen) mean += one.value / static_cast<double>(seen.size());
  for (const auto& one : seen)
    square += (one.value - mean) * (one.value - mean) / static_cast<double>(seen.size());
  if (seen.empty()) mean = level;
  const double deviation = std::max(std::sqrt(square), least_deviation);
  Model model{Surrogate(mean, deviation, deviation / 4), level};
  for (auto& one : seen) model.surrogate.observe(std::move(one));
  return model;
}

const events::KnownTrialT* best_of(const std::vector<const events::KnownTrialT*>& trials,
                                   const std::string& method) {
  const events::KnownTrialT* best = nullptr;
  for (const auto* trial : trials)
    if (trial->config->method == method && (!best || signed_best(*trial) > signed_best(*best))) best = trial;
  return best;
}

/// Around the best known settings, and anywhere.
std::vector<Settings> candidates(const std::vector<const events::KnownTrialT*>& trials,
                                 const events::CycleContextT& cycle, const SearchMethod& method) {
  const auto* best = best_of(trials, method.name);
  std::vector<Settings> found =
      neighbours(method, best ? settings_of(*best->config) : default_settings(method));
  Random random(cycle.goal->seed, cycle.cycle, "autotrain/" + method.name);
  for (std::size_t i = 0; i < random_candidates; ++i) {
    Settings settings;
    for (const auto& knob : method.knobs)
      settings[knob.name] = knob.choices[random.below(knob.choices.size())];
    found.push_back(std::move(settings));
  }
  return found;
}

void rescore(const Model& model, const SearchMethod& method, Scored& one) {
  const auto guess = model.surrogate.predict(position(method, settings_of(one.config)));
  one.mean = guess.mean;
  one.deviation = guess.deviation;
  one.improvement = expected_improvement(guess, model.best);
}

void sort_from(std::vector<Scored>& scored, std::size_t first) {
  std::sort(scored.begin() + static_cast<std::ptrdiff_t>(first), scored.end(),
            [](const Scored& a, const Scored& b) {
              if (a.improvement != b.improvement) return a.improvement > b.improvement;
              return a.config.fingerprint < b.config.fingerprint;
            });
}

}  // namespace

std::vector<Scored> score(const State& state, const events::CycleContextT& cycle, const SearchMethod& method,
                          const Known& known, std::size_t pick) {
  const auto trials = experience(state, *cycle.goal);
  auto model = fit(trials, method, sorted(cycle.features));
  std::vector<Scored> scored;
  std::set<std::string> seen;
  for (const auto& settings : candidates(trials, cycle, method)) {
    Scored one{make_config(method.name, settings, cycle.features, cycle.goal->seed, *cycle.goal->data)};
    if (known.has(one.config.fingerprint) || !seen.insert(one.config.fingerprint).second) continue;
    scored.push_back(std::move(one));
  }
  for (std::size_t chosen = 0; chosen < std::min(pick, scored.size()); ++chosen) {
    for (std::size_t i = chosen; i < scored.size(); ++i) rescore(model, method, scored[i]);
    sort_from(scored, chosen);
    // Kriging believer (Ginsbourger, Le Riche & Carraro 2010): the next one is chosen as if this came out so.
    model.surrogate.observe({position(method, settings_of(scored[chosen].config)), scored[chosen].mean});
  }
  return scored;
}

}  // namespace automodel::actors::autotrain
