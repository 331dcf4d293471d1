"""Files, functions and lines stay short enough to read."""

import unittest

import cpp_text
import source_tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100


class Sizes(unittest.TestCase):
    def test_files_are_at_most_500_lines(self):
        for name in source_tree.code_files():
            with self.subTest(file=name):
                self.assertLessEqual(source_tree.text(name).count("\n"), FILE_LINES_MAX)

    def test_cpp_functions_are_at_most_70_lines(self):
        for name in source_tree.with_suffix(".cpp", ".h"):
            if name.startswith(source_tree.GENERATED):
                continue
            for line, count in cpp_text.functions(source_tree.text(name)):
                with self.subTest(file=name, line=line):
                    self.assertLessEqual(count, FUNCTION_LINES_MAX)

    def test_typescript_functions_are_measured_by_eslint(self):
        rules = source_tree.text("eslint.config.js")
        self.assertIn(f"'max-lines-per-function': ['error', {{ max: {FUNCTION_LINES_MAX}", rules)
        self.assertIn(f"'max-lines': ['error', {FILE_LINES_MAX}]", rules)

    def test_lines_are_at_most_100_columns(self):
        for name in source_tree.code_files():
            if name.endswith((".cpp", ".h")):
                continue  # clang-format's business, which lets raw string literals be
            is_prettiers = name.endswith((".ts", ".mjs", ".js", ".css"))
            for number, line in enumerate(source_tree.text(name).splitlines(), 1):
                if is_prettiers and not line.lstrip().startswith(("//", "/*", "*")):
                    continue  # Prettier breaks code, and lets template literals be
                if len(line) > COLUMNS_MAX and "://" not in line:
                    with self.subTest(file=name, line=number):
                        self.fail(f"{len(line)} columns")


class Measuring(unittest.TestCase):
    """The measure itself: a limit that nothing can break is no limit."""

    def test_a_function_is_measured_from_its_head_to_its_brace(self):
        source = "namespace a {\nstruct B {\n  int c() const {\n    if (d) {\n    }\n  }\n};\n}\n"
        self.assertEqual(cpp_text.functions(source), [(3, 4)])

    def test_braces_in_literals_and_comments_do_not_count(self):
        source = "int f() {\n  // {\n  const char* a = \"}\";\n  return '{';\n}\n"
        self.assertEqual(cpp_text.functions(source), [(1, 5)])

    def test_a_long_function_is_found(self):
        source = "void f() {\n" + "  g();\n" * FUNCTION_LINES_MAX + "}\n"
        self.assertGreater(cpp_text.functions(source)[0][1], FUNCTION_LINES_MAX)


if __name__ == "__main__":
    unittest.main()
