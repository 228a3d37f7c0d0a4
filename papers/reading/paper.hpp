// A paper as a value: sections of running text and formulas, numbered equations, tables; everything with its place. What it
// means for a method is for `draft.hpp`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "papers/document/card.hpp"

namespace automodel::papers {

struct Section {
  std::string title, label;
  int level = 1;  // 1: \section, #; 2: \subsection, ##; …
  Span span;      // of the title
  std::vector<Paragraph> paragraphs;
};

/// A displayed formula: `sections[section].paragraphs[paragraph].pieces[piece]`.
struct NumberedEquation {
  std::string number;  // as printed, of its first line; empty: none
  std::size_t section = 0, paragraph = 0, piece = 0;
  Span span;
};

struct TableCell {
  std::string text;  // without its fonts
  bool marked = false;  // bold or underlined
  Span span;
};

/// Merged cells are repeated in every place that they cover.
struct PaperTable {
  std::string caption;
  std::size_t section = 0;
  Span span;
  std::vector<std::vector<TableCell>> rows;
};

struct PaperReference {
  std::string label, number;  // number empty: nothing has that label
  Span span;
};

struct Paper {
  Source source;  // all files, in the order in which they were read
  std::string title;
  Span title_span;
  std::vector<Section> sections;  // the abstract, where there is one, is called so; text before any title has an empty one
  std::vector<NumberedEquation> equations;
  std::vector<PaperTable> tables;
  std::vector<std::string> macros;     // that it defines, without backslash
  std::vector<PaperReference> references;
  std::vector<std::string> citations;  // keys, in order of their first use
  std::vector<std::string> bibliography;  // keys of its entries
  std::vector<Problem> problems;       // papers.syntax, papers.too_large, papers.circular, papers.missing_file, papers.merged_cells, papers.unknown_reference
};

/// The text of another file of the paper, named as in \input (with or without its ending).
using FindFile = std::function<Result<std::string>(const std::string& name)>;

struct PaperLimits {
  std::size_t bytes = 8 * 1024 * 1024;  // of all files
  std::size_t files = 500, nested_files = 20;
  std::size_t expanded_bytes = 4 * 1024 * 1024;  // that macros make
  std::size_t nested_macros = 200;
  std::size_t problems = 200;
};

/// LaTeX as papers are written: files that it takes in, macros with arguments, displays, lists, tables, labels, citations. Commands that only set the type say
/// nothing. Never fails: see `Paper::problems`; time grows with the text and what its macros make, both bounded.
Paper read_latex(std::string name, std::string text, const FindFile& find, const PaperLimits& limits = {});

}  // namespace automodel::papers
