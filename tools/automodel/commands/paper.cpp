// automodel paper list | show NAME | compile FILE|NAME; the rest is in paper_add.cpp
#include <iostream>

#include "papers/checks.hpp"
#include "papers/library.hpp"
#include "papers/report.hpp"
#include "recsys/data/split.hpp"
#include "recsys/features/feature.hpp"
#include "recsys/models/method.hpp"
#include "tools/automodel/added_cards.hpp"
#include "tools/automodel/commands/paper.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

struct Options {
  std::string card, emit = "summary", data;
  std::vector<std::string> settings, definitions;
  std::uint32_t singles = 8, bags = 1, denses = 1, values = 100;
  std::uint64_t seed = 1;
  bool html = false, check = false;
};

json as_json(const papers::Head& head) {
  return {{"method", head.method},
          {"task", head.task},
          {"loss", head.loss.empty() ? "logloss" : head.loss},
          {"negatives", head.negatives.value_or(0)},
          {"title", head.title},
          {"source", head.source}};
}

Result<int> list(const Program& program) {
  auto added = added_methods(program.settings);
  if (!added) return fail(added.error());
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  std::vector<std::vector<std::string>> rows = {{"method", "task", "title", "source"}};
  const auto tell = [&](const papers::Head& head, const json& more) {
    rows.push_back({head.method, head.task, head.title, head.source});
    auto object = as_json(head);
    object.update(more);
    if (program.json) print_json(object);
  };
  for (const auto& entry : papers::library())
    tell(papers::read_card(std::string(entry.name), std::string(entry.text)).card.head, json::object());
  for (const auto& method : *added)
    tell(papers::read_family(method.method, method.card, papers::relatives_of(method.method, *cards)).card.head,
         {{"parent", method.parent}, {"change", method.change}, {"trials", method.trials}});
  for (const auto& method : recsys::methods()) {  // no equations to train: counted or solved
    if (method.trained_by_gradient) continue;
    rows.push_back({method.name, "counted", method.title, method.source});
    if (program.json)
      print_json({{"method", method.name}, {"task", "counted"}, {"title", method.title}, {"source", method.source}});
  }
  if (!program.json) std::cout << table_text(rows);
  return 0;
}

Result<int> show(const Program& program, const std::string& name) {
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  auto text = papers::card_text(name, *cards);
  if (!text) return fail(text.error());
  if (program.json)
    print_json({{"method", name}, {"card", *text}});
  else
    std::cout << *text;
  return 0;
}

Result<std::map<std::string, std::string>> pairs(const std::vector<std::string>& texts,
                                                 const std::string& option) {
  std::map<std::string, std::string> out;
  const auto trimmed = [](std::string text) {
    text.erase(0, text.find_first_not_of(' '));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const auto name = trimmed(text.substr(0, equals));
    if (equals == std::string::npos || name.empty())
      return fail("usage.set", "'" + text + "' is not NAME=VALUE", option, "for example " + option + " k=16");
    out[name] = trimmed(text.substr(equals + 1));
  }
  return out;
}

/// The fields of a data set as training would choose them, or made-up ones.
Result<recsys::InputSpec> inputs_of(const Program& program, const Options& options,
                                    const recsys::Sources& sources) {
  if (options.data.empty()) {
    const bool fields = sources.fields;
    return recsys::made_up_inputs(fields ? options.singles : 0, fields ? options.bags : 0,
                                  fields ? options.denses : 0, options.values, 3, sources);
  }
  auto data = open_or_import(program.settings.data_dir, options.data, [](const recsys::ImportReport& report) {
    std::cerr << "imported " << report.name << " from " << report.format << '\n';
  });
  if (!data) return fail(data.error());
  auto labels = recsys::labels(*data, program.settings.label);
  if (!labels) return fail(labels.error());
  auto split = recsys::split(*data, recsys::SplitKind::random, {0.8, 0.1, 0.1}, options.seed);
  if (!split) return fail(split.error());
  auto features = recsys::FeatureEngine::create(*data, *labels, {}, split->train);
  if (!features) return fail(features.error());
  auto encoder = recsys::InputEncoder::fit(*data, *features, program.settings.label, split->train, sources);
  if (!encoder) return fail(encoder.error());
  return encoder->spec();
}

json questions_of(const papers::CompiledCard& card) {
  auto out = json::array();
  for (const auto& problem : card.problems)
    out.push_back({{"line", card.method.card.source.line(problem.span.begin)},
                   {"text", problem.message},
                   {"candidates", problem.candidates}});
  return out;
}

json as_json(const papers::CompiledCard& card, const papers::Script& script, const papers::InputCounts& counts) {
  json out{{"method", card.method.card.head.method},
           {"parameter_count", papers::parameter_count(script, counts)},
           {"settings", card.settings},
           {"inputs",
            {{"fields", counts.fields},
             {"dense_features", counts.dense_features},
             {"values", counts.values},
             {"users", counts.users},
             {"items", counts.items},
             {"history", script.sources.history}}},
           {"loss", script.loss},
           {"negatives", script.negatives},
           {"parameters", json::array()},
           {"look_ups", json::array()},
           {"equations", json::array()},
           {"questions", questions_of(card)},
           {"script", script.text}};
  for (const auto& parameter : script.parameters)
    out["parameters"].push_back({{"name", parameter.name}, {"shape", parameter.shape}, {"init", parameter.init}});
  for (const auto& look_up : script.look_ups)
    out["look_ups"].push_back({{"name", look_up.name}, {"shape", look_up.shape}, {"init", look_up.init}});
  for (const auto& equation : script.equations)
    out["equations"].push_back({{"line", equation.line}, {"latex", equation.latex}, {"code", equation.code}});
  return out;
}

/// "trained by softmax over all items"
std::string loss_text(const papers::Script& script) {
  if (script.negatives > 0)
    return "trained by " + script.loss + " against " + std::to_string(script.negatives) +
           " sampled items for each chosen one";
  return "trained by " + script.loss + (script.loss == "softmax" ? " over all items" : "");
}

void print_check(const papers::CardReport& report) {
  std::cout << "checked: the program and the equations differ by at most " << report.disagreement << " over "
            << report.shapes << " shapes; " << grouped(static_cast<std::uint64_t>(report.parameters)) << " parameters"
            << (report.stated ? ", as the card states" : "") << "; gradients are right to "
            << report.program.gradient_error << "; 256 random rows learnt by heart in " << report.program.steps
            << " steps\n";
  for (const auto& name : report.program.without_gradient)
    std::cout << "warning: the answer does not depend on " << name << '\n';
}

Result<int> compile(const Program& program, const Options& options) {
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  auto text = papers::card_text(options.card, *cards);
  if (!text) return fail(text.error());
  auto settings = pairs(options.settings, "--set");
  if (!settings) return fail(settings.error());
  auto definitions = pairs(options.definitions, "--define");
  if (!definitions) return fail(definitions.error());
  const papers::CompileRequest request{*settings, *definitions};
  const auto card = papers::compile_card(options.card, *text, request, papers::relatives_of(options.card, *cards));
  if (!card.problems.empty()) return print_problems(program, card);
  const auto sources = papers::sources_of(card);
  if (!sources) return fail(sources.error());
  auto inputs = inputs_of(program, options, *sources);
  if (!inputs) return fail(inputs.error());
  const auto counts = papers::counts_of(*inputs);
  auto script = papers::script_for(card, counts);
  if (!script) return fail(script.error());
  std::optional<papers::CardReport> report;
  if (options.check) {
    auto checked = papers::check_card(options.card, *text, request, *inputs, options.seed, *cards);
    if (!checked) return fail(checked.error());
    report = std::move(*checked);
  }
  if (program.json || options.emit == "json") {
    auto out = as_json(card, *script, counts);
    if (report)
      out["check"] = {{"disagreement", report->disagreement},
                      {"shapes", report->shapes},
                      {"gradient_error", report->program.gradient_error},
                      {"steps_to_overfit", report->program.steps}};
    print_json(out);
    return 0;
  }
  if (options.emit == "torchscript") {
    std::cout << script->text;
  } else if (options.emit == "report" || options.html) {
    std::cout << (options.html ? papers::html_report(card, *script, counts)
                               : papers::markdown_report(card, *script, counts));
  } else {
    for (const auto& equation : script->equations)
      std::cout << "line " << equation.line << ":  " << equation.latex << "\n    " << equation.code << "\n";
    std::cout << grouped(static_cast<std::uint64_t>(papers::parameter_count(*script, counts))) << " parameters for "
              << papers::sources_text(*script, counts) << "; " << loss_text(*script) << '\n';
  }
  if (report) print_check(*report);
  return 0;
}

void add_compile(CLI::App& all, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      all, program, "compile", "show what a method card means: equations, code, weights",
      "  automodel paper compile deepfm\n"
      "  automodel paper compile my-method.md --data movielens --check\n"
      "  automodel paper compile my-method.md --define 'd = 16' --emit torchscript\n"
      "  automodel paper compile xdeepfm --set k=16 --emit report --html > xdeepfm.html\n\n"
      "Without --data the card is compiled for made-up fields. What a card leaves open is asked, with its\n"
      "line, and the exit status is 1.",
      [&program, options] { return compile(program, *options); });
  command->add_option("card", options->card, "a file (*.md), or a method of the library")->required();
  command->add_option("--emit", options->emit, "summary, torchscript, report, json")
      ->capture_default_str()
      ->check(CLI::IsMember({"summary", "torchscript", "report", "json"}));
  command->add_flag("--html", options->html, "the report as HTML instead of Markdown");
  command->add_flag("--check", options->check,
                    "compare the code with the equations, check its gradients, learn 256 rows by heart");
  command->add_option("--set", options->settings, "a hyper-parameter, NAME=VALUE; may be repeated");
  command->add_option("--define", options->definitions, "a size that the card leaves open; may be repeated");
  command->add_option("--data", options->data, "take the fields of this data set");
  command->add_option("--label", program.settings.label, "with --data: what makes a row positive")
      ->capture_default_str();
  const auto number = [&](const char* name, std::uint32_t& value, const char* meaning, std::uint32_t most) {
    command->add_option(name, value, meaning)->capture_default_str()->check(CLI::Range(0U, most));
  };
  number("--singles", options->singles, "without --data: fields with one value a row", 1000);
  number("--bags", options->bags, "without --data: fields with several values a row", 100);
  number("--denses", options->denses, "without --data: fields that are numbers", 1000);
  number("--values", options->values, "without --data: values of a field", 1U << 20U);
  command->add_option("--seed", options->seed, "of --check")->capture_default_str();
}

}  // namespace

int print_problems(const Program& program, const papers::CompiledCard& card) {
  const auto& source = card.method.card.source;
  const auto error = papers::as_error(card.problems, source);
  if (program.json) {
    print_json({{"error",
                 {{"code", error.code}, {"message", error.message}, {"where", error.where}, {"hint", error.hint}}},
                {"questions", questions_of(card)}});
  } else {
    for (const auto& problem : card.problems) std::cerr << papers::describe(problem, source) << '\n';
  }
  return 1;
}

void add_paper(CLI::App& app, Program& program) {
  CLI::App* all = add_command(app, program, "paper", "methods as equations: list, show, compile them",
                              "  automodel paper list\n"
                              "  automodel paper show dcnv2\n"
                              "  automodel paper compile dcnv2 --check\n"
                              "  automodel paper add my-method.md",
                              {});
  add_command(*all, program, "list", "the methods of the library, those that were added to the store, and those without a card", "  automodel paper list --json",
              [&program] { return list(program); });
  auto name = std::make_shared<std::string>();
  add_command(*all, program, "show", "a method's card", "  automodel paper show deepfm > mine.md",
              [&program, name] { return show(program, *name); })
      ->add_option("card", *name, "a file (*.md), or a method of the library")
      ->required();
  add_compile(*all, program);
  add_paper_cards(*all, program);
}

}  // namespace automodel::tools
