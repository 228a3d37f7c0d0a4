"""Writes the C++ source that keeps method cards in the program: embed_cards.py OUT CARD..."""

import pathlib
import sys

PIECE = 8000  # compilers must take string literals of 65,536 bytes; shorter ones keep its lines readable


def literal(text):
    pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"card({piece})card"' for piece in pieces)


def main():
    out, cards = pathlib.Path(sys.argv[1]), sorted(pathlib.Path(p) for p in sys.argv[2:])
    entries = "\n".join(f'      {{"{card.stem}", {literal(card.read_text(encoding="utf-8"))}}},' for card in cards)
    out.write_text(
        '#include "papers/library.hpp"\n\nnamespace automodel::papers {\n\n'
        "const std::vector<LibraryCard>& library() {\n  static const std::vector<LibraryCard> cards = {\n"
        f"{entries}\n  }};\n  return cards;\n}}\n\n}}  // namespace automodel::papers\n",
        encoding="utf-8",
    )


main()
