"""Writes the C++ source that keeps a text in the program: embed_text.py OUT NAMESPACE NAME TEXT."""

import pathlib
import sys


def main():
    out, space, name, text = sys.argv[1:]
    pathlib.Path(out).write_text(
        f"namespace {space} {{\n\nextern const char* const {name};\n"
        f'const char* const {name} = R"text({pathlib.Path(text).read_text(encoding="utf-8")})text";\n\n}}  // namespace {space}\n',
        encoding="utf-8",
    )


main()
