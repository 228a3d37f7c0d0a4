// What AutoTrain offers.
#include <algorithm>
#include <cmath>

#include "actors/autotrain/internal.hpp"
#include "actors/decisions/random.hpp"
#include "papers/mutation.hpp"

namespace automodel::actors::autotrain {
namespace {

constexpr double baseline_gain = 0.1;      // of a first model over chance
constexpr double gain_per_feature = 0.01;  // that the champion has not got, until experience says otherwise
constexpr double most_feature_gain = 0.05;
constexpr double confirm_gain = 0.001;
constexpr double untried_gain = 0.001;  // of a method of which nothing is known here
constexpr double hard_to_tell = 0.002;  // difference of metrics that another seed may turn round
constexpr std::size_t methods_searched = 3;
constexpr std::size_t methods_refitted = 2;
constexpr std::size_t trials_before_confirm = 6;

using Trials = std::vector<const events::KnownTrialT*>;

struct Scene {
  const State& state;
  const events::CycleContextT& cycle;
  const Known known;
  const Trials all;  // on this data
  const SearchSpace space;
  Trials here;       // of them, on the features kept now
  bool ranks;        // the goal asks for rankings: only methods that rank are of use
  const Schedule& schedule;
  std::size_t most;  // configurations that may still be tried
};

Scene look(const State& state, const events::CycleContextT& cycle, const Context& context) {
  Scene scene{state,
              cycle,
              Known(state, context),
              experience(state, *cycle.goal),
              SearchSpace(state.cards),
              {},
              asks_for_ranking(*cycle.goal),
              schedule_of(cycle.goal->metric),
              1000};
  const auto features = sorted(cycle.features);
  for (const auto* trial : scene.all)
    if (sorted(trial->config->features) == features) scene.here.push_back(trial);
  if (cycle.trials_left > 0) scene.most = cycle.trials_left;
  return scene;
}

events::ProposalT proposal(const events::CycleContextT& cycle, std::string action, std::string subject,
                           double gain, double epochs, std::uint32_t max_epochs,
                           std::vector<events::TrialConfigT> configs) {
  events::ProposalT made;
  made.agent = "autotrain";
  made.action = std::move(action);
  made.subject = std::move(subject);
  made.expected_gain = gain;
  made.expected_cost = static_cast<double>(cycle.rows) * epochs;
  made.features = cycle.features;
  made.configs = boxed(configs);
  made.epochs = max_epochs;
  return made;
}

events::TrialConfigT config_of(const events::CycleContextT& cycle, const std::string& method,
                               const Settings& settings, std::vector<std::string> features) {
  return make_config(method, settings, std::move(features), cycle.goal->seed, *cycle.goal->data);
}

events::ProposalT baseline(const Scene& scene) {
  std::vector<events::TrialConfigT> configs;
  for (const auto& method : library_methods())
    if (method.opens && method.ranks == scene.ranks && configs.size() < scene.most)
      configs.push_back(config_of(scene.cycle, method.name, default_settings(method), {}));
  const double epochs = static_cast<double>(configs.size()) * scene.schedule.full;
  for (const auto& method : scene.ranks ? methods_without_card() : counting_methods())
    configs.push_back(config_of(scene.cycle, method, {}, {}));
  return proposal(
      scene.cycle, "baseline",
      scene.ranks
          ? "the methods that open a goal at their defaults, popularity, item-kNN and EASE"
          : "the methods that open a goal at their defaults on the raw columns, popularity and item-kNN",
      baseline_gain, epochs, scene.schedule.full, std::move(configs));
}

/// Methods that open a goal or were tried, by their best trial, best first; those never tried last.
std::vector<const SearchMethod*> ranked_methods(const Scene& scene, const Trials& trials) {
  std::vector<std::pair<double, const SearchMethod*>> ranked;
  for (const auto& method : scene.space.methods()) {
    if (method.ranks != scene.ranks) continue;
    double best = -1e9;
    for (const auto* trial : trials)
      if (trial->config->method == method.name) best = std::max(best, signed_best(*trial));
    if (method.opens || best > -1e9) ranked.emplace_back(best, &method);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const SearchMethod*> methods;
  for (const auto& [best, method] : ranked) methods.push_back(method);
  return methods;
}

const events::KnownTrialT* best_trial(const Trials& trials, std::string_view method = {}) {
  const events::KnownTrialT* best = nullptr;
  for (const auto* trial : trials)
    if ((method.empty() ? counts_as_trial(trial->config->method) : trial->config->method == method) &&
        (!best || signed_best(*trial) > signed_best(*best)))
      best = trial;
  return best;
}

double gain_of_new_features(const events::CycleContextT& cycle) {
  std::size_t fresh = 0;
  for (const auto& feature : cycle.features) {
    const auto* has = cycle.champion && cycle.champion->config ? &cycle.champion->config->features : nullptr;
    if (!has || std::find(has->begin(), has->end(), feature) == has->end()) ++fresh;
  }
  return std::min(most_feature_gain, gain_per_feature * static_cast<double>(fresh));
}

/// The features kept now, under methods that have not seen them.
void add_refit(const Scene& scene, Offer& offer) {
  if (scene.cycle.features.empty()) return;
  const bool first = std::none_of(scene.all.begin(), scene.all.end(),
                                  [](const auto* trial) { return !trial->config->features.empty(); });
  auto methods = ranked_methods(scene, scene.all);
  if (!first) methods.resize(std::min(methods.size(), methods_refitted));
  std::vector<events::TrialConfigT> configs;
  for (const auto* method : methods) {
    if (configs.size() >= scene.most) break;
    if (best_trial(scene.here, method->name)) continue;
    const auto* best = first ? nullptr : best_trial(scene.all, method->name);
    auto config =
        config_of(scene.cycle, method->name, best ? settings_of(*best->config) : default_settings(*method),
                  scene.cycle.features);
    if (!scene.known.has(config.fingerprint)) configs.push_back(std::move(config));
  }
  if (configs.empty()) return;
  const double epochs = static_cast<double>(configs.size()) * scene.schedule.full;
  const double gain = gain_of_new_features(scene.cycle);
  offer.proposals.push_back(proposal(scene.cycle, first ? "search-defaults" : "search-refit",
                                     first ? "every method at its defaults on the kept features"
                                           : "the best settings so far on the features kept since",
                                     std::max(gain, confirm_gain), epochs, scene.schedule.full,
                                     std::move(configs)));
}

double halving_epochs(const Schedule& schedule, std::size_t width) {
  double epochs = 0;
  std::uint32_t before = 0;
  for (const auto until : schedule.rungs) {
    epochs += static_cast<double>(width) * (until - before);
    before = until;
    width = (width + 1) / 2;
  }
  return epochs;
}

void add_searches(const Scene& scene, Offer& offer) {
  auto methods = ranked_methods(scene, scene.here.empty() ? scene.all : scene.here);
  methods.resize(std::min(methods.size(), methods_searched));
  for (const auto* method : methods) {
    const auto width = std::min(search_width, scene.most);
    auto scored = score(scene.state, scene.cycle, *method, scene.known, width);
    if (scored.empty()) continue;
    double gain = 0;
    std::vector<events::TrialConfigT> configs;
    for (std::size_t i = 0; i < std::min(width, scored.size()); ++i) {
      gain = std::max(gain, scored[i].improvement);
      configs.push_back(std::move(scored[i].config));
    }
    const double epochs = halving_epochs(scene.schedule, configs.size());
    offer.proposals.push_back(
        proposal(scene.cycle, "search-" + method->name,
                 counted(configs.size(), "setting") + " of " + method->name + " that past trials speak for",
                 gain, epochs, scene.schedule.full, std::move(configs)));
  }
}

/// One method that nobody has tried on this data: people's cards first, then the library's, another one first for each goal's
/// seed. Changes of other methods are tried as such.
void add_new_method(const Scene& scene, Offer& offer) {
  std::vector<const SearchMethod*> untried, added;
  for (const auto& method : scene.space.methods()) {
    if (method.opens || method.ranks != scene.ranks || best_trial(scene.all, method.name)) continue;
    (is_added(scene.state, method.name) ? added : untried).push_back(&method);
  }
  if (!untried.empty())
    std::rotate(untried.begin(), untried.begin() + static_cast<std::ptrdiff_t>(scene.cycle.goal->seed % untried.size()), untried.end());
  untried.insert(untried.begin(), added.begin(), added.end());
  for (const auto* one : untried) {
    const auto& method = *one;
    auto config = config_of(scene.cycle, method.name, default_settings(method), scene.cycle.features);
    if (scene.known.has(config.fingerprint)) continue;
    offer.proposals.push_back(
        proposal(scene.cycle, "search-new", method.name + ", which was never tried here, at its defaults",
                 untried_gain, scene.schedule.full, scene.schedule.full, {std::move(config)}));
    return;
  }
}

/// A change of the best method so far that was not tried here: with its parent's best settings, so that what differs is the
/// equations.
void add_change(const Scene& scene, Offer& offer) {
  const auto* best = best_trial(scene.here.empty() ? scene.all : scene.here);
  if (!best) return;
  const auto& parent = best->config->method;
  const auto find = find_card(scene.state.cards);
  auto changes = papers::mutations_of(parent, find);
  std::erase_if(changes, [&](const auto& change) { return best_trial(scene.all, change.name) != nullptr; });
  Random random(scene.cycle.goal->seed, scene.cycle.cycle, "autotrain/change");
  while (!changes.empty()) {
    const auto at = static_cast<std::size_t>(random.below(changes.size()));
    const auto change = changes[at];
    changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(at));
    events::CardT card;
    card.name = change.name;
    card.text = change.text;
    card.parent = parent;
    card.change = change.change;
    if (!check_card(scene.state, card)) continue;  // another card took the name
    const auto method = search_method(card, find);
    if (!method || method->ranks != scene.ranks) continue;
    auto config = config_of(scene.cycle, card.name, carried_over(*method, settings_of(*best->config)), scene.cycle.features);
    if (scene.known.has(config.fingerprint)) continue;
    auto made = proposal(scene.cycle, "search-change", card.name + ", which " + card.change, untried_gain,
                         scene.schedule.full, scene.schedule.full, {std::move(config)});
    made.cards = boxed(std::vector<events::CardT>{card});
    offer.proposals.push_back(std::move(made));
    return;
  }
}

std::size_t seeds_tried(const Trials& trials, const std::string& fingerprint) {
  return static_cast<std::size_t>(std::count_if(trials.begin(), trials.end(), [&](const auto* trial) {
    return trial->config->fingerprint == fingerprint;
  }));
}

/// Two further seeds for each of the two best configurations, when they are close and have had one.
void add_confirm(const Scene& scene, Offer& offer) {
  Trials best;
  for (const auto* trial : scene.here)
    if (counts_as_trial(trial->config->method)) best.push_back(trial);
  if (best.size() < trials_before_confirm || scene.most < 4) return;
  std::stable_sort(best.begin(), best.end(),
                   [](const auto* a, const auto* b) { return signed_best(*a) > signed_best(*b); });
  if (signed_best(*best[0]) - signed_best(*best[1]) > hard_to_tell) return;
  std::vector<events::TrialConfigT> configs;
  for (const auto* trial : {best[0], best[1]}) {
    if (seeds_tried(scene.here, trial->config->fingerprint) > 1) return;
    for (const std::uint64_t further : {1, 2}) {
      auto config = *trial->config;
      config.seed = trial->config->seed + further;
      configs.push_back(std::move(config));
    }
  }
  const double epochs = static_cast<double>(configs.size()) * scene.schedule.full;
  offer.proposals.push_back(proposal(scene.cycle, "confirm",
                                     best[0]->id + " and " + best[1]->id + " with two further seeds each",
                                     confirm_gain, epochs, scene.schedule.full, std::move(configs)));
}

bool has_open_baseline(const State& state, const std::string& goal) {
  return std::any_of(state.works.begin(), state.works.end(), [&](const auto& work) {
    return work->work->context->goal->id == goal && work->work->proposal->action == "baseline";
  });
}

}  // namespace

Offer offer(const State& state, const events::CycleContextT& cycle, const Context& context) {
  const auto scene = look(state, cycle, context);
  Offer made;
  const auto& done = state.baselines;
  if (std::find(done.begin(), done.end(), cycle.goal->id) == done.end()) {
    if (has_open_baseline(state, cycle.goal->id)) {
      made.none_because = "the baselines are still being trained";
      return made;
    }
    made.proposals.push_back(baseline(scene));
  } else {
    add_refit(scene, made);
    add_searches(scene, made);
    add_new_method(scene, made);
    add_change(scene, made);
    add_confirm(scene, made);
  }
  for (std::size_t i = 0; i < made.proposals.size(); ++i)
    made.proposals[i].id =
        cycle.goal->id + "/autotrain/c" + std::to_string(cycle.cycle) + "/" + std::to_string(i + 1);
  if (made.proposals.empty()) made.none_because = "every setting within reach was tried";
  return made;
}

}  // namespace automodel::actors::autotrain
