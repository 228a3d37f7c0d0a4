#include "papers/interactions.hpp"

namespace automodel::papers {
namespace {

constexpr const char* kHidden =
    "hidden = { default = [128, 128, 128], choices = [[64], [64, 64], [128, 64], [128, 128, 128]], meaning = \"widths of the hidden "
    "layers\" }";
constexpr const char* kDropout = "dropout = { default = 0.2, range = [0.0, 0.5], meaning = \"share of hidden units silenced in training\" }";

}  // namespace

std::vector<Interaction> interactions(const FieldWriting& writing) {
  const auto e = [&](const std::string& index) { return writing.embedding + "_" + index; };
  const auto& n = writing.fields;
  const auto& layers = writing.layers;
  const auto all = "[" + e("1") + "; \\dots; " + e(n) + "]";
  const auto product = "\\langle " + e("i") + ", " + e("j") + " \\rangle";
  const auto fields = "$i = 1, \\dots, " + n + "$";
  return {
      {"linear", "a weight of each field's value", "The value of each field " + fields + " has a weight $w^{\\mathrm{linear}}_i \\in \\mathbb{R}$.",
       {}, "\\sum_{i=1}^{" + n + "} w^{\\mathrm{linear}}_i", {}},
      // Rendle 2010, eq. 1
      {"pairs", "inner products of all pairs of embeddings", "", {}, "\\sum_{i<j} " + product, {}},
      // Pan et al. 2018 (FwFM), eq. 4
      {"weighted", "inner products of all pairs of embeddings, each pair of fields with a weight", "Fields $i$ and $j$ meet with the weight $r^{\\mathrm{pair}}_{i,j} \\in \\mathbb{R}$.",
       {}, "\\sum_{i<j} r^{\\mathrm{pair}}_{i,j} " + product, {}},
      // Cheng et al. 2016 (Wide & Deep), eq. 2
      {"deep", "a deep network over the embeddings", "", {}, "\\mathrm{MLP}(" + all + ")", {kHidden, kDropout}},
      // He & Chua 2017 (NFM), eqs. 4 to 6
      {"pooled", "a deep network over the sum of the products of all pairs of embeddings", "",
       {"\\mathbf{f}^{\\mathrm{pooled}} = \\sum_{i<j} " + e("i") + " \\odot " + e("j")},
       "\\mathrm{MLP}(\\mathbf{f}^{\\mathrm{pooled}})", {kHidden, kDropout}},
      // Wang et al. 2021 (DCN-v2), eq. 1
      {"cross", "cross layers over the embeddings", "",
       {"\\mathbf{x}^{\\mathrm{cross}}_0 = " + all,
        "\\mathbf{x}^{\\mathrm{cross}}_{c+1} = \\mathbf{x}^{\\mathrm{cross}}_0 \\odot (W^{\\mathrm{cross}}_c \\mathbf{x}^{\\mathrm{cross}}_c + "
        "\\mathbf{b}^{\\mathrm{cross}}_c) + \\mathbf{x}^{\\mathrm{cross}}_c, \\quad c = 0, \\dots, " + layers + " - 1"},
       "{\\mathbf{u}^{\\mathrm{cross}}}^{\\top} \\mathbf{x}^{\\mathrm{cross}}_{" + layers + "}",
       {layers + " = { default = 2, choices = [1, 2, 3], meaning = \"cross layers\" }"}},
      // Song et al. 2019 (AutoInt), eqs. 5 to 8, one layer with one head
      {"attention", "a layer of attention between the embeddings",
       "Embeddings look at one another, $j = 1, \\dots, " + n + "$, by $Q^{\\mathrm{att}}, K^{\\mathrm{att}}, V^{\\mathrm{att}} \\in \\mathbb{R}^{" + writing.width + " \\times " + writing.width + "}$.",
       {"\\alpha^{\\mathrm{att}}_{i,j} = \\mathrm{softmax}_j(\\langle Q^{\\mathrm{att}} " + e("i") + ", K^{\\mathrm{att}} " + e("j") + " \\rangle)",
        "\\mathbf{z}^{\\mathrm{att}}_i = \\mathrm{ReLU}(\\sum_{j=1}^{" + n + "} \\alpha^{\\mathrm{att}}_{i,j} V^{\\mathrm{att}} " + e("j") + " + " + e("i") + ")"},
       "{\\mathbf{u}^{\\mathrm{att}}}^{\\top} [\\mathbf{z}^{\\mathrm{att}}_1; \\dots; \\mathbf{z}^{\\mathrm{att}}_" + n + "]", {}},
  };
}

}  // namespace automodel::papers
