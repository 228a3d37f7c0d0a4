// The fuzzer's entry point over its corpus and over mutations of it, with any compiler.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto* folder : {AUTOMODEL_CARD_CORPUS, AUTOMODEL_LIBRARY})
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

void feed(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_card_fuzz)

BOOST_AUTO_TEST_CASE(cards_and_their_mutations_give_statements_or_problems) {
  const auto texts = corpus();
  BOOST_REQUIRE(texts.size() > 4u);
  for (const auto& text : texts) feed(text);
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const std::string words[] = {
      "$",      "$$",         "{",   "}",         "_",         "^",       "\\",
      "\\[",    "\\]",        "(",   ")",         "[",         "|",       "\\|",
      "'",      "\n\n",       "`",   "&",         "\\\\",      "\\sum",   "\\hat",
      "\\frac", "\\text{if}", "= ",  ", \\dots,", "\\mathrm{", "\\left(", "^\\top",
      "-",      "+++\n",      "1.5", "\\sigma",   "\\in",      "\\quad",  "\\begin{cases}"};
  for (int i = 0; i < 1'000; ++i) {
    auto text = texts[random() % texts.size()];
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const auto at = text.empty() ? 0 : random() % text.size();
      switch (random() % 4) {
        case 0:
          text.insert(at, words[random() % std::size(words)]);
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        case 2:
          text.insert(at, 1, static_cast<char>(random() % 128));
          break;
        default:
          text = text.substr(0, at) + texts[random() % texts.size()];
      }
    }
    feed(text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
