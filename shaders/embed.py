"""Turns the shaders into a C++ source: embed.py OUTPUT. Comments, indentation and
other blanks are left out."""

import pathlib
import re
import sys

# Blanks around these say nothing to a compiler.
SIGNS = re.compile(r" ?([-+*/%=<>!&|^,;:(){}\[\]?]) ?")

JOINED_SIGNS = ("--", "++", "&&", "||", "<<", ">>", "//", "/*")

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ("include", "ops")
HEAD = """// Generated from the folder shaders by embed.py.
#include "backends/webgpu/shader_library.h"

namespace tessera::webgpu {

std::span<const ShaderSource> shader_sources() {
  static constexpr ShaderSource kSources[] = {
"""
TAIL = """  };
  return kSources;
}

}  // namespace tessera::webgpu
"""


def strip(text: str) -> str:
    lines = (re.sub(r"//.*", "", line).strip() for line in text.splitlines())
    return "".join(f"{shorten(line)}\n" for line in lines if line)


def shorten(line: str) -> str:
    if line.startswith(("#include", "enable ")):
        return line
    short = SIGNS.sub(r"\1", line)
    # Two signs that have become one, such as - -x, stay apart.
    joined = any(short.count(sign) != line.count(sign) for sign in JOINED_SIGNS)
    return line if joined else short


def main() -> None:
    entries = []
    for folder in FOLDERS:
        for path in sorted((HERE / folder).rglob("*.wgsl")):
            name = path.relative_to(HERE / "include") if folder == "include" \
                else path.relative_to(HERE)
            text = strip(path.read_text(encoding="utf-8"))
            entries.append(f'      {{"{name}", R"wgsl({text})wgsl"}},\n')
    pathlib.Path(sys.argv[1]).write_text(HEAD + "".join(entries) + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()
