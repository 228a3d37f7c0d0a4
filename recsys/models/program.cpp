// The four methods as TorchScript. Shapes: singles [B, S], bags [B, M, L] with -1 as padding, dense [B, D]; F
// = S + M + D fields; table [T, k] holds the embeddings of all values, weight [T, 1] their linear weights. A
// dense field has one embedding (dense_table [D, k]) and one weight, scaled by its value; a bag is the mean
// over its values.
#include "recsys/models/method.hpp"
#include "recsys/models/values.hpp"

namespace automodel::recsys {
namespace {

/// Collects the text and what it refers to.
class Writer {
 public:
  Writer(const Settings& settings, const InputSpec& inputs, bool int8)
      : settings_(settings),
        singles_(static_cast<std::int64_t>(inputs.singles())),
        bags_(static_cast<std::int64_t>(inputs.bags())),
        dense_(static_cast<std::int64_t>(inputs.denses())),
        rows_(inputs.table_rows),
        k_(static_cast<std::int64_t>(number(settings, "dim"))),
        int8_(int8) {}

  Program take() && { return std::move(out_); }
  void line(const std::string& text) { out_.script += "    " + text + "\n"; }
  void begin(const std::string& head) { out_.script += "def " + head + "\n"; }
  std::string parameter(const std::string& name, std::vector<std::int64_t> shape, const std::string& init,
                        bool by_value = false, bool int8 = false) {
    out_.parameters.push_back({name, std::move(shape), init, by_value, int8});
    return "self." + name;
  }
  std::int64_t width() const { return (singles_ + bags_ + dense_) * k_; }

  void share();
  void linear();
  void embeddings();
  /// Emits an MLP from `from` [B, width] and returns the name of its output and that output's width.
  std::pair<std::string, std::int64_t> mlp(std::string from, std::int64_t width);
  void forward_head(const std::string& method);

 private:
  const Settings& settings_;
  std::int64_t singles_, bags_, dense_, rows_, k_;
  bool int8_;
  Program out_;
};

/// Each value's share of its bag: 1 / number of values, 0 for padding.
void Writer::share() {
  if (bags_ == 0) return;
  begin("share(self, bags: Tensor) -> Tensor:");
  line("present = (bags >= 0).float()");
  line("return present / present.sum(-1, keepdim=True).clamp(min=1.0)");
}

/// b + sum_i w_i x_i (Rendle 2010, eq. 1, first two terms).
void Writer::linear() {
  begin("linear(self, singles: Tensor, bags: Tensor, dense: Tensor) -> Tensor:");
  line("y = " + parameter("bias", {1}, "zeros") + ".expand(singles.size(0))");
  if (singles_ + bags_ > 0) parameter("weight", {rows_, 1}, "zeros", true);
  if (singles_ > 0) line("y = y + torch.embedding(self.weight, singles).sum([1, 2])");
  if (bags_ > 0) {
    line("w = torch.embedding(self.weight, bags.clamp(min=0)).squeeze(-1)");
    line("y = y + (w * self.share(bags)).sum([1, 2])");
  }
  if (dense_ > 0) line("y = y + torch.mv(dense, " + parameter("dense_weight", {dense_}, "zeros") + ")");
  line("return y");
}

/// e [B, F, k].
void Writer::embeddings() {
  if (singles_ + bags_ > 0) {
    begin("look_up(self, index: Tensor) -> Tensor:");
    const auto table = parameter("table", {rows_, k_}, "normal(0.01)", true, int8_);
    if (int8_) {
      const auto scale = parameter("table_scale", {rows_, 1}, "zeros", true);
      line("return torch.embedding(" + table + ", index).float() * torch.embedding(" + scale + ", index)");
    } else {
      line("return torch.embedding(" + table + ", index)");
    }
  }
  begin("fields(self, singles: Tensor, bags: Tensor, dense: Tensor) -> Tensor:");
  std::string parts;
  const auto add = [&](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
  if (singles_ > 0) add("self.look_up(singles)");
  if (bags_ > 0) {
    line("pooled = (self.look_up(bags.clamp(min=0)) * self.share(bags).unsqueeze(-1)).sum(2)");
    add("pooled");
  }
  if (dense_ > 0) add("dense.unsqueeze(-1) * " + parameter("dense_table", {dense_, k_}, "normal(0.01)"));
  line("return torch.cat([" + parts + "], 1)");
}

std::pair<std::string, std::int64_t> Writer::mlp(std::string from, std::int64_t width) {
  const double rate = number(settings_, "dropout");
  int layer = 0;
  for (const auto next : whole_list(settings_.at("hidden")).value_or(std::vector<std::int64_t>{})) {
    const auto n = std::to_string(layer++);
    const auto w = parameter("hidden_" + n, {width, next}, "xavier");
    const auto b = parameter("hidden_bias_" + n, {next}, "zeros");
    line("h = torch.relu(torch.addmm(" + b + ", " + from + ", " + w + "))");
    if (rate > 0) {
      out_.noise.push_back({"mask_" + n, next, rate});
      line("if noise:");
      line("    h = h * self.mask_" + n);
    }
    from = "h";
    width = next;
  }
  return {from, width};
}

void Writer::forward_head(const std::string& method) {
  begin("forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:");
  if (method != "dcnv2") line("y = self.linear(singles, bags, dense)");
  if (method != "lr") line("e = self.fields(singles, bags, dense)");
}

}  // namespace

Result<Program> program(std::string_view method, const Settings& settings, const InputSpec& inputs,
                        bool int8_table) {
  const auto known = find_method(method);
  if (!known) return fail(known.error());
  if (!(*known)->trained_by_gradient) {
    return fail("models.unknown_method", "'" + std::string(method) + "' has no equations to train");
  }
  const auto complete = complete_settings(**known, settings);
  if (!complete) return fail(complete.error());
  if (inputs.fields.empty()) return fail("models.no_inputs", "the model has no input field");
  const bool embeds = method != "lr";
  if (int8_table && (!embeds || inputs.singles() + inputs.bags() == 0)) {
    return fail("models.nothing_to_quantize", "'" + std::string(method) + "' has no embedding table");
  }

  Writer w(*complete, inputs, int8_table);
  w.share();
  if (method != "dcnv2") w.linear();
  if (embeds) w.embeddings();
  w.forward_head(std::string(method));
  if (method == "fm" || method == "deepfm") {
    // Rendle 2010, lemma 3.1: the sum over pairs of <e_i, e_j> in linear time.
    w.line("s = e.sum(1)");
    w.line("y = y + 0.5 * (s * s - (e * e).sum(1)).sum(1)");
  }
  if (method == "deepfm") {
    const auto [h, width] = w.mlp("e.flatten(1)", w.width());  // Guo et al. 2017, eqs. 3 and 4
    w.line("y = y + torch.mv(" + h + ", " + w.parameter("out", {width}, "xavier") + ")");
  }
  if (method == "dcnv2") {
    // Wang et al. 2021, eq. 1: x_{l+1} = x_0 * (W_l x_l + b_l) + x_l; beside a deep network (figure 1,
    // parallel).
    const auto d = w.width();
    w.line("x0 = e.flatten(1)");
    w.line("x = x0");
    for (int l = 0; l < static_cast<int>(number(*complete, "layers")); ++l) {
      const auto n = std::to_string(l);
      const auto weight = w.parameter("cross_" + n, {d, d}, "xavier");
      const auto bias = w.parameter("cross_bias_" + n, {d}, "zeros");
      w.line("x = x0 * torch.addmm(" + bias + ", x, " + weight + ") + x");
    }
    const auto [h, width] = w.mlp("x0", d);
    const auto out = w.parameter("out", {width}, "xavier"),
               out_cross = w.parameter("out_cross", {d}, "xavier");
    w.line("y = " + w.parameter("bias", {1}, "zeros") + " + torch.mv(x, " + out_cross + ") + torch.mv(" + h +
           ", " + out + ")");
  }
  w.line("return y");
  return std::move(w).take();
}

}  // namespace automodel::recsys
