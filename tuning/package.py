"""Reads a Tessera package and writes it again with other tensors of the same formats and shapes
(runtime-wasm/package/manifest.h, runtime-wasm/quantization)."""

import hashlib
import json
import pathlib
import shutil

import numpy as np

ROWS, COLUMNS = 8, 32  # of a block


LOW_BIT_LAYOUT = 3  # of q2 and q3 (runtime-wasm/package/manifest.h)


def read_manifest(folder):
    manifest = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
    has_low_bits = any(tensor["type"] in ("q2", "q3") for tensor in manifest["tensors"])
    if has_low_bits and manifest.get("low_bit_layout") != LOW_BIT_LAYOUT:
        raise SystemExit(f"{folder} has q2 or q3 in another layout: convert the model again")
    return manifest


def blocks_of(values, fill):
    """[rows, columns] as [panels, groups, 8, 32], padded with `fill`."""
    rows, columns = values.shape
    panels, groups = -(-rows // ROWS), -(-columns // COLUMNS)
    padded = np.full((panels * ROWS, groups * COLUMNS), fill, values.dtype)
    padded[:rows, :columns] = values
    return padded.reshape(panels, ROWS, groups, COLUMNS).transpose(0, 2, 1, 3)


def lines_of(values, rows):
    """[rows, groups] as [panels, groups, 8]."""
    panels = -(-rows // ROWS)
    padded = np.zeros((panels * ROWS, values.shape[1]), values.dtype)
    padded[:rows] = values
    return padded.reshape(panels, ROWS, -1).transpose(0, 2, 1)


def joined(*parts):
    """Parts of every block, each [panels, groups, ...], as the bytes of a matrix."""
    flat = [np.ascontiguousarray(part).view(np.uint8).reshape(*part.shape[:2], -1)
            for part in parts]
    return np.concatenate(flat, -1).tobytes()


def scale_codes(scales):
    """The bytes of q2's and q3's scales: four bits of exponent above 2^-13, four of fraction."""
    bits = scales.astype(np.float32).view(np.uint32)
    return ((bits >> 19) - ((127 - 13) << 4)).astype(np.uint8)


def bit_bytes(split, bit):
    """That bit of [..., row, last, half, odd, j] as bytes [..., row, half, odd]."""
    ones = split >> bit & 1
    return sum(ones[:, :, :, last, :, :, j] << (4 * last + j)
               for last in range(2) for j in range(4)).astype(np.uint8)


def pack_low_bits(bits, quants, scales, zeros):
    rows = quants.shape[0]
    quants = blocks_of(quants, 0)
    panels, groups = quants.shape[:2]
    steps = (zeros - 0.5) * 8 if bits == 2 else zeros * 32
    codes = lines_of(np.round(steps).astype(np.uint8), rows)
    if bits == 2:
        codes = codes[..., :4] | codes[..., 4:] << 4
    parts = [lines_of(scale_codes(scales), rows), codes]
    # column = 16 last + 8 half + 4 odd + j
    split = quants.reshape(panels, groups, ROWS, 2, 2, 2, 4)
    low = np.stack([bit_bytes(split, 0), bit_bytes(split, 1)], -1)  # [row, half, odd, bit]
    parts.append(low.transpose(0, 1, 3, 4, 2, 5))
    if bits == 3:
        parts.append(bit_bytes(split, 2).transpose(0, 1, 4, 2, 3))  # [odd, row, half]
    return joined(*parts)


def signed_scale_codes(scales):
    """The bytes of q4s's scales: the sign, four bits of exponent above 2^-14, three of fraction."""
    bits = scales.astype(np.float32).view(np.uint32)
    return ((bits >> 24 & 0x80) | ((bits >> 20 & 0x7ff) - ((127 - 14) << 3))).astype(np.uint8)


def pack_q4(quants, stored_scales):
    rows = quants.shape[0]
    quants = blocks_of(quants, 8)
    panels, groups = quants.shape[:2]
    halves = quants.reshape(panels, groups, ROWS, 2, 4, 4)  # column = 16 half + 4 chunk + j
    nibbles = (halves[:, :, :, 0] | halves[:, :, :, 1] << 4).astype(np.uint8)
    return joined(lines_of(stored_scales, rows), nibbles.transpose(0, 1, 3, 2, 4))


def pack_q8(weights):
    rows = weights.shape[0]
    groups = blocks_of(weights.astype(np.float32), 0.0)
    scales = (np.abs(groups).max(-1) / 127).astype(np.float16)
    safe = np.where(scales == 0, 1, scales).astype(np.float32)[..., None]
    quants = np.clip(np.round(groups / safe), -127, 127).astype(np.int8)
    quants = quants.reshape(*quants.shape[:2], ROWS, 8, 4).transpose(0, 1, 3, 2, 4)
    return joined(scales, quants)


def tensor_bytes(entry, state):
    """A tensor's bytes of what training left: integers and lines, or plain numbers."""
    name, kind = entry["name"], entry["type"]
    if name + ".quants" in state:
        quants = state[name + ".quants"].reshape(entry["shape"])
        scales = state[name + ".scales"].reshape(entry["shape"][0], -1)
        zeros = state[name + ".zeros"].reshape(entry["shape"][0], -1)
        if kind == "q4":
            return pack_q4(quants, scales.astype(np.float16))
        if kind == "q4s":
            return pack_q4(quants, signed_scale_codes(scales))
        return pack_low_bits(2 if kind == "q2" else 3, quants, scales, zeros)
    values = state[name].astype(np.float32)
    if kind == "q8":
        return pack_q8(values)
    if kind in ("f32", "f16"):
        return values.astype(np.float32 if kind == "f32" else np.float16).tobytes()
    raise SystemExit(f"{name} has type {kind}, which cannot be tuned; "
                     "known: q2, q3, q4, q4s, q8, f16")


def write_tuned(package, out, state, note):
    """`package` again as `out`, with every tensor that `state` has. Written beside and moved."""
    package, out = pathlib.Path(package), pathlib.Path(out)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "shards").mkdir(parents=True)
    manifest = read_manifest(package)
    shards = [bytearray((package / "shards" / shard["sha256"]).read_bytes())
              for shard in manifest["shards"]]
    for entry in manifest["tensors"]:
        if entry["name"] not in state and entry["name"] + ".quants" not in state:
            continue
        data = tensor_bytes(entry, state)
        assert len(data) == sum(part["size_bytes"] for part in entry["parts"]), entry["name"]
        for part in entry["parts"]:
            shard, offset, size = part["shard"], part["offset"], part["size_bytes"]
            shards[shard][offset:offset + size] = data[:size]
            data = data[size:]
    for shard, data in zip(manifest["shards"], shards):
        shard["sha256"] = hashlib.sha256(data).hexdigest()
        (partial / "shards" / shard["sha256"]).write_bytes(data)
    manifest["quantization"] = {**manifest.get("quantization", {}), "tuning": note}
    (partial / "manifest.json").write_text(json.dumps(manifest))
    partial.rename(out)
