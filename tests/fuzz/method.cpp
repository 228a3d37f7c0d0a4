// Whatever the card is: problems with their places in it, or a script within its limits; never a crash, never
// a wait.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "papers/compile.hpp"

using namespace automodel;
using namespace automodel::papers;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto card = compile_card("card.md", std::string(reinterpret_cast<const char*>(data), size));
  const auto& source = card.method.card.source;
  for (const auto& problem : card.problems) {
    require(!problem.code.empty() && !problem.message.empty() && problem.span.begin <= problem.span.end);
    require(describe(problem, source).find('^') != std::string::npos);
  }
  const InputCounts inputs{6, 4, 2, 100};
  ScriptLimits limits;
  limits.parameters = 1'000'000;
  limits.axes = 10'000;
  const auto script = script_for(card, inputs, limits);
  if (!script) {
    require(!script.error().code.empty() && to_string(script.error()).find('\n') == std::string::npos);
    return 0;
  }
  require(card.problems.empty() && script->text.ends_with("\n"));
  for (const auto& parameter : script->parameters) {
    for (const auto entries : parameter.shape) require(entries > 0 && entries <= limits.parameters);
  }
  (void)stated_parameter_count(card, inputs);
  return 0;
}
