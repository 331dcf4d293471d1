"""What whole packages must keep to, by the native tool: check_packages.py TESSERA RESULT.

The perplexity of story15m at f16, by the protocol of its reference.json, and the memory that
converting a large model takes. Writes the counts of its tests to RESULT.
"""

import json
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORY15M = ROOT / "tests/models/story15m"
PERPLEXITY_TOLERANCE = 1e-3
CONVERT_MEMORY_BYTES_MAX = 200 << 20  # beside the largest tensor
TESSERA = sys.argv[1]


def tessera(*arguments: str) -> str:
    return subprocess.run([TESSERA, *arguments], check=True, capture_output=True, text=True).stdout


def shapes_of(config: dict) -> dict[str, list[int]]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    keys = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], hidden],
              "model.norm.weight": [hidden]}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        shapes |= {
            prefix + "input_layernorm.weight": [hidden],
            prefix + "post_attention_layernorm.weight": [hidden],
            prefix + "self_attn.q_proj.weight": [hidden, hidden],
            prefix + "self_attn.k_proj.weight": [keys, hidden],
            prefix + "self_attn.v_proj.weight": [keys, hidden],
            prefix + "self_attn.o_proj.weight": [hidden, hidden],
            prefix + "mlp.gate_proj.weight": [inner, hidden],
            prefix + "mlp.up_proj.weight": [inner, hidden],
            prefix + "mlp.down_proj.weight": [hidden, inner],
        }
    return shapes


def write_large_model(folder: pathlib.Path) -> int:
    """A model of 0.7 GB of zeros, a hole in the file; the size of its largest tensor in bytes."""
    config = {"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048,
              "intermediate_size": 8192, "num_hidden_layers": 5, "num_attention_heads": 32,
              "num_key_value_heads": 8, "max_position_embeddings": 2048,
              "tie_word_embeddings": True, "rms_norm_eps": 1e-5, "hidden_act": "silu"}
    header, offset, largest = {}, 0, 0
    for name, shape in shapes_of(config).items():
        size = 2 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset, largest = offset + size, max(largest, size)
    text = json.dumps(header).encode()
    (folder / "config.json").write_text(json.dumps(config))
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)
    return largest


class Packages(unittest.TestCase):
    def test_converting_keeps_within_the_largest_tensor_and_200_mb(self):
        # The first child process of this one: what its kind took at most is what it took.
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            largest = write_large_model(folder)
            tessera("convert", str(folder), "--out", str(folder / "package"), "--weights", "q4")
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
            print(f"peak memory {peak >> 20} MB, largest tensor {largest >> 20} MB")
            self.assertLess(peak, largest + CONVERT_MEMORY_BYTES_MAX)

    def test_story15m_at_f16_has_the_reference_perplexity(self):
        reference = json.loads((STORY15M / "reference.json").read_text())
        with tempfile.TemporaryDirectory() as scratch:
            package = str(pathlib.Path(scratch) / "package")
            tessera("convert", str(STORY15M), "--out", package, "--weights", "f16")
            measured = json.loads(tessera(
                "evaluate", package, "--text", str(STORY15M / "val_books.txt"), "--window", "512",
                "--windows", "199", "--json"))
        expected = reference["val_books"]["ppl"]
        print(f"perplexity {measured['perplexity']:.4f}, reference {expected:.4f}")
        self.assertLess(abs(measured["perplexity"] / expected - 1), PERPLEXITY_TOLERANCE)


if __name__ == "__main__":
    outcome = unittest.main(argv=sys.argv[:1], exit=False).result
    failed = len(outcome.failures) + len(outcome.errors)
    counts = {"passed": outcome.testsRun - failed, "failed": failed, "skipped": 0}
    pathlib.Path(sys.argv[2]).write_text(json.dumps(counts))
    sys.exit(1 if failed else 0)
