// What actors say to each other. The schemas' object types are the messages: on the way to another process
// they are packed, and verified and unpacked on arrival. Types that never leave the process are marked as
// such.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/replies_to.hpp>
#include <caf/sec.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"
#include "storage/event_store.hpp"

namespace automodel::events {

template <class T>
concept SchemaObject = std::default_initializable<T> && requires {
  typename T::TableType;
};

/// Makes every object type of the schemas a CAF message. Bytes that do not verify give
/// `caf::sec::invalid_argument`.
template <class Inspector, SchemaObject T>
typename Inspector::result_type inspect(Inspector& f, T& value) {
  Bytes bytes;
  if constexpr (Inspector::reads_state) {
    bytes = pack(value);
    return f(caf::meta::type_name(T::TableType::GetFullyQualifiedName()), bytes);
  } else {
    auto load = [&]() -> caf::error {
      auto unpacked = unpack<T>(bytes);
      if (!unpacked) return caf::make_error(caf::sec::invalid_argument, unpacked.error().message);
      value = std::move(*unpacked);
      return caf::none;
    };
    return f(bytes, caf::meta::load_callback(load));
  }
}

}  // namespace automodel::events

CAF_BEGIN_TYPE_ID_BLOCK(automodel, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(automodel, (automodel::events::CommandT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::ReplyT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::OutboxMessageT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::JobT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::JobProgressT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::JobResultT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::QuestionT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::AnswerT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::RecommendT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::RecommendationsT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::ModelRefT))
CAF_ADD_TYPE_ID(automodel, (automodel::events::DataRefT))
CAF_ADD_ATOM(automodel, automodel::actors, stop_atom, "stop")
CAF_ADD_ATOM(automodel, automodel::actors, recover_atom, "recover")
CAF_ADD_ATOM(automodel, automodel::actors, retry_atom, "retry")
CAF_ADD_ATOM(automodel, automodel::actors, tick_atom, "tick")
CAF_ADD_ATOM(automodel, automodel::actors, list_atom, "list")
CAF_ADD_ATOM(automodel, automodel::actors, start_atom, "start")
CAF_ADD_ATOM(automodel, automodel::actors, cancel_atom, "cancel")
CAF_ADD_ATOM(automodel, automodel::actors, serve_atom, "serve")
CAF_ADD_ATOM(automodel, automodel::actors, respawn_atom, "respawn")
CAF_ADD_ATOM(automodel, automodel::actors, freeze_atom, "freeze")
CAF_ADD_ATOM(automodel, automodel::actors, unfreeze_atom, "unfreeze")
CAF_ADD_ATOM(automodel, automodel::actors, retire_atom, "retire")
CAF_ADD_ATOM(automodel, automodel::actors, migrate_atom, "migrate")
CAF_END_TYPE_ID_BLOCK(automodel)

namespace automodel::actors {

/// Whoever carries out commands. The reply leaves after the command's events are durable.
using CommandActor = caf::typed_actor<caf::replies_to<events::CommandT>::with<events::ReplyT>>;

/// Tells an actor where an agent lives now: after each start and restart. Stays in the process.
struct KnowAgent {
  std::string name;  // autotrain/main
  CommandActor agent;
};

/// The store's answer to an append. Stays in the process.
struct Committed {
  std::uint64_t append = 0;
  Result<storage::Appended> result;
};

class JobRunner;  // actors/runtime/job_pool.hpp

/// A slot for jobs that another node offers. Stays in the process.
struct NewSlot {
  std::shared_ptr<JobRunner> runner;
  std::string node;
};

/// One running or queued job, for people who watch. Stays in the process.
struct JobView {
  std::string owner;  // the agent's stream
  events::JobT job;
  bool running = false;
  std::string node;  // that it runs on; empty: this one
  std::vector<events::EpochReportT> epochs;  // so far, in this run of the job
};
using JobViews = std::vector<JobView>;

/// What a command gets that reached an agent while it moves: it was not decided, and has no effect.
inline constexpr const char* frozen_code = "runtime.frozen";

/// Whether a refusal is about the moment (the agent restarts, the disk is full), so that asking again may
/// help.
bool is_transient(const events::ReplyT& reply);

/// A refusal in words.
events::ReplyT refusal(const Error& error);

/// The result of a job that came to nothing.
events::JobResultT failed_job(const std::string& job, const Error& error);

}  // namespace automodel::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::actors::KnowAgent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::actors::Committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::actors::NewSlot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::actors::JobViews)
