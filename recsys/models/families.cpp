// The four methods that recsys writes itself, as TorchScript. F is the number of fields, e [B, F, k] their
// embeddings, w [B, F] their linear weights.
#include "recsys/models/method.hpp"
#include "recsys/models/values.hpp"

namespace automodel::recsys {
namespace {

/// Collects the text and what it refers to.
class Writer {
 public:
  Writer(const Settings& settings, const InputSpec& inputs)
      : settings_(settings),
        fields_(static_cast<std::int64_t>(inputs.fields.size())),
        k_(static_cast<std::int64_t>(number(settings, "dim"))) {
    out_.script = "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:\n";
  }

  Program take() && { return std::move(out_); }
  void line(const std::string& text) { out_.script += "    " + text + "\n"; }
  std::string parameter(const std::string& name, std::vector<std::int64_t> shape, const std::string& init) {
    out_.parameters.push_back({name, std::move(shape), init});
    return "self." + name;
  }
  std::int64_t width() const { return fields_ * k_; }

  /// b + sum_i w_i x_i (Rendle 2010, eq. 1, first two terms).
  void linear() {
    out_.look_ups.push_back({"w", {}, "zeros"});
    line("y = " + parameter("bias", {1}, "zeros") + " + self.w(singles, bags, dense).sum(1)");
  }
  void embeddings() {
    out_.look_ups.push_back({"e", {k_}, "normal(0.01)"});
    line("e = self.e(singles, bags, dense)");
  }
  /// Emits an MLP from `from` [B, width] and returns the name of its output and that output's width.
  std::pair<std::string, std::int64_t> mlp(std::string from, std::int64_t width);

 private:
  const Settings& settings_;
  std::int64_t fields_, k_;
  Program out_;
};

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

/// Wang et al. 2021, eq. 1: x_{l+1} = x_0 * (W_l x_l + b_l) + x_l; beside a deep network (figure 1,
/// parallel).
void cross_network(Writer& w, int layers) {
  const auto d = w.width();
  w.line("x0 = e.flatten(1)");
  w.line("x = x0");
  for (int l = 0; l < layers; ++l) {
    const auto n = std::to_string(l);
    const auto weight = w.parameter("cross_" + n, {d, d}, "xavier");
    const auto bias = w.parameter("cross_bias_" + n, {d}, "zeros");
    w.line("x = x0 * torch.addmm(" + bias + ", x, " + weight + ") + x");
  }
  const auto [h, width] = w.mlp("x0", d);
  const auto out = w.parameter("out", {width}, "xavier"), out_cross = w.parameter("out_cross", {d}, "xavier");
  w.line("y = " + w.parameter("bias", {1}, "zeros") + " + torch.mv(x, " + out_cross + ") + torch.mv(" + h +
         ", " + out + ")");
}

}  // namespace

Result<Program> program(std::string_view method, const Settings& settings, const InputSpec& inputs) {
  const auto known = find_method(method);
  if (!known) return fail(known.error());
  if (!(*known)->trained_by_gradient) {
    return fail("models.unknown_method", "'" + std::string(method) + "' has no equations to train");
  }
  const auto complete = complete_settings(**known, settings);
  if (!complete) return fail(complete.error());
  if (inputs.fields.empty()) return fail("models.no_inputs", "the model has no input field");

  Writer w(*complete, inputs);
  if (method != "dcnv2") w.linear();
  if (method != "lr") w.embeddings();
  if (method == "fm" || method == "deepfm") {
    // Rendle 2010, lemma 3.1: the sum over pairs of <e_i, e_j> in linear time.
    w.line("s = e.sum(1)");
    w.line("y = y + 0.5 * (s * s - (e * e).sum(1)).sum(1)");
  }
  if (method == "deepfm") {
    const auto [h, width] = w.mlp("e.flatten(1)", w.width());  // Guo et al. 2017, eqs. 3 and 4
    w.line("y = y + torch.mv(" + h + ", " + w.parameter("out", {width}, "xavier") + ")");
  }
  if (method == "dcnv2") cross_network(w, static_cast<int>(number(*complete, "layers")));
  w.line("return y");
  return std::move(w).take();
}

}  // namespace automodel::recsys
