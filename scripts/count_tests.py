"""Adds up what the test suites reported: python3 scripts/count_tests.py SUITES.tsv.

Each line of SUITES.tsv names a suite, its exit status, its seconds, and the files it wrote its
results to (a glob; Catch2's XML, JUnit XML, Vitest's, Playwright's or our own JSON). A suite
without result files is one test: its command; one with "-" is a build, which counts only when it
fails. Prints a table and, alone on the last line, `N passed, N failed, N skipped`; exits 1 if
anything failed.
"""

import glob
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed,
                      self.skipped + other.skipped)


def read_xml(path: pathlib.Path) -> Counts:
    try:
        tree = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return Counts(failed=1)  # the program died while it wrote
    if tree.tag == "Catch2TestRun":
        cases = tree.find("OverallResultsCases")
        if cases is None:
            return Counts(failed=1)
        number = {key: int(value) for key, value in cases.attrib.items()}
        return Counts(number["successes"] + number["expectedFailures"], number["failures"],
                      number.get("skips", 0))
    number = {key: int(tree.get(key, "0")) for key in ("tests", "failures", "skipped", "disabled")}
    skipped = number["skipped"] + number["disabled"]
    return Counts(number["tests"] - number["failures"] - skipped, number["failures"], skipped)


def read_json(path: pathlib.Path) -> Counts:
    report = json.loads(path.read_text(encoding="utf-8"))
    if "stats" in report:  # Playwright
        stats = report["stats"]
        return Counts(stats["expected"], stats["unexpected"] + stats["flaky"]
                      + len(report.get("errors", [])), stats["skipped"])
    if "numTotalTests" in report:  # Vitest; a file that does not load fails without a test
        unloadable = sum(1 for file in report["testResults"]
                         if file["status"] == "failed" and not file["assertionResults"])
        return Counts(report["numPassedTests"], report["numFailedTests"] + unloadable,
                      report["numPendingTests"] + report.get("numTodoTests", 0))
    return Counts(report["passed"], report["failed"], report["skipped"])


def count_suite(status: int, pattern: str) -> Counts:
    if pattern == "-":
        return Counts(failed=int(status != 0))
    counts = Counts()
    paths = [pathlib.Path(path) for path in sorted(glob.glob(pattern))] if pattern else []
    for path in paths:
        counts += read_xml(path) if path.suffix == ".xml" else read_json(path)
    if not pattern and status == 0:
        return Counts(passed=1)
    if (status != 0 or counts.passed == 0) and counts.failed == 0:
        counts.failed = 1  # it broke, or ran nothing, without saying so
    return counts


def main() -> int:
    total = Counts()
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        name, status, seconds, pattern = line.split("\t")
        counts = count_suite(int(status), pattern)
        total += counts
        mark = "FAILED" if counts.failed else "ok"
        print(f"{name:<52}{mark:<8}{counts.passed:>6} passed {counts.failed:>4} failed "
              f"{counts.skipped:>4} skipped {float(seconds):>8.1f} s")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
