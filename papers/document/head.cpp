#include "papers/document/head.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "papers/document/hyper_parameter.hpp"
#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

using Keys = std::vector<std::string>;

const Keys& head_keys() {
  static const Keys keys{"method", "title",           "task",   "source", "extends",    "loss",
                         "output", "parameter_count", "define", "remove", "parameters", "claims", "negatives"};
  return keys;
}

/// toml++ stops at nothing where dots are concerned: `a.a.a…` makes a table in a table, and destroying them
/// recurses.
bool too_many_dots(std::string_view toml, std::uint32_t& at) {
  std::size_t dots = 0;
  for (std::size_t i = 0; i < toml.size(); ++i) {
    if (toml[i] == '.')
      ++dots;
    else if (std::string_view("=,{}[]\n#").find(toml[i]) != std::string_view::npos)
      dots = 0;
    if (dots > 200) {
      at = static_cast<std::uint32_t>(i);
      return true;
    }
  }
  return false;
}

class HeadReader {
 public:
  HeadReader(std::string_view toml, std::uint32_t offset, std::vector<Problem>& problems)
      : places_(toml, offset), toml_(toml), problems_(problems) {}

  Head read() {
    std::uint32_t dots = 0;
    if (toml_.size() > 64 * 1024) {
      problem("the head has more than 64 KiB", {places_.begin(), places_.begin() + 1}, {},
              "papers.too_large");
    } else if (too_many_dots(toml_, dots)) {
      problem("a name with too many dots", {places_.begin() + dots, places_.begin() + dots + 1}, {},
              "papers.too_large");
    } else {
      parse();
    }
    return std::move(head_);
  }

 private:
  void problem(std::string message, Span span, std::vector<std::string> candidates = {},
               const char* code = "papers.head") {
    problems_.push_back({code, std::move(message), span, std::move(candidates)});
  }

  void parse() {
    try {
      const toml::table table = toml::parse(toml_);
      unknown_keys(table, head_keys(), "the head");
      texts(table);
      parameters(table);
      define(table);
      claims(table);
    } catch (const toml::parse_error& e) {
      const auto place = places_.of(e.source());
      problem("the head is TOML: " + std::string(e.description()),
              {place.begin, std::max(place.end, place.begin + 1)});
    }
  }

  void unknown_keys(const toml::table& table, const Keys& known, const std::string& where) {
    for (const auto& [key, node] : table)
      if (std::ranges::find(known, key.str()) == known.end()) {
        auto candidates = nearest(key.str(), known);
        if (candidates.empty()) candidates = known;
        problem(where + " knows no '" + std::string(key.str()) + "'", places_.of(key.source()),
                std::move(candidates));
      }
  }

  void text(const toml::table& table, std::string_view key, std::string& to) {
    const auto* node = table.get(key);
    if (!node) return;
    if (!node->is_string())
      return problem("'" + std::string(key) + "' is text in quotes", places_.of(node->source()));
    to = node->as_string()->get();
  }

  void texts(const toml::table& table) {
    text(table, "method", head_.method);
    text(table, "title", head_.title);
    text(table, "task", head_.task);
    text(table, "source", head_.source);
    text(table, "extends", head_.extends);
    text(table, "loss", head_.loss);
    text(table, "output", head_.output);
    text(table, "parameter_count", head_.parameters_formula);
    const auto named = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; };
    if (!table.contains("method"))
      problem("the head does not say the method's name", {places_.begin(), places_.begin() + 1},
              {"method = \"my-method\""});
    else if (table["method"].is_string() &&
             (head_.method.empty() || !std::ranges::all_of(head_.method, named)))
      problem("a method's name has letters, digits and '-'", places_.of(table["method"].node()->source()));
    if (const auto* node = table.get("extends")) {
      head_.extends_at = places_.of(node->source());
      if (node->is_string() && (head_.extends.empty() || !std::ranges::all_of(head_.extends, named)))
        problem("a method's name has letters, digits and '-'", head_.extends_at);
    }
    static const Keys tasks{"ctr", "ranking"};
    if (!head_.task.empty() && std::ranges::find(tasks, head_.task) == tasks.end())
      problem("no task is called '" + head_.task + "'", places_.of(table["task"].node()->source()), tasks);
    negatives(table);
    static const Keys losses{"logloss", "bpr", "softmax", "mse"};  // what training knows
    if (!head_.loss.empty() && std::ranges::find(losses, head_.loss) == losses.end())
      problem("no loss is called '" + head_.loss + "'", places_.of(table["loss"].node()->source()), losses);
    const auto* removed = table.get("remove");
    if (!removed) return;
    const auto* list = removed->as_array();
    const bool all_text =
        list && std::ranges::all_of(*list, [](const toml::node& node) { return node.is_string(); });
    if (!all_text)
      return problem("'remove' is a list of text: remove = [\"y_fm\"]", places_.of(removed->source()));
    for (const auto& entry : *list) head_.remove.push_back({entry.as_string()->get(), places_.of(entry.source())});
  }

  void negatives(const toml::table& table) {
    const auto* node = table.get("negatives");
    if (!node) return;
    const auto count = node->value<std::int64_t>();
    if (!node->is_integer() || !count || *count < 0 || *count > 10'000)
      return problem("'negatives' is how many items are sampled for each positive row: a whole number up to 10000",
                     places_.of(node->source()), {"negatives = 4"});
    head_.negatives = static_cast<std::uint32_t>(*count);
  }

  void parameters(const toml::table& table) {
    const auto* node = table.get("parameters");
    if (!node) return;
    const auto* entries = node->as_table();
    if (!entries) return problem("'parameters' is a table: [parameters]", places_.of(node->source()));
    for (const auto& [key, value] : *entries)
      if (auto read = read_hyper_parameter(key, value, places_, problems_))
        head_.parameters.push_back(std::move(*read));
    std::ranges::sort(head_.parameters, {},
                      [](const HyperParameter& parameter) { return parameter.span.begin; });
  }

  void define(const toml::table& table) {
    const auto* node = table.get("define");
    if (!node) return;
    const auto* entries = node->as_table();
    if (!entries) return problem("'define' is a table: [define]", places_.of(node->source()));
    for (const auto& [key, value] : *entries) {
      if (value.is_string())
        head_.define[std::string(key.str())] = value.as_string()->get();
      else if (value.is_number())
        head_.define[std::string(key.str())] = std::string(places_.text(value.source()));
      else
        problem("a definition is text or a number: d = \"16\"", places_.of(value.source()));
    }
  }

  void claims(const toml::table& table) {
    const auto* node = table.get("claims");
    if (!node) return;
    const auto* list = node->as_array();
    if (!list) return problem("'claims' are tables: [[claims]]", places_.of(node->source()));
    for (const auto& entry : *list) {
      const auto* fields = entry.as_table();
      if (!fields) {
        problem("a claim is a table: [[claims]]", places_.of(entry.source()));
        continue;
      }
      unknown_keys(*fields, {"data", "metric", "value"}, "a claim");
      Claim claim;
      text(*fields, "data", claim.data);
      text(*fields, "metric", claim.metric);
      const auto* value = fields->get("value");
      if (value && value->is_number()) claim.value = *value->value<double>();
      if (!value || !value->is_number() || claim.metric.empty() || !std::isfinite(claim.value))
        problem("a claim has data, metric and a value", places_.of(entry.source()),
                {"data = \"criteo\", metric = \"auc\", value = 0.8"});
      else
        head_.claims.push_back(std::move(claim));
    }
  }

  Places places_;
  std::string_view toml_;
  std::vector<Problem>& problems_;
  Head head_;
};

}  // namespace

Head read_head(std::string_view toml, std::uint32_t offset, std::vector<Problem>& problems) {
  return HeadReader(toml, offset, problems).read();
}

}  // namespace automodel::papers
