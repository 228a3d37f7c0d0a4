"""Moves the long inline functions of flatc's headers into source files, so that they are compiled once.

Usage: compile_once.py INTO HEADER…      writes INTO/x_generated.h and INTO/x_generated.cpp for each HEADER, and
                                         INTO/required_parts.cpp for all of them

flatc writes the object API (copying, packing, unpacking of the XyzT types) as inline functions. Every file that packs
an event would compile those of all events: about half of its compile time.

Its builders assert that required fields are set: the program would end in one build, and write what nobody can read in
another. The assertions go, and what they said becomes a list, from which events/parts.cpp names what a value lacks.

A union with a kind and no value is followed by flatc's packing and copying wherever that leads. Here it is packed as a
kind without a value, which no reader takes, and copied as it is.
"""
import pathlib
import re
import sys


def is_object_api(signature):
    """Member functions, which their class declares, and Create…(builder, object, rehasher), declared ahead."""
    name = signature.split("(")[0]
    return bool(re.search(r"\w::[\w=]+$", name)) or signature.endswith("rehasher_function_t *_rehasher) {")


def split(text):
    """The header without the object API's definitions, and these."""
    lines, header, source, at = text.split("\n"), [], [], 0
    while at < len(lines):
        last = at
        if lines[at].startswith("inline "):
            while not lines[last].endswith(("{", ";")):
                last += 1
            signature = " ".join(line.strip() for line in lines[at:last + 1])
            if signature.endswith("{") and is_object_api(signature):
                end = lines.index("}", last)
                source += [lines[at].removeprefix("inline "), *lines[at + 1:end + 1], ""]
                at = end + 1
                continue
        header += lines[at:last + 1]
        at = last + 1
    return "\n".join(header), "\n".join(source)


FOLLOWED = re.compile(r"(Union::(?:Pack\(.*\) const|\w+Union\(const \w+ &(u)\).*) \{\n(?: *\(void\)_rehasher;\n)?)( *)switch")


def guard(source):
    """Functions of unions that follow `value` return where there is none."""
    def guarded(match):
        test = "if (!u.value) return;" if match[2] else "if (!value) return 0;"
        return "%s%s%s\n%sswitch" % (match[1], match[3], test, match[3])
    return FOLLOWED.sub(guarded, source)


ASSERTION = re.compile(r"^ *fbb_\.Required\(o, (\w+)::(VT_\w+)\);\n", re.M)
PARTS = """#include "events/parts.hpp"

%s
namespace automodel::events::detail {

std::span<const RequiredPart> required_parts() {
  static const RequiredPart parts[] = {
%s  };
  return parts;
}

}
"""


def write(path, text):
    """What did not change keeps its time, so that nothing is compiled for it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


into = pathlib.Path(sys.argv[1])
required = []
for name in sys.argv[2:]:
    original = pathlib.Path(name)
    text = original.read_text()
    required += ASSERTION.findall(text)
    header, source = split(ASSERTION.sub("", text))
    namespace = re.search(r"^namespace (\w+) \{\nnamespace (\w+) \{$", header, re.M)
    write(into / original.name, header)
    write(into / (original.stem + ".cpp"),
          '#include "events/generated.hpp"\n#include "events/schema/%s"\n\nnamespace %s::%s {\n\n%s\n}\n' % (original.name, *namespace.groups(), guard(source)))
write(into / "required_parts.cpp",
      PARTS % ("".join('#include "events/schema/%s"\n' % pathlib.Path(name).name for name in sys.argv[2:]),
               "".join("      {%sTypeTable(), %s::%s},\n" % (table, table, field) for table, field in required)))
