#include <algorithm>

#include "base/json_writer.h"
#include "package/manifest.h"

namespace tessera {
namespace {

void write_tensor(JsonWriter& json, const TensorEntry& tensor) {
  json.begin_object().key("name").string(tensor.name);
  json.key("type").string(data_type_name(tensor.type));
  json.key("shape").begin_array();
  for (const std::int64_t extent : tensor.shape.dims()) json.integer(extent);
  json.end_array().key("parts").begin_array();
  for (const TensorPart& part : tensor.parts) {
    json.begin_object().key("shard").integer(part.shard);
    json.key("offset").integer(static_cast<std::int64_t>(part.offset));
    json.key("size_bytes").integer(static_cast<std::int64_t>(part.size_bytes)).end_object();
  }
  json.end_array().end_object();
}

void write_shard(JsonWriter& json, const ShardEntry& shard) {
  json.begin_object().key("sha256").string(shard.sha256);
  json.key("size_bytes").integer(static_cast<std::int64_t>(shard.size_bytes));
  json.key("component").string(shard.component);
  json.key("priority").integer(shard.priority).end_object();
}

bool has_low_bits(const TensorEntry& tensor) {
  return tensor.type == DataType::kQ3 || tensor.type == DataType::kQ2;
}

}  // namespace

void write_kv_cache(JsonWriter& json, const Manifest& manifest) {
  json.begin_object().key("row_bytes").begin_object();
  for (const auto& [type, layers] : manifest.kv_rows) {
    json.key(kv_type_name(type)).begin_array();
    for (const KvLayerRows& layer : layers) {
      json.begin_array().integer(layer.key_bytes).integer(layer.value_bytes).end_array();
    }
    json.end_array();
  }
  json.end_object().end_object();
}

std::string write_manifest(const Manifest& manifest) {
  JsonWriter json;
  json.begin_object().key("format").string("tessera-package");
  json.key("version").integer(kManifestVersion);
  if (std::ranges::any_of(manifest.tensors, has_low_bits)) {
    json.key("low_bit_layout").integer(kLowBitLayout);
  }
  json.key("name").string(manifest.name);
  json.key("architecture").string(manifest.architecture);
  json.key("configuration").raw(manifest.configuration_json);
  json.key("generation").raw(manifest.generation_json);
  json.key("chat_template");
  manifest.chat_template ? json.string(*manifest.chat_template) : json.null();
  json.key("special_tokens").raw(manifest.special_tokens_json);
  if (manifest.quantization_json != "{}") {
    json.key("quantization").raw(manifest.quantization_json);
  }
  if (!manifest.kv_rows.empty()) {
    json.key("kv_cache");
    write_kv_cache(json, manifest);
  }
  json.key("tokenizer");
  if (manifest.tokenizer_shard) {
    json.begin_object().key("shard").integer(*manifest.tokenizer_shard).end_object();
  } else {
    json.null();
  }
  json.key("tensors").begin_array();
  for (const TensorEntry& tensor : manifest.tensors) write_tensor(json, tensor);
  json.end_array().key("shards").begin_array();
  for (const ShardEntry& shard : manifest.shards) write_shard(json, shard);
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace tessera
