// What a line typed at the console asks for. Pure: text in, a message for the node out.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

/// `events`: pages of history; with `follow` until it is interrupted.
struct ShowEvents {
  events::ReadEventsT read;
  bool follow = false;
};
struct ShowHelp {
  std::string topic;  // a command, or empty
};
struct Quit {};
struct Nothing {};  // an empty line or a comment (#)

using ConsoleRequest = std::variant<Nothing, events::CommandT, events::QuestionT, events::RecommendT,
                                    ShowEvents, ShowHelp, Quit>;

/// Errors: console.unknown_command (with a suggestion), usage.* where a command's arguments are wrong.
Result<ConsoleRequest> parse_console_command(std::string_view line);

/// Splits at white space; 'single' and "double" quotes hold words together, \ takes the next character as it
/// is. Errors: usage.open_quote.
Result<std::vector<std::string>> split_words(std::string_view line);

/// Whole lines that `line` could go on as (commands, flags, metrics), in order; none where nothing fits.
std::vector<std::string> complete_console_command(std::string_view line);

/// All commands with one line each, or one command with its arguments and an example. Errors:
/// console.unknown_command.
Result<std::string> console_help(const std::string& topic);

}  // namespace automodel::actors
