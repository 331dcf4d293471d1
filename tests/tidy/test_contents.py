"""The repository speaks of the project alone, and what is generated is fresh."""

import re
import subprocess
import unittest

import source_tree

HOSTS = re.compile(
    r"\b(?:deb|security|snapshot)\.debian\.org|registry\.npmjs\.org|\bpypi\.org|"
    r"files\.pythonhosted\.org|proxy\.golang\.org|static\.crates\.io"
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:root|home/\w+|work|mnt|Users)/")


class Contents(unittest.TestCase):
    def test_no_machine_s_paths_or_package_hosts(self):
        for name in source_tree.files():
            if name.startswith("tests/tidy/"):
                continue
            for number, line in enumerate(source_tree.text(name).splitlines(), 1):
                for pattern in (HOSTS, MACHINE_PATHS):
                    if found := pattern.search(line):
                        with self.subTest(file=name, line=number):
                            self.fail(found.group())

    def test_files_end_with_one_newline_and_have_no_trailing_blanks(self):
        for name in source_tree.code_files():
            source = source_tree.text(name)
            with self.subTest(file=name):
                self.assertTrue(source.endswith("\n") and not source.endswith("\n\n"))
                self.assertIsNone(re.search(r"[ \t]+$", source, re.MULTILINE))

    def test_generated_protocol_files_are_up_to_date(self):
        check = subprocess.run(["node", "protocol/generate.mjs", "--check"],
                               cwd=source_tree.ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_shaders_say_what_they_compute_and_what_variables_begin_with(self):
        for name in source_tree.with_suffix(".wgsl"):
            source = source_tree.text(name)
            with self.subTest(file=name):
                self.assertTrue(source.startswith("//"), "no opening comment")
                # Engines leave one without a value as it was when a loop comes by again.
                self.assertIsNone(re.search(r"^\s+var \w+: [^=]*;", source, re.MULTILINE))

    def test_scripts_are_executable(self):
        for name in source_tree.files():
            if source_tree.text(name).startswith("#!"):
                with self.subTest(file=name):
                    self.assertTrue((source_tree.ROOT / name).stat().st_mode & 0o100)

    def test_the_embedded_model_stays_under_35_mb(self):
        folder = source_tree.ROOT / "tests/models/story15m"
        weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        self.assertLess(weights, 35_000_000)


if __name__ == "__main__":
    unittest.main()
