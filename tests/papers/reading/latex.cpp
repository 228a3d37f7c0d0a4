// LaTeX documents -> sections, formulas, tables; what cannot be read is said with its place.
#include <boost/test/unit_test.hpp>

#include <chrono>

#include "papers/reading/paper.hpp"

namespace automodel::papers {
namespace {

using Files = std::map<std::string, std::string>;

Paper read(const std::string& text, const Files& files = {}) {
  return read_latex("paper.tex", text, [&](const std::string& name) -> Result<std::string> {
    for (const auto& known : {name, name + ".tex"}) {
      if (const auto at = files.find(known); at != files.end()) return at->second;
    }
    return fail("papers.missing_file", name);
  });
}

std::string problems(const Paper& paper) {
  std::string out;
  for (const auto& problem : paper.problems) {
    out += problem.code + " " + paper.source.name(problem.span.begin) + ":" + std::to_string(paper.source.line(problem.span.begin)) + ": " + problem.message + "\n";
  }
  return out;
}

/// Words, and formulas between angle brackets, each statement on its own.
std::string said(const Section& section) {
  std::string out;
  for (const auto& paragraph : section.paragraphs) {
    for (const auto& piece : paragraph.pieces) {
      if (!piece.math) out += piece.text;
      for (const auto& statement : piece.statements) out += "<" + to_latex(statement.left) + ">";
    }
    out += "|";
  }
  return out;
}

std::string cells(const PaperTable& table) {
  std::string out;
  for (const auto& row : table.rows) {
    for (const auto& cell : row) out += (cell.marked ? "*" : "") + cell.text + ";";
    out += "\n";
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(papers_reading_latex)

BOOST_AUTO_TEST_CASE(title_abstract_sections_and_paragraphs_are_found) {
  const auto paper = read(R"(\documentclass[11pt]{article}
\usepackage{amsmath} % for align
\title{Cross \emph{Machines}}
\begin{document}
\maketitle
\begin{abstract}
We cross 10\% of all.
\end{abstract}
\section{Our Method}\label{sec:method}
First % not this
part.

Second, see \citep[p. 2]{rendle10, he17} and Section~\ref{sec:method}.
\subsection*{Details}
\begin{itemize}
\item one
\item \textbf{two}
\end{itemize}
\end{document}
never read
)");
  BOOST_TEST(problems(paper) == "");
  BOOST_TEST(paper.title == "Cross Machines");
  BOOST_REQUIRE(paper.sections.size() >= 3u);
  std::string all;
  for (const auto& section : paper.sections) all += section.title + ":" + std::to_string(section.level) + "[" + said(section) + "]\n";
  BOOST_TEST(all == "Abstract:1[We cross 10% of all.|]\n:1[]\nOur Method:1[First part.|Second, see and Section 1.|]\nDetails:2[one|two|]\n");
  BOOST_TEST(paper.citations == (std::vector<std::string>{"rendle10", "he17"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(macros_with_arguments_and_defaults_are_replaced_at_the_place_of_their_use) {
  const auto paper = read(R"(\newcommand{\vect}[1]{\mathbf{#1}}
\newcommand{\emb}[2][i]{\vect{#2}_{#1}}
\def\inner#1#2{\langle #1, #2 \rangle}
\DeclareMathOperator{\MLP}{MLP}
\let\eb\emb
We set $\inner{\emb{e}}{\eb[j]{e}}$ and $\MLP(x)$.
\begin{equation}\label{eq:y} y = \emb{q} + \vect v \end{equation}
By \eqref{eq:y}.
)");
  BOOST_TEST(problems(paper) == "");
  const auto& pieces = paper.sections.at(0).paragraphs.at(0).pieces;
  BOOST_REQUIRE(pieces.size() == 7u);
  BOOST_TEST(to_latex(pieces[1].statements.at(0).left) == "\\langle \\mathbf{e}_{i}, \\mathbf{e}_{j} \\rangle");
  BOOST_TEST(pieces[3].statements.at(0).left.text == "mlp");
  BOOST_TEST(to_latex(pieces[5].statements.at(0).right) == "\\mathbf{q}_{i} + \\mathbf{v}");
  BOOST_TEST(paper.source.line(pieces[5].statements[0].right.span.begin) == 7u);
  BOOST_TEST(pieces[6].text == " By 1.");
  BOOST_TEST(paper.equations.at(0).number == "1");
}

BOOST_AUTO_TEST_CASE(other_files_are_taken_in_and_places_name_them) {
  const auto paper = read("\\input{method}\n\\bibliography{all}\nend \\ref{eq:none}\n",
                          {{"method.tex", "one\n$$ a = ( $$\n"}, {"paper.bbl", "\\begin{thebibliography}{9}\n\\bibitem{he17} He\n\\end{thebibliography}\n"}});
  BOOST_TEST(problems(paper) == "papers.unknown_reference paper.tex:3: nothing has the label 'eq:none'\n"
                                "papers.syntax method:2: a symbol, a number or a bracket was expected, not the formula's end\n");
  BOOST_TEST(paper.bibliography == std::vector<std::string>{"he17"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_that_takes_in_itself_and_one_that_is_not_there_are_named) {
  BOOST_TEST(problems(read("a\n\\input{b}\n", {{"b", "\n\\input{c}"}, {"c", "\\input{b}"}})) == "papers.circular c:1: b takes in itself, or files are nested too deeply\n");
  BOOST_TEST(problems(read("a\n\\include{b}\n")) == "papers.missing_file paper.tex:2: \\include{b}: there is no such file beside the paper\n");
}

BOOST_AUTO_TEST_CASE(macros_without_end_are_an_error_within_a_second) {
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(problems(read("\n\\def\\a{\\a x}\n$\\a$\n")) == "papers.too_large paper.tex:3: \\a expands without end, or to more than is read\n");
  BOOST_TEST(problems(read("\\newcommand{\\b}{\\b\\b}\n\\b\n")) == "papers.too_large paper.tex:2: \\b expands without end, or to more than is read\n");
  std::string doubling = "\\def\\xa{0123456789}\n";
  for (char c = 'b'; c <= 'z'; ++c) doubling += std::string("\\def\\x") + c + "{\\x" + static_cast<char>(c - 1) + "\\x" + static_cast<char>(c - 1) + "}\n";
  BOOST_TEST(problems(read(doubling + "\\xz\n")).starts_with("papers.too_large paper.tex:27: \\x"));
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 1.0);
}

BOOST_AUTO_TEST_CASE(lines_of_align_are_numbered_and_labelled_and_cases_are_not) {
  const auto paper = read(R"(\begin{align}
a &= b \label{one} \\
c &= \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases} \nonumber \\[2pt]
d &= e \label{three}
\end{align}
\begin{equation*} u = v \end{equation*}
\begin{gather} g = h \end{gather}
\ref{one}, \ref{three}
)");
  BOOST_TEST(problems(paper) == "");
  BOOST_REQUIRE(paper.equations.size() == 3u);
  BOOST_TEST(paper.equations[0].number == "1");
  BOOST_TEST(paper.equations[1].number == "");
  BOOST_TEST(paper.equations[2].number == "3");
  BOOST_TEST(paper.sections[0].paragraphs[0].pieces[0].statements.size() == 3u);
  BOOST_TEST(paper.sections[0].paragraphs.back().pieces.back().text == " 1, 2");
}

BOOST_AUTO_TEST_CASE(tables_lose_their_rules_and_merged_cells_reach_where_they_reach) {
  const auto paper = read(R"(\begin{table}[t]
\caption{Results on \textsc{ML-1M}.}
\begin{tabular}{l|cc} \toprule
\multirow{2}{*}{Model} & \multicolumn{2}{c}{Criteo} \\ \cmidrule(lr){2-3}
 & AUC & Logloss \\ \midrule
FM~\cite{fm} & 0.80 & 0.44 \\
Ours & \textbf{0.81} & \underline{0.43} \\ \bottomrule
\end{tabular}
\end{table}
)");
  BOOST_TEST(problems(paper) == "");
  BOOST_REQUIRE(paper.tables.size() == 1u);
  BOOST_TEST(paper.tables[0].caption == "Results on ML-1M.");
  BOOST_TEST(cells(paper.tables[0]) == "Model;Criteo;Criteo;\nModel;AUC;Logloss;\nFM;0.80;0.44;\nOurs;*0.81;*0.43;\n");
}

BOOST_AUTO_TEST_CASE(cells_that_cannot_be_told_apart_are_asked_for) {
  const auto paper = read("\\begin{tabular}{ccc}\n\\multirow{2}{*}{a} & b & c \\\\\nx & 1 & 2 \\\\\n1 & 2 \\\\\n3 & 4 & 5 \\\\\n\\end{tabular}\n");
  BOOST_TEST(problems(paper) == "papers.merged_cells paper.tex:3: 'x' stands where 'a' of a row above reaches\n"
                                "papers.merged_cells paper.tex:4: this row has 2 cells, where the table has 3\n");
}

BOOST_AUTO_TEST_CASE(what_is_never_closed_is_said_once_with_its_place) {
  BOOST_TEST(problems(read("a\nb $x + y\n\nc\n")) == "papers.syntax paper.tex:2: a formula begins here and is not closed before the paragraph ends\n");
  BOOST_TEST(problems(read("\\begin{figure}\nx")) == "papers.syntax paper.tex:1: \\begin{figure} is never closed\n");
  BOOST_TEST(problems(read("\\newcommand{\\x}{a\n")) == "papers.syntax paper.tex:1: a brace of \\newcommand is never closed\n");
  BOOST_TEST(problems(read("\\end{proof}")) == "papers.syntax paper.tex:1: \\end{proof} closes what was never begun\n");
}

BOOST_AUTO_TEST_CASE(two_hundred_pages_are_read_within_a_second) {
  std::string page = "\\section{Part}\n";
  for (int i = 0; i < 40; ++i) page += "Some words with $x_{i} \\in \\mathbb{R}^{k}$ and a few more, so that the line is as long as lines are.\n";
  page += "\\begin{equation} y = \\sum_{i=1}^{n} w_i x_i \\end{equation}\n\n";
  std::string text;
  for (int i = 0; i < 200; ++i) text += page;
  const auto begin = std::chrono::steady_clock::now();
  const auto paper = read(text);
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 2.0);
  BOOST_TEST(problems(paper) == "");
  BOOST_TEST(paper.equations.size() == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
