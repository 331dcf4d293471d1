"""One name runs through every room, and nothing is called what it is not."""

import pathlib
import re
import unittest

import cpp_text
import source_tree

FORBIDDEN_PATH = re.compile(
    r"(?:^|[/_.-])(utils?|helpers?|common|managers?|misc)(?:[/_.-]|$)", re.IGNORECASE)
FORBIDDEN_WORD = re.compile(r"\b\w*(?:Utils?|Helpers?|Managers?)\b")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def stems(folder: str, suffix: str) -> set[str]:
    return {pathlib.PurePath(name).name.removesuffix(suffix) for name in source_tree.files()
            if str(pathlib.PurePath(name).parent) == folder and name.endswith(suffix)}


def operations() -> set[str]:
    """The ops are the headers that the variant in ops/op.h lists."""
    included = cpp_text.includes(source_tree.text("runtime-wasm/ops/op.h"))[0]
    return {pathlib.PurePath(i).stem for i in included if i.startswith("ops/")}


class OneNameThroughEveryRoom(unittest.TestCase):
    def test_there_are_ops(self):
        self.assertGreater(len(operations()), 5)

    def test_every_op_has_a_kernel_in_the_cpu_backend(self):
        self.assertEqual(operations() - stems("runtime-wasm/backends/cpu", ".cpp"), set())

    def test_every_op_has_a_recorder_and_a_shader_in_the_webgpu_backend(self):
        self.assertEqual(operations() - stems("runtime-wasm/backends/webgpu", ".cpp"), set())
        shaders = stems("shaders/ops", ".wgsl")
        for operation in operations():
            with self.subTest(op=operation):
                self.assertTrue(any(f"{name}_".startswith(f"{operation}_") for name in shaders))

    def test_every_op_has_a_test(self):
        self.assertEqual(operations() - stems("tests/runtime/ops", "_test.cpp"), set())

    def test_every_fuzz_target_has_a_corpus_and_every_corpus_a_target(self):
        corpora = {path.name for path in (source_tree.ROOT / "tests/fuzz/corpus").glob("*")
                   if any(path.iterdir())}
        self.assertEqual(stems("tests/fuzz", "_fuzz.cpp"), corpora)


class Names(unittest.TestCase):
    def test_no_file_or_folder_has_a_name_that_says_nothing(self):
        for name in source_tree.files():
            with self.subTest(file=name):
                self.assertIsNone(FORBIDDEN_PATH.search(name))

    def test_no_identifier_is_a_manager_or_a_helper(self):
        for name in source_tree.with_suffix(".cpp", ".h", ".ts"):
            source = cpp_text.blank_literals(source_tree.text(name))
            with self.subTest(file=name):
                self.assertIsNone(FORBIDDEN_WORD.search(source))

    def test_sources_are_named_in_their_language_s_way(self):
        for name in source_tree.with_suffix(".cpp", ".h"):
            with self.subTest(file=name):
                self.assertRegex(pathlib.PurePath(name).name, r"^[a-z0-9_]+\.(cpp|h)$")

    def test_nothing_is_left_unfinished(self):
        for name in source_tree.code_files():
            if name.startswith("tests/tidy/"):
                continue
            with self.subTest(file=name):
                self.assertIsNone(UNFINISHED.search(source_tree.text(name)))


class Reachable(unittest.TestCase):
    def test_every_header_is_included(self):
        included = set()
        for name in source_tree.with_suffix(".cpp", ".h"):
            folder = pathlib.PurePath(name).parent
            for include in cpp_text.includes(source_tree.text(name))[0]:
                included |= {include, f"runtime-wasm/{include}", f"tests/{include}",
                             str(folder / include)}
        for name in source_tree.with_suffix(".h"):
            with self.subTest(file=name):
                self.assertTrue(name in included, "no file includes it")

    def test_headers_are_guarded_and_say_what_they_are(self):
        for name in source_tree.with_suffix(".h"):
            with self.subTest(file=name):
                self.assertTrue(source_tree.text(name).startswith("//"), "no opening comment")
                self.assertIn("#pragma once", source_tree.text(name))

    def test_every_typescript_file_is_imported_or_an_entry(self):
        mentioned, mentioned_by_tests = set(), set()
        for name in source_tree.with_suffix(".ts", ".html", ".js", ".json", ".mjs"):
            is_test = name.endswith(".test.ts") and name.startswith("web/src/")
            folder = (source_tree.ROOT / name).parent
            pattern = r"""['"\s](\.{0,2}/?[\w./-]+\.ts)\b"""
            for written in re.findall(pattern, source_tree.text(name)):
                for base in (folder, source_tree.ROOT, source_tree.ROOT / "web"):
                    path = (base / written.lstrip("/")).resolve()
                    if path.is_relative_to(source_tree.ROOT):
                        found = mentioned_by_tests if is_test else mentioned
                        found.add(str(path.relative_to(source_tree.ROOT)))
        for name in source_tree.with_suffix(".ts"):
            if re.search(r"\.(test|spec|config|d)\.ts$", name):
                continue
            with self.subTest(file=name):
                # What only its own test imports is dead, but for what is there for tests.
                is_support = name.startswith("web/test-support/") and name in mentioned_by_tests
                self.assertTrue(name in mentioned or is_support, "no file imports it")


if __name__ == "__main__":
    unittest.main()
