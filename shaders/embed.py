"""Turns the shaders into a C++ source: embed.py OUTPUT. Comments and indentation are left out."""

import pathlib
import re
import sys

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
    return "".join(f"{line}\n" for line in lines if line)


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
