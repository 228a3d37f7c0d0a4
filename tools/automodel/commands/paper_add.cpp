// automodel paper add FILE | changes NAME: cards besides the library's
#include <iostream>

#include "actors/session/client.hpp"
#include "papers/mutation.hpp"
#include "papers/report.hpp"
#include "tools/automodel/added_cards.hpp"
#include "tools/automodel/commands/paper.hpp"
#include "tools/automodel/node_access.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

/// How long the node that has the store may take to answer.
constexpr std::chrono::seconds patience{15};

/// By the agent itself, started for this; where a node has the store, through that node. Never by whatever else may answer at the
/// endpoint: the card would be in another store than the one that was named.
Result<events::ReplyT> give(const Program& program, events::CommandT command) {
  auto node = start_node(program);
  if (node) {
    command.sender = "paper/" + std::to_string((*node)->store().last_sequence());
    command.number = 1;
    auto reply = order(**node, "autotrain/main", command);
    (*node)->stop();
    return reply;
  }
  if (node.error().code != "storage.locked") return fail(node.error());
  auto client = actors::SessionClient::connect(program.settings.endpoint, patience);
  if (!client) return fail(client.error());
  return client->submit(std::move(command));
}

Result<int> add(const Program& program, const std::string& file) {
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  auto text = papers::card_text(file, *cards);
  if (!text) return fail(text.error());
  const auto compiled = papers::compile_card(file, *text, {}, papers::relatives_of(file, *cards));
  if (!compiled.problems.empty()) return print_problems(program, compiled);
  events::AddMethodT body;
  body.by = "a person";
  body.card = std::make_unique<events::CardT>();
  body.card->name = compiled.method.card.head.method;
  body.card->text = *text;
  events::CommandT command;
  command.body.Set(std::move(body));
  auto reply = give(program, std::move(command));
  if (!reply) return fail(reply.error());
  if (program.json)
    print_json({{"method", reply->subject}, {"title", compiled.method.card.head.title}, {"store", program.settings.store}});
  else
    std::cout << reply->subject << " may be tried from here on; `automodel train --method " << reply->subject << "` trains it now\n";
  return 0;
}

Result<int> changes(const Program& program, const std::string& name) {
  auto cards = added_cards(program.settings);
  if (!cards) return fail(cards.error());
  if (auto known = papers::card_text(name, *cards); !known) return fail(known.error());
  const auto all = papers::mutations_of(name, papers::relatives_of(name, *cards));
  std::vector<std::vector<std::string>> rows = {{"method", "change"}};
  for (const auto& change : all) {
    rows.push_back({change.name, change.change});
    if (program.json) print_json({{"method", change.name}, {"parent", name}, {"change", change.change}, {"card", change.text}});
  }
  if (program.json) return 0;
  if (all.empty())
    std::cout << "no change of " << name << " is known that its equations would take\n";
  else
    std::cout << table_text(rows);
  return 0;
}

}  // namespace

void add_paper_cards(CLI::App& all, Program& program) {
  auto file = std::make_shared<std::string>();
  add_command(all, program, "add", "let AutoTrain try a card of yours",
              "  automodel paper add my-method.md\n"
              "  automodel paper add my-method.md --store products.store\n\n"
              "The card is checked, then recorded in the store (by the node that runs there, if one does). Its name\n"
              "never changes its equations: a changed card needs a name of its own.",
              [&program, file] { return add(program, *file); })
      ->add_option("card", *file, "a file (*.md)")
      ->required();
  auto name = std::make_shared<std::string>();
  add_command(all, program, "changes", "the cards one step from a method, which AutoTrain may try",
              "  automodel paper changes deepfm\n"
              "  automodel paper changes deepfm --json",
              [&program, name] { return changes(program, *name); })
      ->add_option("method", *name, "a method of the library, or one that was added")
      ->required();
}

}  // namespace automodel::tools
