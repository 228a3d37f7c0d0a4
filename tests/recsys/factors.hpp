// Matrix factorisation as a program, by any loss: a small method that ranks.
#pragma once

#include <string>

#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// <p_u, q_v> + b_v, and with a history the mean of it beside p_u.
inline Program factors(Loss loss, std::uint32_t negatives, std::uint32_t longest = 0) {
  Program out;
  out.script =
      "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, "
      "history: Tensor, ages: Tensor, noise: bool) -> Tensor:\n"
      "    user = self.p(users)\n";
  if (longest > 0) {
    out.script +=
        "    there = (history > 0).to(ages.dtype)\n"
        "    user = user + (self.r(history) * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True)"
        ".clamp(min=1.0)\n"
        "    if noise:\n"
        "        user = user * self.mask\n";
    out.look_ups.push_back({"r", {8}, "normal(0.1)", LookUp::items});
    out.noise = {{"mask", 8, 0.1}};
  }
  out.script += "    return (user.unsqueeze(1) * self.q(items)).sum(-1) + self.b(items)\n";
  out.look_ups.push_back({"p", {8}, "normal(0.1)", LookUp::users});
  out.look_ups.push_back({"q", {8}, "normal(0.1)", LookUp::items});
  out.look_ups.push_back({"b", {}, "zeros", LookUp::items});
  out.sources = {true, true, longest, false};
  out.loss = loss;
  out.negatives = negatives;
  return out;
}

/// The same by bpr, where a user is also the items that it has chosen in the graph.
inline Program neighbours() {
  auto out = factors(Loss::bpr, 1);
  out.sources.graph = true;
  const std::string plain = "    user = self.p(users)\n";
  out.script.replace(
      out.script.find(plain), plain.size(),
      "    q = self.q(self.all_items).index_select(0, self.graph_items)\n"
      "    near = dense.new_zeros([self.all_users.size(0), 8]).index_add(0, self.graph_users, q)\n"
      "    user = self.p(users) + near.index_select(0, users)\n");
  return out;
}

}  // namespace automodel::recsys
