// Private to mutations: ways in which embeddings can meet, each as a summand of an answer with the equations that it needs, and where
// it is one, as a vector that a network can read.
#pragma once

#include <string>
#include <vector>

namespace automodel::papers {

/// How the card that is changed writes what its data gives. What is empty it has not.
struct Writing {
  std::string embedding;  // \mathbf{e}, of each field's value, without its index
  std::string fields;     // n
  std::string width;      // k, of such an embedding
  bool new_embedding = false;  // the card has none: an interaction brings its own, of a width k
  std::string item;       // \mathbf{q}, of each item, without its index
  std::string item_width; // k
  std::string user;       // \mathbf{p}, of each user, as wide as an item's
  std::string user_letter, item_letter;  // u, v
  std::string history, length;           // s, T
  std::string layers;                    // a letter that is free for a number of layers
  /// [\mathbf{e}_1; \dots; \mathbf{e}_n]
  std::string all_fields() const { return "[" + embedding + "_1; \\dots; " + embedding + "_" + fields + "]"; }
  /// \mathbf{q}_v
  std::string candidate() const { return item + "_" + item_letter; }
};

struct Interaction {
  std::string name;                     // cross
  std::string words;                    // "cross layers over the embeddings"
  std::string sentence;                 // of running text; may be empty
  std::vector<std::string> equations;   // LaTeX, before the answer's
  std::string summand;                  // LaTeX
  std::vector<std::string> parameters;  // hyper-parameters that it needs: "hidden = { … }"
  std::string vector = {};              // LaTeX, from the same equations; empty: it is a number only
};

/// In a fixed order, those of fields first, simple ones first. Letters of their own carry the label of the interaction.
std::vector<Interaction> interactions(const Writing& writing);

}  // namespace automodel::papers
