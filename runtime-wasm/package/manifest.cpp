#include "package/manifest.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/json.h"

namespace tessera {
namespace {

constexpr std::int64_t kExtentMax = std::int64_t{1} << 40;
constexpr std::int64_t kTensorSizeBytesMax = std::int64_t{1} << 46;
constexpr std::size_t kNameSizeMax = 256;

// A name that is not empty, not long, and has no control characters.
Result<std::string> parse_name(const JsonObject& object, std::string_view key) {
  TESSERA_TRY(const JsonValue value, object.require(key));
  TESSERA_TRY(const std::string_view name, value.string());
  const bool is_printable = std::none_of(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (name.empty() || name.size() > kNameSizeMax || !is_printable) {
    return value.error("must be 1.." + std::to_string(kNameSizeMax) + " printable bytes");
  }
  return std::string(name);
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<ShardEntry> parse_shard(const JsonValue& value) {
  TESSERA_TRY(const JsonObject object, value.object());
  ShardEntry shard;
  TESSERA_TRY(const std::string_view sha256, object.string("sha256"));
  if (!is_sha256(sha256)) {
    return value.error("\"sha256\" must be 64 lower-case hexadecimal digits");
  }
  shard.sha256 = sha256;
  TESSERA_TRY(const std::int64_t size_bytes,
              object.integer("size_bytes", 1, static_cast<std::int64_t>(kShardSizeBytesMax)));
  shard.size_bytes = static_cast<std::uint64_t>(size_bytes);
  TESSERA_TRY(shard.component, parse_name(object, "component"));
  TESSERA_TRY(const std::int64_t priority,
              object.integer("priority", std::numeric_limits<std::int32_t>::min(),
                             std::numeric_limits<std::int32_t>::max()));
  shard.priority = static_cast<std::int32_t>(priority);
  return shard;
}

Result<std::vector<ShardEntry>> parse_shards(const JsonObject& root) {
  TESSERA_TRY(const std::vector<JsonValue> values, root.array("shards"));
  if (values.size() > kManifestShardsMax) {
    return root.value().error("more than " + std::to_string(kManifestShardsMax) + " shards");
  }
  std::vector<ShardEntry> shards;
  shards.reserve(values.size());
  std::unordered_map<std::string_view, std::uint64_t> sizes;
  for (const JsonValue& value : values) {
    TESSERA_TRY(ShardEntry shard, parse_shard(value));
    shards.push_back(std::move(shard));
    const ShardEntry& added = shards.back();
    if (sizes.emplace(added.sha256, added.size_bytes).first->second != added.size_bytes) {
      return value.error("the same sha256 as an earlier shard of another size");
    }
  }
  return shards;
}

Result<Shape> parse_shape(const JsonObject& tensor) {
  TESSERA_TRY(const std::vector<JsonValue> values, tensor.array("shape"));
  if (values.empty() || values.size() > kRankMax) {
    return tensor.value().error("\"shape\" must have 1.." + std::to_string(kRankMax) + " extents");
  }
  std::vector<std::int64_t> extents;
  for (const JsonValue& value : values) {
    TESSERA_TRY(const std::int64_t extent, value.integer(1, kExtentMax));
    extents.push_back(extent);
  }
  return Shape(std::span<const std::int64_t>(extents));
}

Result<TensorPart> parse_part(const JsonValue& value, const std::vector<ShardEntry>& shards) {
  TESSERA_TRY(const JsonObject object, value.object());
  TESSERA_TRY(const std::int64_t shard,
              object.integer("shard", 0, static_cast<std::int64_t>(shards.size()) - 1));
  TESSERA_TRY(const std::int64_t offset, object.integer("offset", 0, kTensorSizeBytesMax));
  TESSERA_TRY(const std::int64_t size_bytes, object.integer("size_bytes", 1, kTensorSizeBytesMax));
  const TensorPart part{static_cast<std::uint32_t>(shard), static_cast<std::uint64_t>(offset),
                        static_cast<std::uint64_t>(size_bytes)};
  const std::uint64_t shard_size_bytes = shards[part.shard].size_bytes;
  if (part.offset + part.size_bytes > shard_size_bytes) {
    return value.error("ends at byte " + std::to_string(part.offset + part.size_bytes) +
                       " of shard " + std::to_string(part.shard) + ", which has " +
                       std::to_string(shard_size_bytes));
  }
  return part;
}

Result<TensorEntry> parse_tensor(const JsonValue& value, const std::vector<ShardEntry>& shards) {
  TESSERA_TRY(const JsonObject object, value.object());
  TensorEntry tensor;
  TESSERA_TRY(tensor.name, parse_name(object, "name"));
  TESSERA_TRY(const std::string_view type_name, object.string("type"));
  const auto type = data_type_from_name(type_name);
  if (!type) return value.error("unknown type \"" + std::string(type_name) + "\"");
  tensor.type = *type;
  TESSERA_TRY(tensor.shape, parse_shape(object));
  const auto size_bytes = tensor_size_bytes(tensor.type, tensor.shape);
  if (!size_bytes) return value.error(size_bytes.error().message);
  TESSERA_TRY(const std::vector<JsonValue> parts, object.array("parts"));
  std::uint64_t parts_size_bytes = 0;
  for (const JsonValue& part_value : parts) {
    TESSERA_TRY(const TensorPart part, parse_part(part_value, shards));
    parts_size_bytes += part.size_bytes;
    tensor.parts.push_back(part);
    if (parts_size_bytes > *size_bytes) break;
  }
  if (parts_size_bytes != *size_bytes) {
    return value.error("\"" + tensor.name + "\" of type " + std::string(type_name) + " and shape " +
                       tensor.shape.to_string() + " takes " + std::to_string(*size_bytes) +
                       " bytes, its parts do not");
  }
  return tensor;
}

Result<std::vector<TensorEntry>> parse_tensors(const JsonObject& root,
                                               const std::vector<ShardEntry>& shards) {
  TESSERA_TRY(const std::vector<JsonValue> values, root.array("tensors"));
  if (values.size() > kManifestTensorsMax) {
    return root.value().error("more than " + std::to_string(kManifestTensorsMax) + " tensors");
  }
  std::vector<TensorEntry> tensors;
  tensors.reserve(values.size());
  std::unordered_set<std::string_view> names;
  for (const JsonValue& value : values) {
    TESSERA_TRY(TensorEntry tensor, parse_tensor(value, shards));
    tensors.push_back(std::move(tensor));
    if (!names.insert(tensors.back().name).second) {
      return value.error("a second tensor named \"" + tensors.back().name + "\"");
    }
  }
  return tensors;
}

Result<void> check_format(const JsonObject& root) {
  TESSERA_TRY(const std::string_view format, root.string("format"));
  if (format != "tessera-package") {
    return root.value().error("\"format\" is not \"tessera-package\"");
  }
  TESSERA_TRY(const std::int64_t version, root.integer("version"));
  if (version != kManifestVersion) {
    return Error{ErrorCode::kUnsupported, "version " + std::to_string(version) +
                                              " of the package format; this build reads " +
                                              std::to_string(kManifestVersion) +
                                              ": convert the model again"};
  }
  return {};
}

// Bytes of another layout would be read as other weights.
Result<void> check_low_bit_layout(const JsonObject& root, const std::vector<TensorEntry>& tensors) {
  TESSERA_TRY(const auto layout, root.optional_integer("low_bit_layout"));
  const auto has_other_layout = [&](const TensorEntry& tensor) {
    if (tensor.type == DataType::kQ2) return layout != kLowBitLayout;
    return tensor.type == DataType::kQ3 && layout != kLowBitLayout &&
           layout != kLowBitLayoutOfBytes;
  };
  const auto tensor = std::find_if(tensors.begin(), tensors.end(), has_other_layout);
  if (tensor == tensors.end()) return {};
  return Error{ErrorCode::kUnsupported,
               "\"" + tensor->name + "\" of type " + std::string(data_type_name(tensor->type)) +
                   " has another layout than this build reads: convert the model again"};
}

Result<std::string> parse_object_text(const JsonObject& root, std::string_view key) {
  TESSERA_TRY(const auto object, root.optional_object(key));
  return object ? object->value().text() : std::string("{}");
}

Result<void> parse_tokenizer(const JsonObject& root, Manifest& manifest) {
  TESSERA_TRY(const auto tokenizer, root.optional_object("tokenizer"));
  if (!tokenizer) return {};
  TESSERA_TRY(
      const std::int64_t shard,
      tokenizer->integer("shard", 0, static_cast<std::int64_t>(manifest.shards.size()) - 1));
  manifest.tokenizer_shard = static_cast<std::uint32_t>(shard);
  return {};
}

Result<KvLayerRows> parse_kv_layer(const JsonValue& value) {
  TESSERA_TRY(const std::vector<JsonValue> pair, value.array());
  if (pair.size() != 2) return value.error("must be the bytes of a key and those of a value");
  TESSERA_TRY(const std::int64_t key, pair[0].integer(1, kv_row_bytes_max(kKvHeadSizeMax)));
  TESSERA_TRY(const std::int64_t of_value, pair[1].integer(1, kv_row_bytes_max(kKvHeadSizeMax)));
  return KvLayerRows{static_cast<std::int32_t>(key), static_cast<std::int32_t>(of_value)};
}

Result<void> parse_kv_cache(const JsonObject& root, Manifest& manifest) {
  TESSERA_TRY(const auto cache, root.optional_object("kv_cache"));
  if (!cache) return {};
  TESSERA_TRY(const JsonObject row_bytes, cache->object("row_bytes"));
  for (const KvType type : {KvType::k8, KvType::k4, KvType::k3, KvType::k2}) {
    if (!row_bytes.find(kv_type_name(type))) continue;
    TESSERA_TRY(const std::vector<JsonValue> layers, row_bytes.array(kv_type_name(type)));
    KvCacheRows rows{type, {}};
    for (const JsonValue& layer : layers) {
      TESSERA_TRY(rows.layers.emplace_back(), parse_kv_layer(layer));
    }
    manifest.kv_rows.push_back(std::move(rows));
  }
  return {};
}

Result<Manifest> parse_root(const JsonObject& root) {
  TESSERA_TRY_VOID(check_format(root));
  Manifest manifest;
  TESSERA_TRY(manifest.name, parse_name(root, "name"));
  TESSERA_TRY(manifest.architecture, parse_name(root, "architecture"));
  TESSERA_TRY(const JsonObject configuration, root.object("configuration"));
  manifest.configuration_json = configuration.value().text();
  TESSERA_TRY(manifest.generation_json, parse_object_text(root, "generation"));
  TESSERA_TRY(manifest.special_tokens_json, parse_object_text(root, "special_tokens"));
  TESSERA_TRY(manifest.quantization_json, parse_object_text(root, "quantization"));
  TESSERA_TRY(const auto chat_template, root.optional_string("chat_template"));
  if (chat_template) manifest.chat_template = *chat_template;
  TESSERA_TRY(manifest.shards, parse_shards(root));
  TESSERA_TRY_VOID(parse_tokenizer(root, manifest));
  TESSERA_TRY_VOID(parse_kv_cache(root, manifest));
  TESSERA_TRY(manifest.tensors, parse_tensors(root, manifest.shards));
  TESSERA_TRY_VOID(check_low_bit_layout(root, manifest.tensors));
  return manifest;
}

}  // namespace

const TensorEntry* Manifest::find_tensor(std::string_view tensor_name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const TensorEntry& tensor) {
    return tensor.name == tensor_name;
  });
  return found == tensors.end() ? nullptr : &*found;
}

Result<Manifest> parse_manifest(std::string_view json) {
  constexpr std::string_view kContext = "manifest.json";
  if (json.size() > kManifestSizeBytesMax) {
    return Error{ErrorCode::kInvalidFile, "manifest.json: " + std::to_string(json.size()) +
                                              " bytes, at most " +
                                              std::to_string(kManifestSizeBytesMax) + " allowed"};
  }
  const auto document = JsonDocument::parse(json);
  if (!document) return document.error().with_context(kContext);
  const auto root = document->root().object();
  if (!root) return root.error().with_context(kContext);
  auto manifest = parse_root(*root);
  if (!manifest) return manifest.error().with_context(kContext);
  return manifest;
}

}  // namespace tessera
