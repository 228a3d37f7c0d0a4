#include "recsys/models/program.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "recsys/models/init.hpp"
#include "recsys/models/values.hpp"

namespace automodel::recsys {
namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 40U;  // numbers in one tensor
constexpr double kMostNoise = 0.95;

tl::unexpected<Error> bad(const std::string& name, const std::string& why) {
  return fail("models.bad_program", "'" + name + "' " + why, "the program of a model");
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class Assembly {
 public:
  Assembly(const Program& program, const InputSpec& inputs)
      : program_(program),
        inputs_(inputs),
        singles_(program.sources.fields ? static_cast<std::int64_t>(inputs.singles()) : 0),
        bags_(program.sources.fields ? static_cast<std::int64_t>(inputs.bags()) : 0),
        denses_(program.sources.fields ? static_cast<std::int64_t>(inputs.denses()) : 0) {}

  Result<Assembled> make() &&;

 private:
  Result<void> check_sources() const;
  Result<void> take_name(const std::string& name);
  Result<void> add(TensorSpec spec);
  Result<void> add_tables(const LookUp& look_up);
  Result<void> add_table(const LookUp& look_up, std::int64_t rows);
  void write(const LookUp& look_up);
  void write_of_ids(const LookUp& look_up);
  void line(const std::string& text) { out_.look_ups += "    " + text + "\n"; }

  const Program& program_;
  const InputSpec& inputs_;
  std::int64_t singles_, bags_, denses_;
  std::set<std::string> names_ = {"forward",     "penalty",   "share_of_bag", "graph_users",
                                  "graph_items", "all_users", "all_items"};
  Assembled out_;
};

Result<void> Assembly::take_name(const std::string& name) {
  if (!is_identifier(name)) return bad(name, "is no name for a tensor or a look-up");
  if (!names_.insert(name).second) return bad(name, "is there twice, or is a name that recsys uses");
  return {};
}

Result<void> Assembly::add(TensorSpec spec) {
  if (auto free = take_name(spec.name); !free) return free;
  if (count_of(spec.shape) == 0)
    return bad(spec.name, "has a dimension that is not positive, or is too large");
  if (!read_init(spec.init)) return bad(spec.name, "has an unknown init: '" + spec.init + "'");
  out_.tensors.push_back(std::move(spec));
  return {};
}

Result<void> Assembly::add_table(const LookUp& look_up, std::int64_t rows) {
  const auto& name = look_up.name;
  auto table =
      add({name + "_table", {rows, look_up.width()}, look_up.init, true, look_up.int8, look_up.of_ids()});
  if (!table || !look_up.int8) return table;
  return add({name + "_scale", {rows, 1}, "zeros", true, false, look_up.of_ids()});
}

Result<void> Assembly::add_tables(const LookUp& look_up) {
  const auto& name = look_up.name;
  if (auto free = take_name(name); !free) return free;
  const auto width = look_up.width();
  if (width == 0) return bad(name, "has a dimension that is not positive, or is too large");
  if (look_up.of_ids()) {
    const bool of_users = look_up.fields == LookUp::users;
    if (!(of_users ? program_.sources.users : program_.sources.items))
      return bad(name, std::string("is of ") + (of_users ? "users" : "items") + ", which are no source");
    return add_table(look_up, of_users ? inputs_.users.rows() : inputs_.items.rows());
  }
  if (singles_ + bags_ > 0) {
    if (auto table = add_table(look_up, inputs_.table_rows); !table) return table;
  }
  if (denses_ > 0 && look_up.fields == LookUp::all) {
    if (auto dense = add({name + "_dense", {denses_, width}, look_up.init}); !dense) return dense;
  }
  return {};
}

/// A scale multiplies what it belongs to, which gives the real type of the other tables.
void Assembly::write_of_ids(const LookUp& look_up) {
  const auto table = "self." + look_up.name + "_table", scale = "self." + look_up.name + "_scale";
  out_.look_ups += "def " + look_up.name + "(self, ids: Tensor) -> Tensor:\n";
  line("rows = torch.embedding(" + table + ", ids)");
  if (look_up.int8) {
    line("scales = torch.embedding(" + scale + ", ids)");
    line("rows = rows.to(scales.dtype) * scales");
  }
  std::string shape;
  for (const auto n : look_up.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
  if (look_up.shape.empty()) {
    line("return rows.squeeze(-1)");
  } else {
    line("return " + (look_up.shape.size() == 1 ? "rows" : "rows.reshape(ids.size() + [" + shape + "])"));
  }
}

void Assembly::write(const LookUp& look_up) {
  if (look_up.of_ids()) return write_of_ids(look_up);
  const auto rows = [&](const std::string& index) {
    const auto table = "self." + look_up.name + "_table", scale = "self." + look_up.name + "_scale";
    const auto found = "torch.embedding(" + table + ", " + index + ")";
    if (!look_up.int8) return found;
    return "(" + found + ".to(dense.dtype) * torch.embedding(" + scale + ", " + index + "))";
  };
  out_.look_ups +=
      "def " + look_up.name + "(self, singles: Tensor, bags: Tensor, dense: Tensor) -> Tensor:\n";
  std::string parts;
  const auto part = [&](const std::string& name, const std::string& value) {
    line(name + " = " + value);
    parts += (parts.empty() ? "" : ", ") + name;
  };
  const bool with_denses = denses_ > 0 && look_up.fields == LookUp::all;
  if (singles_ > 0) part("of_singles", rows("singles"));
  if (bags_ > 0) {
    line("share = self.share_of_bag(bags, dense).unsqueeze(-1)");
    part("of_bags", "(" + rows("bags.clamp(min=0)") + " * share).sum(2)");
  }
  if (with_denses) part("of_denses", "dense.unsqueeze(-1) * self." + look_up.name + "_dense");
  const auto fields = singles_ + bags_ + (with_denses ? denses_ : 0);
  std::string shape = "[dense.size(0), " + std::to_string(fields);
  for (const auto n : look_up.shape) shape += ", " + std::to_string(n);
  shape += "]";
  if (fields == 0) {
    line("return torch.zeros(" + shape + ", dtype=dense.dtype)");
    return;
  }
  const auto all = parts.find(',') == std::string::npos ? parts : "torch.cat([" + parts + "], 1)";
  line("return " + all + (look_up.shape.size() == 1 ? "" : ".reshape(" + shape + ")"));
}

Result<void> Assembly::check_sources() const {
  const auto& wanted = program_.sources;
  const auto wrong = [](const std::string& what) {
    return fail("models.bad_program", what, "the program of a model");
  };
  if (singles_ + bags_ + denses_ == 0 && wanted.only_fields())
    return fail("models.no_inputs", "the model has no input field");
  if (wanted.users && inputs_.users.rows() == 0) return fail("models.no_inputs", "the model has no users");
  if (wanted.items && inputs_.items.rows() == 0) return fail("models.no_inputs", "the model has no items");
  if (wanted.graph && (!wanted.users || !wanted.items))
    return wrong("a program with a graph must look at users and items");
  if (wanted.graph && inputs_.graph.users.empty())
    return fail("models.no_inputs", "the model has no graph of who chose what");
  if (wanted.history > 0 && !wanted.items) return wrong("a program with histories must look at items");
  if (wanted.history > 0 && wanted.history != inputs_.history) {
    return wrong("the program looks at histories of " + std::to_string(wanted.history) +
                 ", and the inputs have " + std::to_string(inputs_.history));
  }
  if (program_.loss == Loss::bpr && program_.negatives == 0) return wrong("the loss bpr needs negatives");
  if (program_.ranks() && !wanted.items) return wrong("a program that ranks must look at items");
  if (program_.ranks() && wanted.fields)
    return wrong("a program that ranks candidates must do without the row's fields, which tell its item");
  return {};
}

Result<Assembled> Assembly::make() && {
  if (auto good = check_sources(); !good) return fail(good.error());
  for (const auto& look_up : program_.look_ups) {
    if (auto added = add_tables(look_up); !added) return fail(added.error());
  }
  for (const auto& parameter : program_.parameters) {
    if (parameter.int8 || parameter.by_value)
      return bad(parameter.name, "is int8 or has a row a value, as only the tables of look-ups can");
    if (auto added = add(parameter); !added) return fail(added.error());
  }
  for (const auto& noise : program_.noise) {
    if (auto free = take_name(noise.name); !free) return fail(free.error());
    if (count_of({noise.width}) == 0) return bad(noise.name, "has a width that is not positive");
    if (!(noise.rate >= 0 && noise.rate <= kMostNoise)) {
      return bad(noise.name, "has a rate of " + short_text(noise.rate) + ", which is not from 0 to 0.95");
    }
  }
  const bool of_fields = std::any_of(program_.look_ups.begin(), program_.look_ups.end(),
                                     [](const LookUp& look_up) { return !look_up.of_ids(); });
  if (bags_ > 0 && of_fields) {
    out_.look_ups += "def share_of_bag(self, bags: Tensor, dense: Tensor) -> Tensor:\n";
    line("present = (bags >= 0).to(dense.dtype)");
    line("return present / present.sum(-1, keepdim=True).clamp(min=1.0)");
  }
  for (const auto& look_up : program_.look_ups) {
    const auto begin = out_.look_ups.size();
    write(look_up);
    if (look_up.of_ids()) out_.look_ups_of_ids += out_.look_ups.substr(begin);
  }
  if (program_.sources.graph) {
    out_.graph = inputs_.graph;
    out_.users = inputs_.users.rows();
    out_.items = inputs_.items.rows();
  }
  return std::move(out_);
}

}  // namespace

std::uint64_t count_of(const std::vector<std::int64_t>& shape) {
  std::uint64_t out = 1;
  for (const auto n : shape) {
    if (n <= 0 || out > kMost / static_cast<std::uint64_t>(n)) return 0;
    out *= static_cast<std::uint64_t>(n);
  }
  return out;
}

std::int64_t LookUp::width() const { return static_cast<std::int64_t>(count_of(shape)); }

std::uint64_t Assembled::values() const {
  std::uint64_t out = 0;
  for (const auto& tensor : tensors) out += count_of(tensor.shape);
  return out;
}

Result<Assembled> assemble(const Program& program, const InputSpec& inputs) {
  return Assembly(program, inputs).make();
}

}  // namespace automodel::recsys
