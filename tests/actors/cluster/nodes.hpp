// Nodes of the pure protocol wired to each other without a network: what one sends the others have at once.
// Stores say yes to everything and agents answer with the command's number, unless a test says otherwise.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/cluster/core.hpp"

namespace automodel::cluster::testing {

struct Answered {
  events::Bytes reply;
  std::optional<Error> error;
};

class Nodes {
 public:
  explicit Nodes(const std::vector<std::string>& names, const ClusterOptions& base = {}) {
    for (const auto& name : names) {
      auto options = base;
      options.node = name;
      options.identity = "store-of-" + name;
      options.incarnation = 1;
      nodes_.emplace(name, std::make_unique<ClusterCore>(options));
      nodes_[name]->recovered({}, {}, {});
    }
    for (const auto& a : names)
      for (const auto& b : names)
        if (a != b) nodes_[a]->peer_started(b, 1);
    settle();
  }

  ClusterCore& operator[](const std::string& node) { return *nodes_.at(node); }

  /// Carries out effects until there are none.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [name, node] : nodes_)
        for (auto& effect : node->effects()) moved = true, carry_out(name, effect);
    }
  }
  void tick(int times = 1) {
    for (; times > 0; --times) {
      for (auto& [name, node] : nodes_) {
        for (auto& [other, unused] : nodes_)
          if (other != name && !silent.contains(other)) node->peer_heard(other);
        node->tick();
      }
      settle();
    }
  }
  Ticket command(const std::string& node, const std::string& agent, std::uint64_t number,
                 std::uint64_t patience = 0) {
    nodes_.at(node)->command(++tickets_, agent, {"client", number, {static_cast<std::uint8_t>(number)}},
                             patience);
    settle();
    return tickets_;
  }
  Ticket migrate(const std::string& node, const std::string& agent, const std::string& target) {
    nodes_.at(node)->migrate(++tickets_, agent, target);
    settle();
    return tickets_;
  }
  Ticket adopt(const std::string& node, const std::string& agent) {
    nodes_.at(node)->adopt(++tickets_, agent);
    settle();
    return tickets_;
  }
  Ticket leave(const std::string& node) {
    nodes_.at(node)->leave(++tickets_);
    settle();
    return tickets_;
  }
  /// The code of the error that answered; "" for a reply, "-" where there is no answer yet.
  std::string outcome(Ticket ticket) const {
    auto at = answers.find(ticket);
    return at == answers.end() ? "-" : at->second.error ? at->second.error->code : "";
  }

  std::map<Ticket, Answered> answers;
  std::vector<std::string> faults;                    // codes
  std::vector<std::string> controls;                  // "a: start x 2"
  std::vector<std::pair<std::string, Write>> writes;  // by node
  std::vector<std::pair<std::string, std::uint64_t>>
      done;                              // node and number of each command that an agent had
  std::map<events::PeerBody, int> sent;  // messages
  std::set<std::string> silent;          // nothing comes from or reaches these
  bool freezes = true;                   // agents freeze at once
  std::set<Write::Kind> held;            // writes that wait
  std::map<Write::Kind, Error> refused;  // writes that fail
  std::optional<Error> no_room;          // what targets say to offers
  std::uint64_t have = 0;                // the version that targets have already

  /// Answers the writes that were held.
  void release() {
    held.clear();
    for (auto& [name, id] : std::exchange(waiting_, {}))
      nodes_.at(name)->written(id, Written{++version_, {}});
    settle();
  }

 private:
  void carry_out(const std::string& name, Effect& effect) {
    auto& node = *nodes_.at(name);
    if (auto* send = std::get_if<Send>(&effect)) {
      ++sent[send->message.body.type];
      if (!silent.contains(name) && !silent.contains(send->peer) && nodes_.contains(send->peer))
        nodes_.at(send->peer)->received(name, std::move(send->message));
    } else if (auto* given = std::get_if<Deliver>(&effect)) {
      done.emplace_back(name, given->command.number);
      node.answered(given->delivery, {static_cast<std::uint8_t>(given->command.number)});
    } else if (auto* answer = std::get_if<AnswerCaller>(&effect)) {
      answers[answer->ticket] = {std::move(answer->reply), std::move(answer->error)};
    } else if (auto* order = std::get_if<Control>(&effect)) {
      static const char* names[] = {"start", "freeze", "unfreeze", "retire"};
      controls.push_back(name + ": " + names[static_cast<int>(order->kind)] + " " + order->agent + " " +
                         std::to_string(order->epoch));
      if (order->kind == Control::Kind::freeze && freezes) node.frozen(order->agent, 1);
    } else if (auto* wanted = std::get_if<Read>(&effect)) {
      ReadPart part;
      part.part.until = wanted->after;
      node.read(wanted->agent, wanted->move, std::move(part));
    } else if (auto* write = std::get_if<Write>(&effect)) {
      writes.emplace_back(name, *write);
      if (held.contains(write->kind))
        waiting_.emplace_back(name, write->id);
      else if (auto no = refused.find(write->kind); no != refused.end())
        node.written(write->id, fail(no->second));
      else
        node.written(write->id, Written{++version_, {}});
    } else if (auto* consider = std::get_if<Consider>(&effect)) {
      node.considered(consider->offer.agent, consider->offer.move, no_room, have);
    } else if (auto* note = std::get_if<Note>(&effect)) {
      if (note->fault) faults.push_back(note->what.code);
    }
  }

  std::map<std::string, std::unique_ptr<ClusterCore>> nodes_;
  std::vector<std::pair<std::string, std::uint64_t>> waiting_;
  Ticket tickets_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace automodel::cluster::testing
