// What a store is, in the plainest terms: maps in memory. The differential test compares the two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "storage/event_store.hpp"

namespace automodel::storage::testing {

class Model {
 public:
  struct Event {
    std::string stream, content;
    std::uint64_t version, epoch;
  };
  struct Answer {
    std::string code;   // of the error; empty: it held
    std::uint64_t first = 0, last = 0, version = 0;
    bool repeated = false;
    std::string reply;
  };

  Answer append(const AppendRequest& request, const std::vector<std::string>& contents) {
    const auto named = std::tuple(request.stream, request.sender, request.number);
    if (!request.sender.empty())
      if (const auto known = commands_.find(named); known != commands_.end()) {
        Answer again = known->second;
        again.repeated = true;
        return again;
      }
    Stream& stream = streams_[request.stream];
    if (request.epoch < stream.epoch) return refused("storage.fenced");
    const std::uint64_t at = stream.events.size();
    using Kind = Expected::Kind;
    const bool holds = request.expected.kind == Kind::any ||
                       (request.expected.kind == Kind::none && at == 0) ||
                       (request.expected.kind == Kind::exists && at > 0) ||
                       (request.expected.kind == Kind::exactly && at == request.expected.version);
    if (!holds) return refused("storage.version_conflict");
    Answer answer;
    answer.reply.assign(request.reply.begin(), request.reply.end());
    if (!contents.empty()) {
      stream.epoch = request.epoch;
      answer.first = all.size() + 1;
    }
    for (const auto& content : contents) {
      stream.events.push_back(all.size());
      all.push_back({request.stream, content, stream.events.size(), request.epoch});
    }
    answer.last = contents.empty() ? 0 : all.size();
    answer.version = stream.events.size();
    for (const auto& message : request.outbox) stream.outbox[next_message_++] = message.command->number;
    if (!request.sender.empty()) commands_[named] = answer;
    return answer;
  }

  std::string raise_epoch(const std::string& name, std::uint64_t epoch) {
    Stream& stream = streams_[name];
    if (epoch < stream.epoch) return "storage.fenced";
    stream.epoch = epoch;
    return {};
  }
  std::uint64_t epoch(const std::string& name) const { return find(name).epoch; }
  std::uint64_t version(const std::string& name) const { return find(name).events.size(); }
  const std::map<std::uint64_t, std::uint64_t>& outbox(const std::string& name) const {
    return find(name).outbox;
  }
  void acknowledge(const std::string& name, std::uint64_t id) { streams_[name].outbox.erase(id); }
  void save_snapshot(const std::string& name, Snapshot snapshot) {
    streams_[name].snapshot = std::move(snapshot);
  }
  const std::optional<Snapshot>& snapshot(const std::string& name) const { return find(name).snapshot; }
  const Answer* reply(const std::string& stream, const std::string& sender, std::uint64_t number) const {
    const auto known = commands_.find(std::tuple(stream, sender, number));
    return known == commands_.end() ? nullptr : &known->second;
  }
  /// Positions in `all` of a stream's events.
  const std::vector<std::size_t>& events(const std::string& name) const { return find(name).events; }
  std::vector<std::string> streams() const {
    std::vector<std::string> names;
    for (const auto& [name, stream] : streams_)
      if (!stream.events.empty()) names.push_back(name);
    return names;
  }

  std::vector<Event> all;  // by sequence, from 1

 private:
  static Answer refused(const char* code) {
    Answer answer;
    answer.code = code;
    return answer;
  }
  struct Stream {
    std::vector<std::size_t> events;
    std::uint64_t epoch = 1;
    std::map<std::uint64_t, std::uint64_t> outbox;  // id to the command's number
    std::optional<Snapshot> snapshot;
  };
  const Stream& find(const std::string& name) const {
    static const Stream none;
    const auto found = streams_.find(name);
    return found == streams_.end() ? none : found->second;
  }

  std::map<std::string, Stream> streams_;
  std::map<std::tuple<std::string, std::string, std::uint64_t>, Answer> commands_;
  std::uint64_t next_message_ = 1;
};

}  // namespace automodel::storage::testing
