#include "tools/automodel/bench/command_load.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "actors/runtime/decider.hpp"

namespace automodel::tools {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr std::size_t command_text = 100;  // packed, a command and its event have about 200 bytes

}  // namespace

struct CommandLoad::Shared {
  mutable std::mutex mutex;
  std::vector<Answered> answered;
  std::vector<Clock::time_point> due;  // by number, from 0
  std::string refusal;                 // the first one

  void took(std::uint64_t number, const events::ReplyT* reply, const std::string& error) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex);
    answered.push_back({due[number], std::chrono::duration<double>(now - due[number]).count()});
    if (reply && reply->accepted) return;
    if (refusal.empty())
      refusal = reply && reply->failure ? reply->failure->code + ": " + reply->failure->message : error;
  }
};

CommandLoad::CommandLoad(caf::actor_system& system, cluster::ClusterActor cluster, std::string agent,
                         double rate, unsigned senders)
    : shared_(std::make_shared<Shared>()), rate_(rate) {
  sender_ = system.spawn([shared = shared_, cluster = std::move(cluster), agent = std::move(agent),
                          senders](caf::event_based_actor* self) -> caf::behavior {
    return {[=](std::uint64_t number) {
              events::ResumeGoalT body;
              body.goal = std::string(command_text, 'c');
              auto command = actors::command_of(std::move(body));
              command.sender = "load/" + std::to_string(number % senders);
              command.number = number / senders + 1;
              self->request(cluster, patience, agent, std::move(command))
                  .then(
                      [=](const events::ReplyT& reply) { shared->took(number, &reply, {}); },
                      [=](const caf::error& error) { shared->took(number, nullptr, caf::to_string(error)); });
            },
            [=](actors::stop_atom) { self->quit(); }};
  });
  thread_ = std::jthread([this](std::stop_token stop) { send(std::move(stop)); });
}

CommandLoad::~CommandLoad() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  caf::anon_send(sender_, actors::stop_atom_v);
}

void CommandLoad::send(std::stop_token stop) {
  const auto start = Clock::now();
  while (!stop.stop_requested()) {
    const std::uint64_t number = sent_;
    const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(number) / rate_));
    std::this_thread::sleep_until(due);
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->due.push_back(due);
    }
    caf::anon_send(sender_, number);
    ++sent_;
  }
}

Result<void> CommandLoad::finish() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const auto deadline = Clock::now() + patience;
  for (;;) {
    {
      const std::lock_guard lock(shared_->mutex);
      if (!shared_->refusal.empty()) return fail("bench.lost", "a command was refused: " + shared_->refusal);
      if (shared_->answered.size() == sent_) return {};
      if (Clock::now() > deadline)
        return fail("bench.lost", std::to_string(shared_->answered.size()) + " of " +
                                      std::to_string(sent_.load()) + " commands were answered");
    }
    std::this_thread::sleep_for(5ms);
  }
}

std::vector<CommandLoad::Answered> CommandLoad::between(Clock::time_point from,
                                                        Clock::time_point until) const {
  std::vector<Answered> found;
  const std::lock_guard lock(shared_->mutex);
  for (const auto& one : shared_->answered)
    if (one.due >= from && one.due < until) found.push_back(one);
  return found;
}

}  // namespace automodel::tools
