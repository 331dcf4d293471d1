"""The files that git knows or would add, and their text."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

CODE_SUFFIXES = {".cpp", ".h", ".ts", ".mjs", ".js", ".py", ".sh", ".cmake", ".css", ".wgsl"}
GENERATED = ("protocol/generated/",)
DATA = ("tests/models/", "tests/fixtures/", "tests/fuzz/corpus/", "tests/golden/")


@functools.cache
def files() -> tuple[str, ...]:
    """All files of the project, relative to its root, without data and without ignored ones."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    names = (name for name in listing.split("\0") if name)
    return tuple(sorted({n for n in names if not n.startswith(DATA) and (ROOT / n).is_file()}))


def with_suffix(*suffixes: str) -> list[str]:
    return [name for name in files() if pathlib.PurePath(name).suffix in suffixes]


def code_files() -> list[str]:
    """Files that people write code in: by suffix, or a script without one."""
    return [
        name for name in files()
        if not name.startswith(GENERATED)
        and (pathlib.PurePath(name).suffix in CODE_SUFFIXES
             or (name.startswith("scripts/") and "." not in pathlib.PurePath(name).name)
             or name.endswith("CMakeLists.txt"))
    ]


@functools.cache
def text(name: str) -> str:
    """A file's text; empty where it is not UTF-8."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
