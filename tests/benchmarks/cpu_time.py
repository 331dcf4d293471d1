"""Processor time per token on one thread: Tessera as Wasm in Node, natively, and llama.cpp.

    python3 tests/benchmarks/cpu_time.py [decode|prefill]

A machine that does other things too spoils every time but this one: each figure is the difference
of two runs' processor time, so that loading and compiling drop out. Needs what `bench:peers` leaves
in build/peers and in the cache. TESSERA_BUILD_DIR names another build to compare with.
"""

import os
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "build/peers/82m"
LLAMA_BENCH = pathlib.Path.home() / ".cache/tessera/llama.cpp/build/bin/llama-bench"
RUNS = 2


def tessera_wasm(prompt: int, tokens: int) -> list[str]:
    return [str(ROOT / "node_modules/.bin/node"), "--disable-warning=ExperimentalWarning",
            "e2e/tools/bench.ts", "--engine", "node",
            *tessera_options(prompt, tokens), "--package", str(PACKAGE)]


def tessera_native(prompt: int, tokens: int) -> list[str]:
    builds = ROOT / os.environ.get("TESSERA_BUILD_DIR", "build")
    return [str(builds / "native/tessera"), "bench", str(PACKAGE),
            *tessera_options(prompt, tokens)]


def tessera_options(prompt: int, tokens: int) -> list[str]:
    return ["--threads", "1", "--runs", str(RUNS), "--prompt-tokens", str(prompt),
            "--tokens", str(tokens)]


def llama_cpp(prompt: int, tokens: int) -> list[str]:
    return [str(LLAMA_BENCH), "-m", str(ROOT / "build/peers/82m-q4_0.gguf"), "-t", "1",
            "-r", str(RUNS), "-p", str(prompt), "-n", str(tokens)]


def processor_seconds(command: list[str]) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return used() - before


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "decode"
    few, many, tokens = ((16, 1), (272, 1), 256) if what == "prefill" else ((4, 8), (4, 72), 64)
    # Tessera warms up with a whole run, llama.cpp with a prompt and one token.
    llama_runs = RUNS + 1 if what == "prefill" else RUNS
    contestants = [("Tessera, Wasm in Node", tessera_wasm, RUNS + 1),
                   ("Tessera, native", tessera_native, RUNS + 1),
                   ("llama.cpp, native", llama_cpp, llama_runs)]
    for name, command, runs in contestants:
        difference = processor_seconds(command(*many)) - processor_seconds(command(*few))
        each = difference / runs / tokens
        print(f"{what}, {name}: {each * 1e3:.2f} ms a token, {1 / each:.0f} tokens a second")


if __name__ == "__main__":
    main()
