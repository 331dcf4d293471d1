"""Who may include whom: the table of ARCHITECTURE.md, as a test."""

import re
import unittest

import cpp_text
import source_tree

_TENSOR = {"tensor", "base"}
_QUANTIZATION = {"quantization"} | _TENSOR
_OPS = {"ops"} | _QUANTIZATION
_PACKAGE = {"package"} | _QUANTIZATION
_MODEL = {"model", "backends", "package"} | _OPS
_GENERATION = {"generation", "tokenizer"} | _MODEL
_RUNTIME = {"backends/cpu", "backends/webgpu"} | _GENERATION
_BELOW_SERVER = {"protocol"} | _PACKAGE

# Each room and what it may use; `backends` is the interface, backends/backend.h.
MAY_USE = {
    "base": {"base"},
    "tensor": _TENSOR,
    "quantization": _QUANTIZATION,
    "ops": _OPS,
    "package": _PACKAGE,
    "backends": {"backends"} | _OPS,
    "backends/cpu": {"backends", "backends/cpu"} | _OPS,
    "backends/webgpu": {"backends", "backends/webgpu"} | _OPS,
    "model": _MODEL,
    "tokenizer": {"tokenizer", "base"},
    "generation": _GENERATION,
    "calibration": {"calibration", "tokenizer"} | _MODEL,
    "bindings": {"bindings"} | _RUNTIME,
    "tools": {"tools", "server", "calibration"} | _RUNTIME,
    "protocol": {"protocol", "base"},
    "server": {"server", "server/models", "server/net"} | _BELOW_SERVER,
    "server/metrics": {"server/metrics"} | _BELOW_SERVER,
    "server/http": {"server/http"} | _BELOW_SERVER,
    "server/models": {"server/models", "model"} | _BELOW_SERVER,
    "server/broker": {"server/broker", "server/metrics"} | _BELOW_SERVER,
    "server/session": {"server/session", "server/broker", "server/metrics", "server/models"}
    | _BELOW_SERVER,
    "server/openai": {"server/openai", "server/broker"} | _BELOW_SERVER,
    "server/net": {"server", "server/net", "server/session", "server/openai", "server/http",
                   "server/broker", "server/metrics", "server/models"} | _BELOW_SERVER,
}

# Libraries of others, and the only rooms that know them.
LIBRARY_ROOMS = {
    "boost/": {"server/net"},
    "simdjson.h": {"base", "tokenizer"},
    "utf8proc.h": {"tokenizer"},
    "spdlog/": {"server", "server/net"},
    "CLI/": {"tools", "server"},
    "Eigen/": {"calibration"},
}


def room_of(path: str) -> str:
    """The room of a file, or of an include as it is written in the sources."""
    path = path.removeprefix("runtime-wasm/")
    parts = path.split("/")
    if parts[0] in ("backends", "server") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def is_library(include: str) -> bool:
    return include.startswith(tuple(LIBRARY_ROOMS))


def cpp_sources() -> list[str]:
    return [name for name in source_tree.with_suffix(".cpp", ".h")
            if name.startswith(("runtime-wasm/", "server/", "protocol/"))]


class Layers(unittest.TestCase):
    def test_every_room_has_a_row(self):
        rooms = {room_of(name) for name in cpp_sources()}
        self.assertEqual(rooms - MAY_USE.keys(), set())

    def test_rooms_include_only_what_the_table_allows(self):
        for name in cpp_sources():
            allowed = MAY_USE[room_of(name)]
            for include in cpp_text.includes(source_tree.text(name))[0]:
                with self.subTest(file=name, include=include):
                    self.assertTrue(is_library(include) or room_of(include) in allowed)

    def test_includes_are_rooted(self):
        for name in cpp_sources():
            for include in cpp_text.includes(source_tree.text(name))[0]:
                with self.subTest(file=name, include=include):
                    self.assertNotIn("..", include)
                    self.assertTrue(
                        is_library(include) or (source_tree.ROOT / include).is_file()
                        or (source_tree.ROOT / "runtime-wasm" / include).is_file(),
                        "includes are written from runtime-wasm/ or from the root")

    def test_libraries_stay_in_their_rooms(self):
        for name in cpp_sources():
            quoted, angled = cpp_text.includes(source_tree.text(name))
            for include in quoted + angled:
                for prefix, rooms in LIBRARY_ROOMS.items():
                    if include.startswith(prefix):
                        with self.subTest(file=name, include=include):
                            self.assertIn(room_of(name), rooms)


class PageLayers(unittest.TestCase):
    """The pages stand on the library's public interface and do not know each other."""

    PAGES = ("chat", "dashboard")

    def test_pages_import_the_public_interface(self):
        for name, target in self.imports("web/src/"):
            room, wanted = self.web_room(name), self.web_room(target)
            with self.subTest(file=name, target=target):
                if room in self.PAGES and target.startswith("web/src/"):
                    self.assertIn(wanted, {room, "index", "index.ts"})

    def test_the_library_knows_no_page(self):
        for name, target in self.imports("web/src/"):
            with self.subTest(file=name, target=target):
                if self.web_room(name) not in self.PAGES:
                    self.assertNotIn(self.web_room(target), self.PAGES)

    @staticmethod
    def web_room(path: str) -> str:
        return path.removeprefix("web/src/").split("/")[0]

    @staticmethod
    def imports(folder: str):
        """(file, imported path from the root) for each relative import under a folder."""
        for name in source_tree.with_suffix(".ts"):
            if not name.startswith(folder):
                continue
            pattern = r"""(?:from|import|import\()\s*['"](\.[^'"]+)['"]"""
            for written in re.findall(pattern, source_tree.text(name)):
                base = (source_tree.ROOT / name).parent / written
                yield name, str(base.resolve().relative_to(source_tree.ROOT))


if __name__ == "__main__":
    unittest.main()
