"""Measures what quantization costs and writes docs/accuracy: results.json, a table, a plot.

    npm run report:accuracy -- [--measure NAME...] [--package NAME=DIR...]

Without options it draws again what results.json holds. --measure converts story15m to each of the
named weights (f16, q8, q4, q4s, q3, q2, mixed:BITS) and evaluates it; --package evaluates a package
that is there already, such as a tuned one.
"""

import argparse
import json
import math
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/accuracy"
MODEL = ROOT / "tests/models/story15m"
TESSERA = ROOT / "build/native/tessera"
PACKAGES = ROOT / "build/accuracy"
WINDOWS = 199


def package_of(weights):
    folder = PACKAGES / weights.replace(":", "_")
    if not folder.exists():
        calibration = ["--calibration", "builtin"] if weights in ("q4", "q4s") else []
        subprocess.run([TESSERA, "convert", MODEL, "--out", folder, "--weights", weights,
                        *calibration], check=True)
    return folder


def evaluate(package):
    command = [TESSERA, "evaluate", package, "--text", MODEL / "val_books.txt", "--window", "512",
               "--windows", str(WINDOWS), "--against", package_of("f16"), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def row(name, result, full):
    bits = result["bits_per_weight"]
    against = result.get("against", {})
    worse = result["perplexity"] / full["perplexity"] - 1
    less = 1 - result["top1_accuracy"] / full["top1_accuracy"]

    def shown(key):
        return f"{against[key]:.4f}" if key in against else "–"

    return (f"| {name} | {bits['linear']:.2f} | {bits['file']:.2f} | {result['perplexity']:.2f} | "
            f"{worse:+.1%} | {result['top1_accuracy']:.2%} | {-less:+.1%} | "
            f"{shown('kl_divergence_mean')} | {shown('kl_divergence_p99')} | "
            f"{shown('top1_agreement')} |")


def table(results, others):
    full = results["f16"]
    lines = ["| weights | bits, linear layers | bits, file | perplexity | against f16 | top-1 | "
             "against f16 | KL mean | KL 99 % | top-1 agreement |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    order = sorted(results, key=lambda name: -results[name]["bits_per_weight"]["linear"])
    lines += [row(name, results[name], full) for name in order]
    for other in others:
        worse = other["perplexity"] / full["perplexity"] - 1
        lines.append(f"| {other['name']} | {other['bits']:.2f} | | {other['perplexity']:.2f} | "
                     f"{worse:+.1%} | | | | | |")
    return "\n".join(lines)


class Plot:
    """Perplexity above f16 over bits per weight, on a logarithmic axis."""

    width, height, left, bottom = 720, 420, 70, 50
    bits = (1.9, 4.8)
    worse = (0.01, 2.0)

    def __init__(self, full):
        self.full = full
        self.parts = []

    def x(self, bits):
        share = (bits - self.bits[0]) / (self.bits[1] - self.bits[0])
        return self.left + share * (self.width - self.left - 20)

    def y(self, worse):
        low, high = (math.log(end) for end in self.worse)
        share = (math.log(min(max(worse, self.worse[0]), self.worse[1])) - low) / (high - low)
        return self.height - self.bottom - share * (self.height - self.bottom - 20)

    def text(self, x, y, words, anchor="start"):
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{words}</text>')

    def axes(self):
        for bits in (2, 2.5, 3, 3.5, 4, 4.5):
            self.text(self.x(bits), self.height - self.bottom + 20, bits, "middle")
        for worse in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2):
            y = self.y(worse)
            self.parts.append(f'<path class="grid" d="M{self.left} {y:.0f}H{self.width - 20}"/>')
            self.text(self.left - 8, y + 4, f"+{worse:.0%}", "end")
        self.text(self.width / 2, self.height - 8, "bits per weight, linear layers", "middle")

    def points(self, kind, points):
        for name, bits, perplexity in points:
            worse = perplexity / self.full - 1
            self.parts.append(f'<circle class="{kind}" r="5" cx="{self.x(bits):.0f}" '
                              f'cy="{self.y(worse):.0f}"/>')
            self.text(self.x(bits) + 8, self.y(worse) + 4, name)

    def svg(self):
        style = ("text{font:12px sans-serif;fill:#444}.grid{stroke:#ddd}"
                 ".ours{fill:#0a6}.others{fill:#c60}")
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}">'
                f'<title>Perplexity above f16 over bits per weight</title><style>{style}</style>'
                f'<rect width="100%" height="100%" fill="#fff"/>{"".join(self.parts)}</svg>\n')


def write_report(results, others):
    full = results["f16"]["perplexity"]
    plot = Plot(full)
    plot.axes()
    plot.points("others", [(o["name"], o["bits"], o["perplexity"]) for o in others])
    plot.points("ours", [(name.split(",")[0], r["bits_per_weight"]["linear"], r["perplexity"])
                         for name, r in results.items() if name not in ("f16", "q8")])
    (FOLDER / "perplexity.svg").write_text(plot.svg())
    (FOLDER / "README.md").write_text(
        (FOLDER / "preface.md").read_text() + "\n" + table(results, others) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--measure", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--package", nargs="*", default=[], metavar="NAME=DIR")
    options = parser.parse_args()
    path = FOLDER / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    packages = {name: package_of(name) for name in options.measure}
    packages |= dict(pair.split("=", 1) for pair in options.package)
    for name, package in packages.items():
        results[name] = evaluate(package)
        path.write_text(json.dumps(results, indent=2) + "\n")
        print(name, results[name], flush=True)
    write_report(results, json.loads((FOLDER / "others.json").read_text()))


if __name__ == "__main__":
    main()
