// What becomes of a departure when its target starts again or is gone, or when nothing happens.
#include "actors/cluster/departures.hpp"

namespace automodel::cluster {

using Step = Departure::Step;

void Departures::peer_started(const std::string& peer) {
  for (auto& [agent, departure] : departures_) {
    if (departure.target != peer) continue;
    if (departure.step == Step::committed)
      say_committed(departure);
    else if (departure.step != Step::last_part)  // then it may have everything: it will ask
      abandon(departure,
              {"cluster.target_restarted", "node '" + peer + "' started again", agent, "ask again"});
  }
}

void Departures::peer_gone(const std::string& peer, const Error& why) {
  for (auto& [agent, departure] : departures_)
    if (departure.target == peer) abandon(departure, why);
}

void Departures::tick() {
  const auto& options = shared_.options;
  for (auto& [agent, departure] : departures_) {
    const auto stuck = shared_.now - departure.progress_at;
    const Error late{"cluster.move_stuck",
                     "nothing happened for " + std::to_string(stuck) + " ticks while " +
                         std::string(name_of(departure.step)),
                     agent, "ask again"};
    switch (departure.step) {
      case Step::starting:
      case Step::freezing:
        break;  // the store's answers and the agent's
      case Step::offering:
      case Step::copying:
        if (stuck >= options.give_up_after) abandon(departure, late);
        break;
      case Step::last_part:
        if (shared_.now - departure.frozen_at >= options.thaw_after) abandon(departure, late);
        break;
      case Step::committing:
        if (!options.rules.unfreeze_after_answer && shared_.now - departure.frozen_at >= options.thaw_after) {
          departure.write = 0;
          departure.reason = late;
          write_abandoned(departure);
        }
        break;
      case Step::committed:
        if (shared_.now >= departure.again_at) say_committed(departure);
        if (departure.ticket && stuck >= options.give_up_after) {
          shared_.refuse(*departure.ticket, {"cluster.move_unconfirmed",
                                             "the agent belongs to node '" + departure.target +
                                                 "', which has not yet said that it runs it",
                                             agent, "it goes on when that node is back"});
          departure.ticket.reset();
        }
        break;
      case Step::abandoning:
        if (departure.write == 0 && shared_.now >= departure.again_at) write_abandoned(departure);
        break;
    }
  }
}

void Departures::forget(const std::string& agent, const Error* why) {
  auto at = departures_.find(agent);
  if (at == departures_.end()) return;
  if (at->second.ticket) {
    if (why)
      shared_.refuse(*at->second.ticket, *why);
    else
      shared_.answer(*at->second.ticket, {});
  }
  departures_.erase(at);
}

}  // namespace automodel::cluster
