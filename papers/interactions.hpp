// Private to mutations: ways in which the embeddings of fields can meet, each as a summand of an answer with the equations that it
// needs.
#pragma once

#include <string>
#include <vector>

namespace automodel::papers {

/// How the card that is changed writes what its data gives.
struct FieldWriting {
  std::string embedding;  // \mathbf{e}, without its index
  std::string fields;     // n
  std::string width;      // k, of an embedding
  std::string layers;     // a letter that is free for a number of layers
};

struct Interaction {
  std::string name;                     // cross
  std::string words;                    // "cross layers over the embeddings"
  std::string sentence;                 // of running text; may be empty
  std::vector<std::string> equations;   // LaTeX, before the answer's
  std::string summand;                  // LaTeX
  std::vector<std::string> parameters;  // hyper-parameters that it needs: "hidden = { … }"
};

/// In a fixed order, simple ones first. Indices are i and j; letters of their own carry the label of the interaction.
std::vector<Interaction> interactions(const FieldWriting& writing);

}  // namespace automodel::papers
