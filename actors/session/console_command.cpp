#include "actors/session/console_command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "actors/session/goal_text.hpp"
#include "actors/session/protocol.hpp"
#include "actors/session/suggest.hpp"

namespace automodel::actors {
namespace {

struct CommandInfo {
  std::string name;
  std::string arguments;
  std::string meaning;
  std::string example;
  std::vector<std::string> flags;
};

const std::vector<CommandInfo>& commands() {
  static const std::vector<std::string> goal_flags = {
      "--data",       "--metric",         "--budget",       "--label", "--split",    "--ratios",
      "--max-trials", "--max-latency-ms", "--max-model-mb", "--seed",  "--parallel", "--ask"};
  static const std::vector<CommandInfo> all = {
      {"goal",
       "--data NAME [--metric M] [--budget T] [--label E] [--split S] [--ratios R] [--max-trials N] "
       "[--max-latency-ms X] [--max-model-mb X] [--seed N] [--parallel N] [--ask]",
       "give the node a goal; it begins at once",
       "goal --data movielens --metric auc --budget 10m --max-latency-ms 5", goal_flags},
      {"start",
       "DATA [METRIC] [BUDGET]",
       "a goal in short, everything else at its default",
       "start movielens auc 3m",
       {}},
      {"pause", "[GOAL]", "stop after the open epochs, keep everything", "pause", {}},
      {"resume", "[GOAL]", "go on with a paused goal", "resume goal-1", {}},
      {"stop", "[GOAL] [REASON]", "end a goal now, with its report", "stop goal-1 good enough", {}},
      {"status", "", "goals, budget, champion, what runs", "status", {}},
      {"agents", "", "what each agent does", "agents", {}},
      {"nodes", "", "the nodes of the cluster, and the jobs that run there", "nodes", {}},
      {"migrate",
       "AGENT NODE",
       "move an agent of the node that you talk to, with its work, to another node",
       "migrate autotrain/main b",
       {}},
      {"proposals", "", "what the agents offer, and what waits for a person", "proposals", {}},
      {"approve",
       "PROPOSAL",
       "let a waiting proposal go on (goals with --ask)",
       "approve autotrain/c3/1",
       {}},
      {"veto",
       "PROPOSAL [REASON]",
       "refuse a waiting proposal",
       "veto autofeature/c2/4 not allowed to use gender",
       {}},
      {"rollback", "[GOAL] [REASON]", "serve the champion before", "rollback", {}},
      {"memory",
       "[TOPIC] [WORDS]",
       "what is remembered: features, trials, models, decisions, negative …",
       "memory features",
       {}},
      {"explain",
       "ID",
       "why: decisions, evidence and outcomes behind a champion, trial, feature …",
       "explain champion",
       {}},
      {"recommend", "USER [K]", "the best items for a user", "recommend 42 10", {}},
      {"events",
       "[--follow] [--stream S] [--kind K] [--correlation C] [--since T] [--until T] [--from N] [--limit N]",
       "the history",
       "events --correlation goal-1 --kind DecisionMade --since 2026-11-23T14:05",
       {"--follow", "--stream", "--kind", "--correlation", "--since", "--until", "--from", "--limit"}},
      {"help", "[COMMAND]", "this list, or one command", "help goal", {}},
      {"quit", "", "leave", "quit", {}},
  };
  return all;
}

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    for (const auto& command : commands()) list.push_back(command.name);
    return list;
  }();
  return all;
}

const CommandInfo* find(std::string_view name) {
  const auto& all = commands();
  const auto at = std::ranges::find(all, name, &CommandInfo::name);
  return at == all.end() ? nullptr : &*at;
}

auto unknown(const std::string& word) {
  return fail("console.unknown_command", "no command is called '" + word.substr(0, 64) + "'", {},
              nearest(word, names()).empty() ? "help lists them" : suggestion(word, names()));
}

auto wrong(const CommandInfo& command, std::string message) {
  return fail("usage.arguments", std::move(message), command.name,
              "usage: " + command.name + (command.arguments.empty() ? "" : " " + command.arguments));
}

template <class T>
Result<T> number(const CommandInfo& command, const std::string& what, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return wrong(command, what + " must be a number, not '" + text + "'");
  return value;
}

using Words = std::vector<std::string>;  // arguments, without the command itself

struct Flags {
  std::map<std::string, std::string> values;
  Words rest;
};

/// "--flag value", "--flag=value", and flags without a value.
Result<Flags> flags_of(const CommandInfo& command, const Words& words,
                       const std::vector<std::string>& switches) {
  Flags found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      found.rest.push_back(words[i]);
      continue;
    }
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (std::ranges::find(command.flags, name) == command.flags.end())
      return fail("usage.unknown_flag", "'" + command.name + "' has no " + name.substr(0, 64), {},
                  suggestion(name, command.flags));
    const bool is_switch = std::ranges::find(switches, name) != switches.end();
    if (is_switch && equals != std::string::npos) return wrong(command, name + " takes no value");
    if (!is_switch && equals == std::string::npos && i + 1 == words.size())
      return wrong(command, name + " needs a value");
    const std::string value = is_switch                     ? "yes"
                              : equals != std::string::npos ? words[i].substr(equals + 1)
                                                            : words[++i];
    if (!found.values.emplace(name, value).second) return wrong(command, name + " is given twice");
  }
  return found;
}

template <class T>
events::CommandT command_of(T body) {
  events::CommandT command;
  command.body.Set(std::move(body));
  return command;
}

std::string joined(const Words& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i == from ? "" : " ") + words[i];
  return text;
}

Result<ConsoleRequest> submit(const GoalText& text) {
  auto goal = goal_from_text(text);
  if (!goal) return fail(goal.error());
  events::SubmitGoalT body;
  body.goal = std::make_unique<events::GoalT>(std::move(*goal));
  return command_of(std::move(body));
}

Result<ConsoleRequest> parse_goal(const CommandInfo& info, const Words& words) {
  auto flags = flags_of(info, words, {"--ask"});
  if (!flags) return fail(flags.error());
  if (!flags->rest.empty()) return wrong(info, "'" + flags->rest[0] + "' belongs to no flag");
  GoalText text;
  Result<void> fine;
  const auto set = [&](const char* name, auto& target) {
    const auto at = flags->values.find(name);
    if (at == flags->values.end() || !fine) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(target)>, std::string>) {
      target = at->second;
    } else if (auto value = number<std::decay_t<decltype(target)>>(info, name, at->second)) {
      target = *value;
    } else {
      fine = fail(value.error());
    }
  };
  set("--data", text.data);
  set("--metric", text.metric);
  set("--budget", text.budget);
  set("--label", text.label);
  set("--split", text.split);
  set("--ratios", text.ratios);
  set("--max-trials", text.max_trials);
  set("--max-latency-ms", text.max_latency_ms);
  set("--max-model-mb", text.max_model_mb);
  set("--seed", text.seed);
  set("--parallel", text.parallel);
  text.ask = flags->values.contains("--ask");
  if (!fine) return fail(fine.error());
  return submit(text);
}

Result<ConsoleRequest> parse_start(const CommandInfo& info, const Words& words) {
  if (words.empty() || words.size() > 3) return wrong(info, "one to three arguments");
  GoalText text;
  text.data = words[0];
  if (words.size() > 1) text.metric = words[1];
  if (words.size() > 2) text.budget = words[2];
  return submit(text);
}

/// pause, resume, stop and rollback: an optional goal, then an optional reason.
template <class T>
Result<ConsoleRequest> parse_goal_order(const CommandInfo& info, const Words& words, bool reason) {
  T body;
  const bool named = !words.empty() && words[0].starts_with("goal-");
  if (named) body.goal = words[0];
  const std::size_t rest = named ? 1 : 0;
  if (!reason && words.size() > rest) return wrong(info, "'" + words[rest] + "' is no goal");
  if constexpr (requires { body.reason; }) body.reason = joined(words, rest);
  return command_of(std::move(body));
}

Result<ConsoleRequest> parse_migrate(const CommandInfo& info, const Words& words) {
  if (words.size() != 2) return wrong(info, "which agent, and to which node?");
  events::MigrateAgentT body;
  body.agent = words[0];
  body.node = words[1];
  return command_of(std::move(body));
}

Result<ConsoleRequest> parse_events(const CommandInfo& info, const Words& words) {
  auto flags = flags_of(info, words, {"--follow"});
  if (!flags) return fail(flags.error());
  if (!flags->rest.empty()) return wrong(info, "'" + flags->rest[0] + "' belongs to no flag");
  ShowEvents show;
  show.follow = flags->values.contains("--follow");
  show.read.limit = show.follow ? max_page : 100;
  show.read.from = show.follow ? 0 : 1;  // 0: from now on
  show.read.stream = flags->values["--stream"];
  show.read.kind = flags->values["--kind"];
  show.read.correlation = flags->values["--correlation"];
  show.read.since = flags->values["--since"];
  show.read.until = flags->values["--until"];
  if (!show.read.kind.empty())
    if (auto kind = events::kind_from_name(show.read.kind); !kind) return fail(kind.error());
  if (const auto& text = flags->values["--from"]; !text.empty()) {
    auto value = number<std::uint64_t>(info, "--from", text);
    if (!value) return fail(value.error());
    show.read.from = *value;
  }
  if (const auto& text = flags->values["--limit"]; !text.empty()) {
    auto value = number<std::uint32_t>(info, "--limit", text);
    if (!value) return fail(value.error());
    if (*value == 0 || *value > max_page)
      return wrong(info, "--limit is from 1 to " + std::to_string(max_page));
    show.read.limit = *value;
  }
  return ConsoleRequest(std::move(show));
}

Result<ConsoleRequest> parse_recommend(const CommandInfo& info, const Words& words) {
  if (words.empty() || words.size() > 2) return wrong(info, "a user, and perhaps how many");
  events::RecommendT wish;
  wish.user = words[0];
  wish.k = 10;
  if (words.size() == 2) {
    auto k = number<std::uint32_t>(info, "K", words[1]);
    if (!k) return fail(k.error());
    if (*k == 0 || *k > 1000) return wrong(info, "K is from 1 to 1000");
    wish.k = *k;
  }
  return ConsoleRequest(std::move(wish));
}

Result<ConsoleRequest> parse_question(const CommandInfo& info, const Words& words) {
  const bool takes_arguments = !info.arguments.empty();
  if (!takes_arguments && !words.empty()) return wrong(info, "no arguments are known");
  if (info.name == "explain" && words.size() != 1) return wrong(info, "one id");
  events::QuestionT question;
  question.topic = info.name;
  question.arguments = words;
  return ConsoleRequest(std::move(question));
}

Result<ConsoleRequest> parse_words(const CommandInfo& info, const Words& words) {
  const std::string& name = info.name;
  if (name == "goal") return parse_goal(info, words);
  if (name == "start") return parse_start(info, words);
  if (name == "pause") return parse_goal_order<events::PauseGoalT>(info, words, false);
  if (name == "resume") return parse_goal_order<events::ResumeGoalT>(info, words, false);
  if (name == "stop") return parse_goal_order<events::StopGoalT>(info, words, true);
  if (name == "migrate") return parse_migrate(info, words);
  if (name == "rollback") return parse_goal_order<events::RollBackT>(info, words, true);
  if (name == "events") return parse_events(info, words);
  if (name == "recommend") return parse_recommend(info, words);
  if (name == "approve" || name == "veto") {
    if (words.empty() || (name == "approve" && words.size() > 1)) return wrong(info, "which proposal?");
    if (name == "approve") {
      events::ApproveProposalT body;
      body.proposal = words[0];
      return command_of(std::move(body));
    }
    events::VetoProposalT body;
    body.proposal = words[0];
    body.reason = joined(words, 1);
    return command_of(std::move(body));
  }
  if (name == "help") {
    if (words.size() > 1) return wrong(info, "one command at a time");
    return ConsoleRequest(ShowHelp{words.empty() ? "" : words[0]});
  }
  if (name == "quit") return ConsoleRequest(Quit{});
  return parse_question(info, words);
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
      open = true;
    } else if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (open) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (quote != 0) return fail("usage.open_quote", std::string("a quote ") + quote + " that is not closed");
  if (open) words.push_back(std::move(word));
  return words;
}

Result<ConsoleRequest> parse_console_command(std::string_view line) {
  if (line.size() > 4096)
    return fail("usage.too_long", "a line of " + std::to_string(line.size()) + " bytes");
  if (const auto start = line.find_first_not_of(" \t\r\n");
      start == std::string_view::npos || line[start] == '#')
    return ConsoleRequest(Nothing{});
  auto words = split_words(line);
  if (!words) return fail(words.error());
  const CommandInfo* info = find((*words)[0] == "exit" ? "quit" : (*words)[0]);
  if (!info) return unknown((*words)[0]);
  return parse_words(*info, Words(words->begin() + 1, words->end()));
}

std::vector<std::string> complete_console_command(std::string_view line) {
  const std::size_t space = line.rfind(' ');
  const std::string head(space == std::string_view::npos ? "" : line.substr(0, space + 1));
  const std::string_view last = space == std::string_view::npos ? line : line.substr(space + 1);
  const auto first_end = line.find(' ');
  std::vector<std::string> candidates;
  if (first_end == std::string_view::npos) {
    candidates = names();
  } else if (const CommandInfo* info = find(line.substr(0, first_end))) {
    if (head.ends_with("--metric "))
      candidates = goal_metrics();
    else if (info->name == "help")
      candidates = names();
    else
      candidates = info->flags;
  }
  std::vector<std::string> lines;
  for (const std::string& candidate : candidates)
    if (candidate.starts_with(last)) lines.push_back(head + candidate);
  return lines;
}

Result<std::string> console_help(const std::string& topic) {
  std::string text;
  if (topic.empty()) {
    for (const auto& command : commands()) {
      text += command.name;
      text.append(command.name.size() < 12 ? 12 - command.name.size() : 1, ' ');
      text += command.meaning + "\n";
    }
    return text + "help COMMAND shows its arguments and an example.";
  }
  const CommandInfo* info = find(topic);
  if (!info) return unknown(topic);
  text = info->name + (info->arguments.empty() ? "" : " " + info->arguments) + "\n  " + info->meaning;
  return text + "\n  example: " + info->example;
}

}  // namespace automodel::actors
