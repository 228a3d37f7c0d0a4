#include "papers/interactions.hpp"

namespace automodel::papers {
namespace {

constexpr const char* kHidden =
    "hidden = { default = [128, 128, 128], choices = [[64], [64, 64], [128, 64], [128, 128, 128]], meaning = \"widths of the hidden "
    "layers\" }";
constexpr const char* kDropout = "dropout = { default = 0.2, range = [0.0, 0.5], meaning = \"share of hidden units silenced in training\" }";

std::vector<Interaction> of_fields(const Writing& writing) {
  const auto e = [&](const std::string& index) { return writing.embedding + "_" + index; };
  const auto& n = writing.fields;
  const auto& layers = writing.layers;
  const auto all = writing.all_fields();
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
       "\\mathrm{MLP}(\\mathbf{f}^{\\mathrm{pooled}})", {kHidden, kDropout}, "\\mathbf{f}^{\\mathrm{pooled}}"},
      // Wang et al. 2021 (DCN-v2), eq. 1
      {"cross", "cross layers over the embeddings", "",
       {"\\mathbf{x}^{\\mathrm{cross}}_0 = " + all,
        "\\mathbf{x}^{\\mathrm{cross}}_{c+1} = \\mathbf{x}^{\\mathrm{cross}}_0 \\odot (W^{\\mathrm{cross}}_c \\mathbf{x}^{\\mathrm{cross}}_c + "
        "\\mathbf{b}^{\\mathrm{cross}}_c) + \\mathbf{x}^{\\mathrm{cross}}_c, \\quad c = 0, \\dots, " + layers + " - 1"},
       "{\\mathbf{u}^{\\mathrm{cross}}}^{\\top} \\mathbf{x}^{\\mathrm{cross}}_{" + layers + "}",
       {layers + " = { default = 2, choices = [1, 2, 3], meaning = \"cross layers\" }"}, "\\mathbf{x}^{\\mathrm{cross}}_{" + layers + "}"},
      // Song et al. 2019 (AutoInt), eqs. 5 to 8, one layer with one head
      {"attention", "a layer of attention between the embeddings",
       "Embeddings look at one another, $j = 1, \\dots, " + n + "$, by $Q^{\\mathrm{att}}, K^{\\mathrm{att}}, V^{\\mathrm{att}} \\in \\mathbb{R}^{" + writing.width + " \\times " + writing.width + "}$.",
       {"\\alpha^{\\mathrm{att}}_{i,j} = \\mathrm{softmax}_j(\\langle Q^{\\mathrm{att}} " + e("i") + ", K^{\\mathrm{att}} " + e("j") + " \\rangle)",
        "\\mathbf{z}^{\\mathrm{att}}_i = \\mathrm{ReLU}(\\sum_{j=1}^{" + n + "} \\alpha^{\\mathrm{att}}_{i,j} V^{\\mathrm{att}} " + e("j") + " + " + e("i") + ")"},
       "{\\mathbf{u}^{\\mathrm{att}}}^{\\top} [\\mathbf{z}^{\\mathrm{att}}_1; \\dots; \\mathbf{z}^{\\mathrm{att}}_" + n + "]", {}, "[\\mathbf{z}^{\\mathrm{att}}_1; \\dots; \\mathbf{z}^{\\mathrm{att}}_" + n + "]"},
  };
}

/// What a user, its history and the candidate say to one another.
std::vector<Interaction> of_items(const Writing& writing) {
  const auto q = writing.candidate();
  const auto& k = writing.item_width;
  const bool has_user = !writing.user.empty();
  const auto user_letter = writing.user_letter.empty() ? std::string("u") : writing.user_letter;
  const auto p = has_user ? writing.user + "_" + user_letter : "\\mathbf{p}^{\\mathrm{taste}}_" + user_letter;
  const auto user = has_user ? std::string() : "Each user $" + user_letter + "$ has an embedding $" + p + " \\in \\mathbb{R}^{" + k + "}$.";
  std::vector<Interaction> out = {
      // Koren et al. 2009, eq. 3
      {"offset", "an offset of each item", "Each item $" + writing.item_letter + "$ has an offset $b^{\\mathrm{item}}_" + writing.item_letter + " \\in \\mathbb{R}$.",
       {}, "b^{\\mathrm{item}}_" + writing.item_letter, {}},
      // Koren et al. 2009, eq. 1
      {"taste", "the inner product of the user's and the item's embedding", user, {}, "\\langle " + p + ", " + q + " \\rangle", {}, p},
      // He et al. 2017 (NeuMF), eqs. 8 and 10
      {"pair", "a deep network over the user's embedding, the item's and their product", user, {},
       "\\mathrm{MLP}_{\\mathrm{pair}}([" + p + "; " + q + "; " + p + " \\odot " + q + "])", {kHidden, kDropout}, p + " \\odot " + q},
  };
  if (writing.history.empty()) return out;
  const auto past = [&](const std::string& position) { return writing.item + "_{" + writing.history + "_{" + position + "}}"; };
  const auto& longest = writing.length;
  // Rendle et al. 2010 (FPMC), eq. 8: what follows the last item
  out.push_back({"last", "a score of the item behind the last one of the history",
                 "What follows is told by $A^{\\mathrm{last}} \\in \\mathbb{R}^{" + k + " \\times " + k + "}$.", {},
                 "\\langle A^{\\mathrm{last}} " + past(longest) + ", " + q + " \\rangle", {}, past(longest)});
  // Kabbur et al. 2013 (FISM), eq. 4, with the mean in the place of its power
  out.push_back({"mean", "the likeness of the item to the mean of the history", "",
                 {"\\mathbf{z}^{\\mathrm{mean}} = \\mathrm{mean}_t " + past("t")},
                 "\\langle \\mathbf{z}^{\\mathrm{mean}}, " + q + " \\rangle", {}, "\\mathbf{z}^{\\mathrm{mean}}"});
  // He et al. 2018 (NAIS), eq. 7 with products
  out.push_back({"looking", "attention of the item to the history",
                 "The candidate looks at the history, $t = 1, \\dots, " + longest + "$, by $Q^{\\mathrm{look}} \\in \\mathbb{R}^{" + k + " \\times " + k + "}$.",
                 {"a^{\\mathrm{look}}_t = \\mathrm{softmax}_t(\\langle Q^{\\mathrm{look}} " + q + ", " + past("t") + " \\rangle)",
                  "\\mathbf{z}^{\\mathrm{look}} = \\sum_{t=1}^{" + longest + "} a^{\\mathrm{look}}_t " + past("t")},
                 "\\langle \\mathbf{z}^{\\mathrm{look}}, " + q + " \\rangle", {}, "\\mathbf{z}^{\\mathrm{look}}"});
  return out;
}

}  // namespace

std::vector<Interaction> interactions(const Writing& writing) {
  std::vector<Interaction> out;
  if (!writing.embedding.empty()) out = of_fields(writing);
  for (auto& one : out) {
    if (!writing.new_embedding || one.name == "linear") continue;
    const auto own = "The value of each field $i = 1, \\dots, " + writing.fields + "$ has an embedding $" + writing.embedding + "_i \\in \\mathbb{R}^{" +
                     writing.width + "}$.";
    one.sentence = one.sentence.empty() ? own : own + " " + one.sentence;
    one.parameters.push_back(writing.width + " = { default = 10, choices = [8, 10, 16, 32], meaning = \"length of an embedding vector\" }");
  }
  if (writing.item.empty()) return out;
  for (auto& one : of_items(writing)) out.push_back(std::move(one));
  return out;
}

}  // namespace automodel::papers
