#include "tools/package_report.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/json.h"
#include "base/json_writer.h"
#include "tools/bits_per_weight.h"
#include "tools/sha256.h"

namespace tessera {
namespace {

std::int64_t parameter_count(const Manifest& manifest) {
  std::int64_t count = 0;
  for (const TensorEntry& tensor : manifest.tensors) count += tensor.shape.element_count();
  return count;
}

std::uint64_t tensor_bytes(const TensorEntry& tensor) {
  std::uint64_t size_bytes = 0;
  for (const TensorPart& part : tensor.parts) size_bytes += part.size_bytes;
  return size_bytes;
}

// "210 q4m, 1 q8, 61 f32"
std::string type_counts(const Manifest& manifest) {
  std::map<DataType, int> counts;
  for (const TensorEntry& tensor : manifest.tensors) ++counts[tensor.type];
  std::string text;
  for (const auto& [type, count] : counts) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " " + std::string(data_type_name(type));
  }
  return text;
}

template <typename... Arguments>
void append(std::string& text, const char* format, Arguments... arguments) {
  char line[512];
  std::snprintf(line, sizeof(line), format, arguments...);
  text += line;
}

void append_tensors(std::string& text, const Manifest& manifest) {
  std::size_t width = 6;
  for (const TensorEntry& tensor : manifest.tensors) width = std::max(width, tensor.name.size());
  append(text, "\n%-*s  %-4s  %-16s %12s  %s\n", static_cast<int>(width), "tensor", "type", "shape",
         "bytes", "shards");
  for (const TensorEntry& tensor : manifest.tensors) {
    const auto type = std::string(data_type_name(tensor.type));
    append(text, "%-*s  %-4s  %-16s %12llu  %u", static_cast<int>(width), tensor.name.c_str(),
           type.c_str(), tensor.shape.to_string().c_str(),
           static_cast<unsigned long long>(tensor_bytes(tensor)), tensor.parts.front().shard);
    if (tensor.parts.size() > 1) append(text, "-%u", tensor.parts.back().shard);
    text += "\n";
  }
}

bool is_damaged(const PackageReport& report, std::size_t shard) {
  return report.damaged_shards &&
         std::find(report.damaged_shards->begin(), report.damaged_shards->end(), shard) !=
             report.damaged_shards->end();
}

void append_shards(std::string& text, const PackageReport& report) {
  append(text, "\n%5s  %-64s %10s  %-14s  %8s\n", "shard", "sha256", "bytes", "component",
         "priority");
  const std::vector<ShardEntry>& shards = report.package->manifest().shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    append(text, "%5zu  %-64s %10llu  %-14s  %8d%s\n", i, shards[i].sha256.c_str(),
           static_cast<unsigned long long>(shards[i].size_bytes), shards[i].component.c_str(),
           shards[i].priority, is_damaged(report, i) ? "  DAMAGED" : "");
  }
}

void write_tensors(JsonWriter& json, const Manifest& manifest) {
  json.key("tensors").begin_array();
  for (const TensorEntry& tensor : manifest.tensors) {
    json.begin_object().key("name").string(tensor.name);
    json.key("type").string(data_type_name(tensor.type)).key("shape").begin_array();
    for (const std::int64_t extent : tensor.shape.dims()) json.integer(extent);
    json.end_array();
    json.key("size_bytes").integer(static_cast<std::int64_t>(tensor_bytes(tensor))).end_object();
  }
  json.end_array();
}

void write_shards(JsonWriter& json, const PackageReport& report) {
  json.key("shards").begin_array();
  const std::vector<ShardEntry>& shards = report.package->manifest().shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    json.begin_object().key("sha256").string(shards[i].sha256);
    json.key("size_bytes").integer(static_cast<std::int64_t>(shards[i].size_bytes));
    json.key("component").string(shards[i].component);
    json.key("priority").integer(shards[i].priority);
    if (report.damaged_shards) json.key("is_intact").boolean(!is_damaged(report, i));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Result<std::vector<std::size_t>> find_damaged_shards(const PackageDirectory& package) {
  std::vector<std::size_t> damaged;
  const std::vector<ShardEntry>& shards = package.manifest().shards;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    bytes.resize(static_cast<std::size_t>(shards[i].size_bytes));
    TESSERA_TRY_VOID(package.read_shard(static_cast<std::uint32_t>(i), 0, bytes));
    if (sha256_hex(bytes) != shards[i].sha256) damaged.push_back(i);
  }
  return damaged;
}

// How long a layer's rows are in packed KV caches, keys' and values'.
void append_kv_rows(std::string& text, const Manifest& manifest) {
  for (const auto& [type, layers] : manifest.kv_rows) {
    append(text, "KV cache, %s bits  ", std::string(kv_type_name(type)).c_str());
    for (const KvLayerRows& layer : layers) {
      append(text, " %d+%d", layer.key_bytes, layer.value_bytes);
    }
    text += " bytes for a token and head, by layer\n";
  }
}

// What tuning did to the divergence from the full model.
void append_tuning(std::string& text, const JsonObject& quantization) {
  const auto tuning = quantization.optional_object("tuning");
  if (!tuning || !*tuning) return;
  append(text, "tuned             %lld steps, divergence %.4f to %.4f on texts held out%s\n",
         static_cast<long long>((*tuning)->integer("steps").value_or(0)),
         (*tuning)->number("divergence_before").value_or(0.0),
         (*tuning)->number("divergence_after").value_or(0.0),
         (*tuning)->boolean("is_kept").value_or(true) ? "" : ", not kept");
}

// Why each matrix has its format, as the converter measured it before tuning.
void append_quantization(std::string& text, const Manifest& manifest) {
  if (manifest.quantization_json == "{}") return;
  const auto document = JsonDocument::parse(manifest.quantization_json);
  const auto root = document ? document->root().object() : Result<JsonObject>(document.error());
  if (!root) return;
  append_tuning(text, *root);
  const auto tensors = root->array("tensors");
  if (!tensors) return;
  text += "\nquantized matrix                                  type  output error  divergence as\n";
  for (const JsonValue& value : *tensors) {
    const auto tensor = value.object();
    if (!tensor) continue;
    append(text, "%-48s  %-4s  %12.3g ", std::string(tensor->string("name").value_or("?")).c_str(),
           std::string(tensor->string("type").value_or("?")).c_str(),
           tensor->number("output_error").value_or(0.0));
    const auto divergences = tensor->optional_object("divergences");
    if (divergences && *divergences) {
      for (const char* type : {"q2", "q3", "q4s", "q4", "q8"}) {
        const auto divergence = (*divergences)->optional_number(type);
        if (divergence && *divergence) append(text, " %s %.3g", type, **divergence);
      }
    }
    text += '\n';
  }
}

std::string report_text(const PackageReport& report) {
  const Manifest& manifest = report.package->manifest();
  const BitsPerWeight bits = bits_per_weight(manifest);
  std::string text = manifest.name + " (" + manifest.architecture + ")\n";
  append(text, "parameters        %lld\n", static_cast<long long>(parameter_count(manifest)));
  append(text, "size              %llu bytes in %zu shards\n",
         static_cast<unsigned long long>(report.package->size_bytes()), manifest.shards.size());
  append(text, "bits per weight   %.3f in linear layers, %.3f in the whole file\n", bits.linear,
         bits.file);
  append(text, "tensors           %zu: %s\n", manifest.tensors.size(),
         type_counts(manifest).c_str());
  append(text, "tokenizer         %s\n", manifest.tokenizer_shard ? "yes" : "none");
  append(text, "chat template     %s\n", manifest.chat_template ? "yes" : "none");
  append_kv_rows(text, manifest);
  append_tensors(text, manifest);
  append_quantization(text, manifest);
  append_shards(text, report);
  return text;
}

std::string report_json(const PackageReport& report) {
  const Manifest& manifest = report.package->manifest();
  const BitsPerWeight bits = bits_per_weight(manifest);
  JsonWriter json;
  json.begin_object().key("name").string(manifest.name);
  json.key("architecture").string(manifest.architecture);
  json.key("configuration").raw(manifest.configuration_json);
  json.key("parameters").integer(parameter_count(manifest));
  json.key("size_bytes").integer(static_cast<std::int64_t>(report.package->size_bytes()));
  json.key("bits_per_weight").begin_object().key("linear").number(bits.linear);
  json.key("file").number(bits.file).end_object();
  json.key("has_tokenizer").boolean(manifest.tokenizer_shard.has_value());
  json.key("has_chat_template").boolean(manifest.chat_template.has_value());
  json.key("quantization").raw(manifest.quantization_json);
  json.key("kv_cache");
  write_kv_cache(json, manifest);
  write_tensors(json, manifest);
  write_shards(json, report);
  if (report.damaged_shards) json.key("is_intact").boolean(report.damaged_shards->empty());
  json.end_object();
  return std::move(json).take();
}

}  // namespace tessera
