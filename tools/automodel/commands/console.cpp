// automodel console [--connect ENDPOINT] [-c COMMAND]...: a session with a running node.
#include <unistd.h>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "actors/session/client.hpp"
#include "actors/session/console_command.hpp"
#include "actors/session/duration.hpp"
#include "tools/automodel/answer_text.hpp"
#include "tools/automodel/event_text.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/line_editor.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {
namespace {

class Console {
 public:
  Console(actors::SessionClient client, bool json) : client_(std::move(client)), json_(json) {}

  /// True: go on. False: quit was asked for.
  Result<bool> execute(std::string_view line) {
    auto request = actors::parse_console_command(line);
    if (!request) return fail(request.error());
    if (std::holds_alternative<actors::Quit>(*request)) return false;
    auto done = std::visit([this](auto& wish) { return serve(wish); }, *request);
    std::cout.flush();
    if (!done) return fail(done.error());
    return true;
  }

 private:
  Result<void> serve(actors::Nothing&) { return {}; }
  Result<void> serve(actors::Quit&) { return {}; }

  Result<void> serve(actors::ShowHelp& wish) {
    auto text = actors::console_help(wish.topic);
    if (!text) return fail(text.error());
    if (json_)
      print_json({{"help", *text}});
    else
      std::cout << *text << '\n';
    return {};
  }

  Result<void> serve(events::CommandT& command) {
    auto reply = client_.submit(std::move(command));
    if (!reply) return fail(reply.error());
    if (json_)
      print_json({{"accepted", true}, {"subject", reply->subject}, {"version", reply->version}});
    else
      std::cout << "done" << (reply->subject.empty() ? "" : ": " + reply->subject) << '\n';
    return {};
  }

  Result<void> serve(events::QuestionT& question) {
    auto answer = client_.ask(question);
    if (!answer) return fail(answer.error());
    if (json_)
      std::cout << *answer << '\n';
    else
      std::cout << answer_text(question.topic, *answer);
    return {};
  }

  Result<void> serve(events::RecommendT& wish) {
    auto items = client_.recommend(wish);
    if (!items) return fail(items.error());
    if (!json_) {
      std::cout << recommendations_text(*items);
      return {};
    }
    nlohmann::json list = nlohmann::json::array();
    for (const auto& item : items->items)
      if (item)
        list.push_back({{"item", item->item},
                        {"title", item->title},
                        {"score", item->score},
                        {"place_by_score", item->place},
                        {"from", item->from}});
    print_json({{"user", items->user}, {"model", items->model}, {"items", list}});
    return {};
  }

  Result<void> serve(actors::ShowEvents& wish) {
    Interrupt interrupt;
    std::uint32_t left = wish.read.limit;
    for (;;) {
      auto page = client_.read_events(wish.read);
      if (!page) return fail(page.error());
      for (const auto& record : page->records) {
        if (!record) continue;
        auto event = events::decode_envelope(record->bytes);
        if (!event) return fail(event.error());
        std::cout << (json_ ? events::to_json(*event) : event_line(*event)) << '\n';
        if (!wish.follow && --left == 0) return {};
      }
      std::cout.flush();
      const bool at_end = page->next == wish.read.from;
      wish.read.from = page->next;
      if (!wish.follow && at_end) return {};
      if (interrupt.count() > 0 || !std::cout.good()) return {};
      if (at_end) std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
  }

  actors::SessionClient client_;
  bool json_;
};

struct Options {
  std::vector<std::string> commands;
};

/// Commands one after the other; the first that fails ends it, as in a shell with `set -e`.
Result<int> run_all(Console& console, const std::vector<std::string>& commands) {
  for (const std::string& command : commands) {
    auto more = console.execute(command);
    if (!more) return fail(more.error());
    if (!*more) break;
  }
  return 0;
}

Result<int> run_script(Console& console) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(std::cin, line); ++number) {
    auto more = console.execute(line);
    if (!more) {
      Error error = more.error();
      error.where = "line " + std::to_string(number) + (error.where.empty() ? "" : ": " + error.where);
      return fail(std::move(error));
    }
    if (!*more) break;
  }
  return 0;
}

events::QuestionT question_of(const std::string& topic) {
  events::QuestionT question;
  question.topic = topic;
  return question;
}

int talk(Console& console, const std::string& endpoint, bool json) {
  const char* home = std::getenv("HOME");
  LineEditor editor(home ? std::filesystem::path(home) / ".automodel_history" : std::filesystem::path{},
                    actors::complete_console_command);
  std::cout << "Connected to " << endpoint << ". help lists commands, quit or Ctrl-D leaves." << std::endl;
  while (auto line = editor.read("automodel> ")) {
    auto more = console.execute(*line);
    if (!more)
      print_error(more.error(), json);
    else if (!*more)
      break;
  }
  return 0;
}

Result<int> run(const Program& program, const Options& options) {
  auto timeout = actors::parse_duration(program.settings.timeout);
  if (!timeout) return fail(timeout.error());
  auto client = actors::SessionClient::connect(
      program.settings.endpoint, std::chrono::milliseconds(static_cast<std::int64_t>(*timeout * 500)));
  if (!client) return fail(client.error());
  client->on_waiting(std::chrono::seconds(2), [&] {
    std::cerr << "waiting for an answer from " << program.settings.endpoint << ", "
              << program.settings.timeout << " at most; Ctrl-C ends" << std::endl;
  });
  const bool interactive = options.commands.empty() && ::isatty(STDIN_FILENO);
  if (interactive)  // whoever types wants to know first whether anybody is there
    if (auto there = client->ask(question_of("status")); !there) return fail(there.error());
  Console console(std::move(*client), program.json);
  // A command that is refused failed; only the program's own command line can be wrong usage.
  auto done = !options.commands.empty() ? run_all(console, options.commands)
              : interactive             ? Result<int>(talk(console, program.settings.endpoint, program.json))
                                        : run_script(console);
  if (done) return done;
  print_error(done.error(), program.json);
  return 1;
}

}  // namespace

void add_console(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "console", "a session with a running node",
                                  "  automodel console\n"
                                  "  automodel console -c status -c 'memory features' --json\n"
                                  "  automodel console -c 'goal --data movielens --metric auc --budget 10m'\n"
                                  "  automodel console < commands.txt",
                                  [&program, options] { return run(program, *options); });
  command->add_option("--connect", program.settings.endpoint, "where the node listens")
      ->capture_default_str();
  command->add_option("--timeout", program.settings.timeout, "how long an answer is waited for")
      ->capture_default_str();
  command->add_option("-c,--command", options->commands, "a command; may be repeated")
      ->expected(1)
      ->take_all();
}

}  // namespace automodel::tools
