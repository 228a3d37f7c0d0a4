#include "actors/runtime/messages.hpp"

namespace automodel::actors {

bool is_transient(const events::ReplyT& reply) {
  if (reply.accepted || !reply.failure) return false;
  const auto& code = reply.failure->code;
  return code.starts_with("storage.") || code.starts_with("runtime.") || code == "cluster.unreachable" ||
         code == "cluster.busy" || code == "cluster.stash_full";
}

events::ReplyT refusal(const Error& error) {
  events::ReplyT reply;
  reply.failure = std::make_unique<events::FailureT>();
  reply.failure->code = error.code;
  reply.failure->message = error.message;
  reply.failure->where = error.where;
  reply.failure->hint = error.hint;
  return reply;
}

events::JobResultT failed_job(const std::string& job, const Error& error) {
  events::JobResultT result;
  result.job = job;
  result.failure = std::make_unique<events::FailureT>();
  result.failure->code = error.code;
  result.failure->message = error.message;
  result.failure->where = error.where;
  result.failure->hint = error.hint;
  return result;
}

}  // namespace automodel::actors
