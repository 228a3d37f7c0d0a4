// Private to reading: one tabular of a LaTeX document.
#pragma once

#include <string>
#include <vector>

#include "papers/reading/flat.hpp"

namespace automodel::papers {

/// LaTeX as words: without commands, braces and dollar signs. `\pm` stays as ±.
std::string plain_text(std::string_view latex);

/// Rows of what stands between \begin{tabular}{…} and \end{tabular}: bytes [begin, end) of `flat`. \multicolumn and \multirow are
/// repeated where they reach; rows that then differ in length, and cells that two of them claim, are problems (papers.merged_cells).
std::vector<std::vector<TableCell>> read_tabular(const FlatText& flat, std::size_t begin, std::size_t end, std::vector<Problem>& problems);

}  // namespace automodel::papers
