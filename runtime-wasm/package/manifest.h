// Manifest: what a model package contains. manifest.json names the architecture, its configuration,
// the tokenizer, every tensor and every shard; shards lie beside it as shards/<sha256>.
//
//   {
//     "format": "tessera-package", "version": 1,
//     "low_bit_layout": 3,                // only if there are tensors of type q2 or q3
//     "name": "SmolLM2-135M-Instruct",
//     "architecture": "llama",
//     "configuration": { Hugging Face config.json, verbatim or made from GGUF metadata },
//     "generation": { "end_token_ids": [2], "temperature": 0.2, "top_p": 0.9, ... defaults },
//     "chat_template": "{% for message in messages %}..." or null,
//     "special_tokens": { "bos_token": "<s>" or null, "eos_token": "</s>" or null },
//     "kv_cache": { "row_bytes": { "2": [ [18, 20], ... ] } },  // or absent: what keys and values
//                          of each layer take in a packed KV cache, where not kv_row_bytes()
//     "quantization": { "method": "gptq", "calibration": {...}, ... how it was quantized } or
//     absent, "tokenizer": { "shard": 0 },        // that shard is a whole Hugging Face
//     tokenizer.json; or null "tensors": [ { "name": "model.norm.weight", "type": "f32", "shape":
//     [576],
//                    "parts": [ { "shard": 3, "offset": 0, "size_bytes": 2304 } ] } ],
//     "shards": [ { "sha256": "<64 hex>", "size_bytes": 8388608,
//                   "component": "language_model", "priority": 0 } ]
//   }
//
// A tensor's parts, joined in order, are its bytes (tensor/data_type.h). Shards are loaded in order
// of priority, lowest first, and of index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "quantization/kv_row.h"
#include "tensor/data_type.h"
#include "tensor/shape.h"

namespace tessera {

class JsonWriter;

inline constexpr int kManifestVersion = 1;
// How q2 and q3 lie in their blocks (quantization/low_bits.h). Packages that name no layout hold
// the two bits of a weight side by side; in layout 2 the zero points of q2 are bytes, and q3 is as
// it is now.
inline constexpr int kLowBitLayout = 3;
inline constexpr int kLowBitLayoutOfBytes = 2;
inline constexpr std::size_t kManifestSizeBytesMax = 16u << 20;
inline constexpr std::size_t kShardSizeBytesMax = 64u << 20;
inline constexpr std::size_t kShardSizeBytesTarget = 8u << 20;
inline constexpr std::size_t kManifestTensorsMax = 65'536;
inline constexpr std::size_t kManifestShardsMax = 65'536;

struct TensorPart {
  std::uint32_t shard = 0;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

struct TensorEntry {
  std::string name;
  DataType type = DataType::kF32;
  Shape shape;
  std::vector<TensorPart> parts;
};

struct ShardEntry {
  std::string sha256;  // 64 lower-case hexadecimal digits
  std::uint64_t size_bytes = 0;
  std::string component;
  std::int32_t priority = 0;
};

struct Manifest {
  std::string name;
  std::string architecture;
  std::string configuration_json;        // the object's text
  std::string generation_json;           // the object's text, "{}" if absent
  std::string special_tokens_json;       // the object's text, "{}" if absent
  std::string quantization_json = "{}";  // the object's text, "{}" if absent
  std::optional<std::string> chat_template;
  std::optional<std::uint32_t> tokenizer_shard;
  std::vector<KvCacheRows> kv_rows;  // of packed types
  std::vector<TensorEntry> tensors;
  std::vector<ShardEntry> shards;

  // Null if there is no tensor of that name.
  const TensorEntry* find_tensor(std::string_view tensor_name) const;
};

// Reads and checks a manifest: every size, index, name, hash and part. Parts must lie inside their
// shards and add up to the tensor's size; names are unique. Errors: kInvalidFile naming the entry
// at fault; kUnsupported for another version.
Result<Manifest> parse_manifest(std::string_view json);

// The value of "kv_cache".
void write_kv_cache(JsonWriter& json, const Manifest& manifest);

// The canonical text of a manifest: what parse_manifest reads back to the same value.
std::string write_manifest(const Manifest& manifest);

}  // namespace tessera
