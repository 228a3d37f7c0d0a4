#include "papers/report.hpp"

#include <sstream>

namespace automodel::papers {
namespace {

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t out = 1;
  for (const auto size : shape) out *= size;
  return out;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "" : " × ") + std::to_string(size);
  return out.empty() ? "1" : out;
}

std::int64_t rows_of(const ScriptLookUp& look_up, const InputCounts& inputs) {
  if (look_up.owner == Owner::user) return inputs.users;
  if (look_up.owner == Owner::item) return inputs.items;
  return look_up.categorical_only ? inputs.values - inputs.dense_features : inputs.values;
}

struct WeightRow {
  std::string name, shape, init;
};

std::vector<WeightRow> weights(const Script& script, const InputCounts& inputs) {
  std::vector<WeightRow> out;
  for (const auto& look_up : script.look_ups) {
    const char* each = look_up.owner == Owner::user ? ", one for each user" : look_up.owner == Owner::item ? ", one for each item" : ", one for each value";
    out.push_back({look_up.name + each, shape_text({rows_of(look_up, inputs), product(look_up.shape)}), look_up.init});
  }
  for (const auto& parameter : script.parameters) out.push_back({parameter.name, shape_text(parameter.shape), parameter.init});
  return out;
}

std::string summary(const CompiledCard& card, const Script& script, const InputCounts& inputs) {
  const auto& head = card.method.card.head;
  std::string settings;
  for (const auto& [name, value] : card.settings) settings += (settings.empty() ? "" : ", ") + name + " = " + value;
  return "Compiled for " + sources_text(script, inputs) + (settings.empty() ? "" : " and " + settings) + ": " +
         std::to_string(parameter_count(script, inputs)) + " parameters." +
         (head.source.empty() ? "" : " Source: " + head.source + ".");
}

std::string title(const CompiledCard& card) {
  const auto& head = card.method.card.head;
  return head.title.empty() ? head.method : head.title;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::string sources_text(const Script& script, const InputCounts& inputs) {
  std::string sources;
  if (script.sources.fields) {
    sources = std::to_string(inputs.fields) + " fields (" + std::to_string(inputs.dense_features) + " of them dense) with " +
              std::to_string(inputs.values) + " values";
  }
  const auto add = [&](bool is_read, const std::string& what) {
    if (is_read) sources += (sources.empty() ? "" : ", ") + what;
  };
  add(script.sources.users, std::to_string(inputs.users) + " users");
  add(script.sources.items, std::to_string(inputs.items) + " items");
  add(script.sources.history > 0, "histories of up to " + std::to_string(script.sources.history));
  return sources;
}

std::int64_t parameter_count(const Script& script, const InputCounts& inputs) {
  std::int64_t out = 0;
  for (const auto& look_up : script.look_ups) out += rows_of(look_up, inputs) * product(look_up.shape);
  for (const auto& parameter : script.parameters) out += product(parameter.shape);
  return out;
}

std::string markdown_report(const CompiledCard& card, const Script& script, const InputCounts& inputs) {
  std::ostringstream out;
  out << "# " << title(card) << "\n\n" << summary(card, script, inputs) << "\n\n## Equations and their code\n";
  for (const auto& equation : script.equations) {
    out << "\nLine " << equation.line << ":\n\n$$ " << equation.latex << " $$\n\n```python\n" << equation.code << "\n```\n";
  }
  out << "\n## Weights\n\n| weight | shape | begins as |\n|---|---|---|\n";
  for (const auto& row : weights(script, inputs)) out << "| " << row.name << " | " << row.shape << " | " << row.init << " |\n";
  out << "\n## The whole script\n\n```python\n" << script.text << "```\n";
  return out.str();
}

std::string html_report(const CompiledCard& card, const Script& script, const InputCounts& inputs) {
  std::ostringstream out;
  out << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" << escaped(title(card)) << "</title>\n<style>\n"
      << "body { font: 15px/1.5 sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em; }\n"
      << "table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .4em .6em; text-align: left; vertical-align: top; }\n"
      << "code, pre { font: 13px/1.45 monospace; white-space: pre-wrap; } pre { background: #f5f5f5; padding: 1em; }\n"
      << "</style></head><body>\n<h1>" << escaped(title(card)) << "</h1>\n<p>" << escaped(summary(card, script, inputs))
      << "</p>\n<h2>Equations and their code</h2>\n<table><tr><th>line</th><th>equation</th><th>code</th></tr>\n";
  for (const auto& equation : script.equations) {
    out << "<tr><td>" << equation.line << "</td><td><code>" << escaped(equation.latex) << "</code></td><td><code>"
        << escaped(equation.code) << "</code></td></tr>\n";
  }
  out << "</table>\n<h2>Weights</h2>\n<table><tr><th>weight</th><th>shape</th><th>begins as</th></tr>\n";
  for (const auto& row : weights(script, inputs)) {
    out << "<tr><td>" << escaped(row.name) << "</td><td>" << row.shape << "</td><td>" << escaped(row.init) << "</td></tr>\n";
  }
  out << "</table>\n<h2>The whole script</h2>\n<pre>" << escaped(script.text) << "</pre>\n</body></html>\n";
  return out.str();
}

}  // namespace automodel::papers
