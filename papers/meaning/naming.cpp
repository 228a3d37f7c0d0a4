#include "papers/meaning/naming.hpp"

#include <cctype>
#include <cstdio>

namespace automodel::papers {
namespace {

bool is_less(const Node& node) { return node.kind == Kind::relation && (node.text == "<" || node.text == "<="); }

/// What stands between the signs of `1 \le i < j \le n`, in order.
void operands(const Node& node, std::vector<const Node*>& out) {
  if (!is_less(node)) return out.push_back(&node);
  operands(node.parts[0], out);
  operands(node.parts[1], out);
}

void collect_bound(const Node& script, std::vector<std::string>& out) {
  switch (script.kind) {
    case Kind::symbol:
      if (const auto letter = Naming::letter(script); !letter.empty()) out.push_back(letter);
      break;
    case Kind::relation:
      // `i = 1`, `i \in N`: what stands left runs. `i < j`, `1 <= i < j <= n`: every letter of the chain does.
      collect_bound(script.parts[0], out);
      if (is_less(script) || script.text == "!=") collect_bound(script.parts[1], out);
      break;
    case Kind::product:
    case Kind::list:
    case Kind::group:
      for (const auto& part : script.parts) collect_bound(part, out);
      break;
    default: break;
  }
}

/// The inner node of `(l)` in a superscript.
const Node& inside(const Node& script) {
  return script.kind == Kind::group && script.parts.size() == 1 ? inside(script.parts[0]) : script;
}

std::string font_key(Font font) {
  switch (font) {
    case Font::bold: return "bold:";
    case Font::upright: return "upright:";
    case Font::calligraphic: return "cal:";
    case Font::blackboard: return "bb:";
    case Font::italic: break;
  }
  return "";
}

/// In small letters, without blanks at the end.
std::string spoken(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// A label as part of a name.
std::string label(const Node& script) {
  const auto& node = inside(script);
  std::string out;
  const auto keep = [&](const std::string& text) {
    for (const char c : text) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  };
  if (node.kind == Kind::number) {
    keep(number_label(node.value));
  } else if (node.kind == Kind::symbol || node.kind == Kind::word) {
    keep(node.text);
    for (const auto* scripts : {&node.sub, &node.sup}) {
      for (const auto& below : *scripts) out += "_" + label(below);
    }
  } else {
    if (node.kind == Kind::negate) out = "minus";
    for (const auto& part : node.parts) out += (out.empty() ? "" : "_") + label(part);
  }
  return out;
}

}  // namespace

std::string number_label(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

Node as_symbol(const Node& call) {
  Node out;
  out.kind = Kind::symbol;
  out.font = Font::upright;
  out.text = call.text;
  out.sub = call.sub;
  out.sup = call.sup;
  out.span = call.span;
  return out;
}

void for_each_node(const Node& node, const std::function<void(const Node&)>& visit) {
  visit(node);
  for (const auto* nodes : {&node.parts, &node.sub, &node.sup}) {
    for (const auto& inner : *nodes) for_each_node(inner, visit);
  }
}

void for_each_node(const Statement& statement, const std::function<void(const Node&)>& visit) {
  if (statement.kind == Statement::Kind::membership) {
    for (const auto& subject : statement.subjects) for_each_node(subject, visit);
  } else {
    for_each_node(statement.left, visit);
  }
  if (statement.kind != Statement::Kind::expression && statement.kind != Statement::Kind::range) {
    for_each_node(statement.right, visit);
  }
}

std::optional<Ends> ends_of(const std::vector<Node>& script) {
  std::vector<const Node*> all;
  for (const auto& node : script) operands(node, all);
  const bool chained = script.size() == 1 ? is_less(script[0]) : script.size() > 1 && is_less(script.front()) && is_less(script.back());
  if (!chained || all.size() < 3 || all.front()->kind != Kind::number) return {};
  return Ends{*all.front(), *all.back()};
}

std::vector<std::string> bound_letters(const std::vector<Node>& script) {
  std::vector<std::string> out;
  for (const auto& node : script) collect_bound(node, out);
  const auto ends = ends_of(script);
  if (ends && !out.empty() && out.back() == Naming::letter(ends->high)) out.pop_back();
  return out;
}

std::string Naming::letter(const Node& node) {
  if (node.kind != Kind::symbol || node.font != Font::italic || !node.sub.empty() || !node.sup.empty() ||
      node.transposed) {
    return {};
  }
  return node.text + std::string(node.primes, '\'');
}

bool Naming::is_history_item(const Node& node) const {
  return node.kind == Kind::symbol && !interactions_.history.empty() && node.text == interactions_.history &&
         node.font == Font::italic && node.sub.size() == 1 && node.sup.empty() && node.primes == 0;
}

std::optional<Naming::Side> Naming::neighbours_of(const Node& node) const {
  const bool named = node.kind == Kind::symbol && node.font == Font::calligraphic && !interactions_.neighbours.empty() &&
                     node.text == interactions_.neighbours && node.sub.size() == 1 && node.sup.empty() && node.primes == 0;
  if (!named) return {};
  const auto name = letter(node.sub[0]);
  if (!name.empty() && name == interactions_.user) return Side::user;
  if (!name.empty() && name == interactions_.item) return Side::item;
  return {};
}

std::optional<Naming::Side> Naming::sums_neighbours(const std::vector<Node>& script) const {
  if (script.size() != 1 || script[0].kind != Kind::relation || script[0].text != "in") return {};
  const auto side = neighbours_of(script[0].parts[1]);
  const auto& other = side == Side::user ? interactions_.item : interactions_.user;
  if (!side || other.empty() || letter(script[0].parts[0]) != other) return {};
  return side;
}

/// In "each user $u$ has …" the letter is the first formula behind the words.
void Naming::find_interactions(const Card& card) {
  for (const auto& paragraph : card.paragraphs) {
    for (std::size_t i = 1; i < paragraph.pieces.size(); ++i) {
      const auto &words = paragraph.pieces[i - 1], &formula = paragraph.pieces[i];
      if (words.math || formula.statements.empty()) continue;
      const auto& first = formula.statements.front().left;
      const auto said = spoken(words.text);
      if (said.ends_with("each user") && !letter(first).empty()) {
        interactions_.user = letter(first);
        interactions_.user_at = first.span;
      }
      if (said.ends_with("each item") && !letter(first).empty()) {
        interactions_.item = letter(first);
        interactions_.item_at = first.span;
      }
      const bool chosen = said.ends_with("has chosen are") && first.kind == Kind::symbol && first.font == Font::calligraphic;
      if (chosen) interactions_.neighbours = first.text;
      const auto& last = formula.statements.back().left;
      const bool indexed = first.kind == Kind::symbol && first.font == Font::italic && first.sub.size() == 1 && first.sup.empty();
      if (said.ends_with("ages in days are") && indexed && last.kind == Kind::symbol && last.text == first.text) {
        interactions_.ages = first.text;
        indexed_below_.insert(base(first));
      }
      if (!said.ends_with("history is") || first.kind != Kind::symbol || first.sub.size() != 1 ||
          last.kind != Kind::symbol || last.text != first.text || last.sub.size() != 1 || letter(last.sub[0]).empty()) {
        continue;
      }
      interactions_.history = first.text;
      interactions_.length = letter(last.sub[0]);
      interactions_.history_at = {first.span.begin, last.span.end};
    }
  }
  for (const auto& name : {interactions_.user, interactions_.item}) {
    if (!name.empty()) letters_.insert(name);
  }
  if (!interactions_.length.empty()) sizes_.insert(interactions_.length);
}

Naming::Naming(const Card& card) {
  for (const auto& parameter : card.head.parameters) sizes_.insert(parameter.name);
  find_interactions(card);
  const auto each = [&](auto&& visit) {
    for (const auto& paragraph : card.paragraphs) {
      for (const auto& piece : paragraph.pieces) {
        for (const auto& statement : piece.statements) visit(statement);
      }
    }
  };
  each([&](const Statement& s) { find_sizes(s); });
  each([&](const Statement& s) {
    if (s.kind == Statement::Kind::range) {
      if (const auto name = letter(s.left); !name.empty()) letters_.insert(name);
    }
    for_each_node(s, [&](const Node& node) { find_letters(node); });
  });
  each([&](const Statement& s) { find_equation_letters(s); });
  for (const auto& name : letters_) sizes_.erase(name);
  each([&](const Statement& s) {
    for_each_node(s, [&](const Node& node) { find_indexed(node); });
  });
}

void Naming::find_sizes(const Statement& statement) {
  const auto add = [&](const Node& size) {
    for_each_node(size, [&](const Node& node) {
      if (node.kind != Kind::symbol) return;
      sizes_.insert(reference(node).name);
    });
  };
  if (statement.kind == Statement::Kind::range) {
    add(statement.low);
    add(statement.high);
  } else if (statement.kind == Statement::Kind::membership) {
    for (const auto& size : statement.right.sup) add(size);
  }
  for_each_node(statement, [&](const Node& node) {
    if (node.kind != Kind::big) return;
    for (const auto& limit : node.sup) {
      if (limit.kind == Kind::symbol) sizes_.insert(reference(limit).name);
    }
  });
}

void Naming::find_letters(const Node& node) {
  const bool runs = node.kind == Kind::big || (node.kind == Kind::list && !node.sub.empty()) ||
                    (node.kind == Kind::group && !node.sub.empty()) ||
                    (node.kind == Kind::call && (node.text == "softmax" || node.text == "max" || node.text == "min" ||
                                                 node.text == "mean" || node.text == "attention" || node.text == "multihead"));
  if (!runs) return;
  for (const auto& name : bound_letters(node.sub)) letters_.insert(name);
}

/// `h_t = f(x_t)`: a letter that is a script on both sides.
void Naming::find_equation_letters(const Statement& statement) {
  if (statement.kind != Statement::Kind::equation && statement.kind != Statement::Kind::replace) return;
  const auto scripts_of = [](const Node& side) {
    std::set<std::string> out;
    for_each_node(side, [&](const Node& node) {
      if (node.kind != Kind::symbol) return;
      for (const auto* scripts : {&node.sub, &node.sup}) {
        for (const auto& script : *scripts) {
          for_each_node(script, [&](const Node& inner) {
            if (const auto name = letter(inner); !name.empty() && std::islower(static_cast<unsigned char>(name[0]))) {
              out.insert(name);
            }
          });
        }
      }
    });
    return out;
  };
  const auto left = scripts_of(statement.left);
  auto right = scripts_of(statement.right);
  // `M_{t,j} = \begin{cases} 0 & j \le t …`
  for_each_node(statement.right, [&](const Node& node) {
    if (node.kind != Kind::cases) return;
    for (std::size_t i = 1; i < node.parts.size(); i += 2) {
      for_each_node(node.parts[i], [&](const Node& inner) {
        if (const auto name = letter(inner); !name.empty() && std::islower(static_cast<unsigned char>(name[0]))) right.insert(name);
      });
    }
  });
  for (const auto& name : left) {
    if (right.contains(name)) letters_.insert(name);
  }
}

bool Naming::made_of_indices(const Node& script, bool& has_letter) const {
  const auto& node = inside(script);
  switch (node.kind) {
    case Kind::number: return true;
    case Kind::wildcard: return true;
    case Kind::symbol: {
      if (const auto name = letter(node); letters_.contains(name)) {
        has_letter = true;
        return true;
      }
      if (is_history_item(node)) {
        has_letter = true;
        return made_of_indices(node.sub[0], has_letter);
      }
      return sizes_.contains(reference(node).name);
    }
    case Kind::negate:
    case Kind::divide:
    case Kind::add:
    case Kind::subtract:
    case Kind::product: {
      for (const auto& part : node.parts) {
        if (!made_of_indices(part, has_letter)) return false;
      }
      return true;
    }
    default: return false;
  }
}

/// Font, letter and those scripts that cannot be indices.
std::string Naming::base(const Node& node) const {
  std::string out = font_key(node.font) + node.text + std::string(node.primes, '\'');
  for (const auto* scripts : {&node.sub, &node.sup}) {
    for (const auto& script : *scripts) {
      bool has_letter = false;
      if (!made_of_indices(script, has_letter)) out += "_" + label(script);
    }
  }
  return out;
}

void Naming::find_indexed(const Node& node) {
  if (node.kind == Kind::call) find_indexed(as_symbol(node));
  if (node.kind != Kind::symbol) return;
  const auto note = [&](const std::vector<Node>& scripts, std::set<std::string>& set) {
    for (const auto& script : scripts) {
      bool has_letter = false;
      if (made_of_indices(script, has_letter) && has_letter) set.insert(base(node));
    }
  };
  note(node.sub, indexed_below_);
  note(node.sup, indexed_above_);
}

Reference Naming::reference(const Node& node) const {
  Reference out;
  const auto key = base(node);
  out.key = font_key(node.font) + node.text + std::string(node.primes, '\'');
  out.name = node.text;
  for (unsigned i = 0; i < node.primes; ++i) out.name += "_prime";
  const auto add_label = [&](const Node& script) {
    out.key += "_" + label(script);
    out.name += "_" + label(script);
  };
  const auto add_index = [&](const Node& index) {
    const auto name = letter(index);
    if (!name.empty() && name == interactions_.user) {
      out.of_user = true;
    } else if (!name.empty() && name == interactions_.item) {
      out.of_item = true;
    } else {
      out.indices.push_back(&index);
    }
  };
  const auto sort = [&](const std::vector<Node>& scripts, bool above, bool indexed) {
    for (const auto& script : scripts) {
      bool has_letter = false;
      if (!made_of_indices(script, has_letter)) {
        add_label(script);
      } else if (indexed || inside(script).kind == Kind::wildcard) {
        const auto& node_inside = inside(script);
        // `ij` is i and j; `2k` or `(l+1)` is one index.
        const bool letters_only = node_inside.kind == Kind::product;
        if (letters_only) {
          for (const auto& part : node_inside.parts) add_index(part);
        } else {
          add_index(node_inside);
        }
      } else if (above && script.kind != Kind::group) {
        out.power = &script;
      } else {
        add_label(script);
      }
    }
  };
  sort(node.sub, false, indexed_below_.contains(key));
  sort(node.sup, true, indexed_above_.contains(key));
  return out;
}

}  // namespace automodel::papers
