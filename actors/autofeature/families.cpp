#include "actors/autofeature/families.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace automodel::actors::autofeature {
namespace {

constexpr std::size_t most_candidates = 8;
constexpr std::size_t most_columns = 2;       // of one kind that a family crosses with
constexpr std::uint64_t most_values = 5'000;  // of a column that is worth crossing
constexpr std::uint64_t many_values = 100;    // a number that takes more is worth cutting into buckets

std::set<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_')
      name += c;
    else
      names.insert(std::exchange(name, {}));
  }
  names.insert(name);
  return names;
}

/// Columns worth using, the most telling first: spread over values, few of them missing.
struct Columns {
  std::vector<std::string> of_items;  // category and categories
  std::vector<std::string> bags;      // of them, multi-valued
  std::vector<std::string> of_users;
  std::vector<std::string> of_rows;  // known at the time of the interaction: a device, a page
  std::vector<std::string> numbers;
  std::vector<std::string> values;  // numbers that come with the interaction: known of earlier rows only
};

Columns usable(const events::KnownDatasetT& dataset, std::string_view label) {
  auto columns = std::vector<const events::ColumnProfileT*>{};
  const auto hidden = names_in(label);
  for (const auto& column : dataset.columns)
    if (!hidden.contains(column->name) && column->name != "user" && column->name != "item" &&
        column->missing < 0.9)
      columns.push_back(column.get());
  std::stable_sort(columns.begin(), columns.end(), [](const auto* a, const auto* b) {
    return a->entropy * (1 - a->missing) > b->entropy * (1 - b->missing);
  });
  Columns found;
  for (const auto& column : dataset.columns)
    if (column->kind == "number" && column->table == "interactions") found.values.push_back(column->name);
  for (const auto* column : columns) {
    if (column->kind == "number" && column->table != "interactions" && column->cardinality > many_values)
      found.numbers.push_back(column->name);
    const bool category = column->kind == "category" || column->kind == "categories";
    if (!category || column->cardinality < 2 || column->cardinality > most_values) continue;
    if (column->table == "items") found.of_items.push_back(column->name);
    if (column->table == "items" && column->kind == "categories") found.bags.push_back(column->name);
    if (column->table == "users") found.of_users.push_back(column->name);
    if (column->table == "interactions") found.of_rows.push_back(column->name);
  }
  return found;
}

std::vector<std::string> first(const std::vector<std::string>& names, std::size_t count) {
  return {names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(count, names.size()))};
}

Family history_means(const Columns& columns) {
  Family family{"history-mean",
                "what a user, an item and the two together got before says most about what comes",
                0.1,
                {}};
  auto& list = family.candidates;
  list.push_back({"mean(label | user)", "some users are content more easily"});
  list.push_back({"mean(label | item)", "some items please more users"});
  list.push_back({"mean(label | user, last=10)", "moods change: the last ten say more than all"});
  for (const auto& column : first(columns.of_items, 1))
    list.push_back({"mean(label | user*" + column + ")", "a user's taste by the item's " + column});
  list.push_back({"residual(user)", "how a user rates against what the items get"});
  list.push_back({"residual(user, last=10)", "how the user's last ten went against what the items get"});
  list.push_back({"residual(item)", "how an item is rated against what its users give"});
  for (const auto& column : first(columns.of_users, 1))
    list.push_back({"mean(label | item*" + column + ")", "an item's worth by the user's " + column});
  for (const auto& column : first(columns.of_rows, 1))
    list.push_back({"mean(label | " + column + ")", "the level at each " + column});
  return family;
}

Family history_counts(const Columns& columns) {
  Family family{"history-count",
                "how much is known of a user or an item says how far its mean can be trusted",
                0.02,
                {}};
  auto& list = family.candidates;
  list.push_back({"count(user)", "new users and old hands behave differently"});
  list.push_back({"count(item)", "popular items are known for a reason"});
  list.push_back({"count(item, 30d)", "what is in fashion"});
  list.push_back({"count(user, 1d)", "how long the session is already"});
  for (const auto& column : first(columns.of_items, most_columns))
    list.push_back({"count(user*" + column + ")", "how much a user has had of the item's " + column});
  return family;
}

/// Histories of numbers behind the label: a rating says more than whether it was at least four.
Family history_values(const Columns& columns) {
  Family family{"history-value", "the numbers behind the label say more than the label alone", 0.03, {}};
  for (const auto& column : first(columns.values, most_columns)) {
    family.candidates.push_back({"mean(" + column + " | user)", "the level of a user's " + column});
    family.candidates.push_back({"mean(" + column + " | item)", "the level of an item's " + column});
    family.candidates.push_back(
        {"residual(" + column + " | user)", "a user's " + column + " against what items get"});
    family.candidates.push_back({"std(" + column + " | user)", "how far a user's " + column + " spreads"});
  }
  return family;
}

Family similarities() {
  return {"similar",
          "what a user made of items that are liked together with this one",
          0.02,
          {{"similar(user)", "what the user made of similar items"}}};
}

Family recencies() {
  return {"recency",
          "tastes fade and items grow old",
          0.01,
          {{"recency(user)", "who comes back after long is another person"},
           {"recency(item)", "an item that nobody touched for long"},
           {"age(item)", "early takers like what they take"},
           {"age(user)", "users grow pickier with time"}}};
}

Family popularities(const Columns& columns) {
  Family family{"popularity", "what the crowd does now, and how much it disagrees", 0.01, {}};
  auto& list = family.candidates;
  list.push_back({"popularity(item, 30d)", "an item's share of what happens"});
  list.push_back({"std(label | user)", "a user who always gives the same says little"});
  list.push_back({"std(label | item)", "an item that divides its users"});
  for (const auto& column : first(columns.of_items, 1))
    list.push_back({"mean(label | " + column + ")", "the level of each " + column});
  return family;
}

/// The canonical form names the parts in order.
std::string cross_of(const std::string& a, const std::string& b) {
  return a < b ? "cross(" + a + ", " + b + ")" : "cross(" + b + ", " + a + ")";
}

Family crosses(const Columns& columns) {
  Family family{"cross", "a combination may mean more than its parts", 0.005, {}};
  for (const auto& bag : first(columns.bags, most_columns))
    family.candidates.push_back({cross_of("user", bag), "each user's liking of each of " + bag});
  for (const auto& of_user : first(columns.of_users, most_columns))
    for (const auto& of_item : first(columns.of_items, most_columns))
      family.candidates.push_back({cross_of(of_user, of_item), "tastes differ by " + of_user});
  for (const auto& of_row : first(columns.of_rows, 1))
    for (const auto& of_item : first(columns.of_items, 1))
      family.candidates.push_back({cross_of(of_row, of_item), "the moment changes what is wanted"});
  return family;
}

Family buckets(const Columns& columns) {
  Family family{"bucket", "in buckets a linear model can bend", 0.008, {}};
  family.candidates.push_back(
      {"bucket(mean(label | item), 16)", "the worth of an item need not act in a line"});
  family.candidates.push_back({"bucket(mean(label | user), 16)", "nor a user's"});
  family.candidates.push_back({"bucket(count(item), 16)", "counts act by their magnitude"});
  family.candidates.push_back({"bucket(count(user), 16)", "counts act by their magnitude"});
  for (const auto& column : first(columns.numbers, 4))
    family.candidates.push_back({"bucket(" + column + ", 16)", column + " need not act in a line"});
  return family;
}

}  // namespace

std::vector<Family> families(const events::KnownDatasetT& dataset, std::string_view label) {
  const auto columns = usable(dataset, label);
  std::vector<Family> made{
      history_means(columns), history_counts(columns), history_values(columns), similarities(), recencies(),
      popularities(columns),  buckets(columns),        crosses(columns)};
  made.push_back({"time",
                  "habits follow the clock and the week",
                  0.004,
                  {{"hour(time)", "evenings are not mornings"}, {"weekday(time)", "nor Sundays Mondays"}}});
  // Histories can only tell where users and items come again.
  const auto repeats = [&](std::uint64_t distinct) {
    return dataset.rows > 0
               ? 1 - std::min(1.0, static_cast<double>(distinct) / static_cast<double>(dataset.rows))
               : 1;
  };
  const double known = (repeats(dataset.users) + repeats(dataset.items)) / 2;
  for (auto& family : made) {
    if (family.name.starts_with("history-")) family.expected_gain *= known;
    if (family.candidates.size() > most_candidates) family.candidates.resize(most_candidates);
  }
  std::erase_if(made, [](const Family& family) { return family.candidates.empty(); });
  std::stable_sort(made.begin(), made.end(),
                   [](const Family& a, const Family& b) { return a.expected_gain > b.expected_gain; });
  return made;
}

}  // namespace automodel::actors::autofeature
