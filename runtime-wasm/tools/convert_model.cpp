#include "tools/convert_model.h"

#include <algorithm>
#include <charconv>

#include "model/decoder_configuration.h"
#include "tools/convert_tensor.h"

namespace tessera {
namespace {

constexpr std::string_view kLayers = "layers.";
constexpr std::int32_t kEmbeddingPriority = 1;
constexpr std::int32_t kFirstLayerPriority = 2;
constexpr std::int32_t kLastPriority = 1 << 20;

bool is_embedding_or_output(std::string_view name) {
  return name.find("embed_tokens") != std::string_view::npos || name.starts_with("lm_head");
}

// One tensor of the package: of the source, or added.
struct Item {
  std::string_view name;
  std::size_t index = 0;  // of the source's tensors
  const AddedTensor* added = nullptr;
};

// In the order in which they should be loaded.
std::vector<Item> load_order(std::span<const SourceTensor> tensors,
                             std::span<const AddedTensor> added) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < tensors.size(); ++i) items.push_back({tensors[i].name, i, nullptr});
  for (const AddedTensor& tensor : added) items.push_back({tensor.name, 0, &tensor});
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    const std::int32_t priority_a = load_priority(a.name);
    const std::int32_t priority_b = load_priority(b.name);
    return priority_a != priority_b ? priority_a < priority_b : a.name < b.name;
  });
  return items;
}

Manifest describe(const ModelDescription& description) {
  Manifest manifest;
  manifest.name = description.name;
  manifest.architecture = description.architecture;
  manifest.configuration_json = description.configuration_json;
  manifest.generation_json = description.generation_json;
  manifest.special_tokens_json = description.special_tokens_json;
  manifest.chat_template = description.chat_template;
  return manifest;
}

const calibration::PackedTensor* find_finished(const ConvertOptions& options,
                                               const std::string& name) {
  if (options.finished == nullptr) return nullptr;
  const auto found = options.finished->find(name);
  return found == options.finished->end() ? nullptr : &found->second;
}

Result<void> write_added(const AddedTensor& added, PackageWriter& writer) {
  TESSERA_TRY_VOID(
      writer.begin_tensor(added.name, added.tensor.type, added.shape, load_priority(added.name)));
  TESSERA_TRY_VOID(writer.append(added.tensor.bytes));
  return writer.end_tensor();
}

Result<void> write_source_tensor(const ModelSource& source, std::size_t index,
                                 const ConvertOptions& options, PackageWriter& writer) {
  const SourceTensor& tensor = source.tensors()[index];
  const calibration::PackedTensor* finished = find_finished(options, tensor.name);
  const DataType type =
      finished == nullptr ? package_type(tensor, options.weights) : finished->type;
  TESSERA_TRY_VOID(
      writer.begin_tensor(tensor.name, type, tensor.shape, load_priority(tensor.name)));
  const auto converted = finished == nullptr
                             ? convert_tensor(source, index, type, options.threads, writer)
                             : writer.append(finished->bytes);
  if (!converted) return converted.error().with_context("tensor " + tensor.name);
  return writer.end_tensor();
}

}  // namespace

DataType package_type(const SourceTensor& tensor, std::optional<DataType> weights) {
  if (tensor.shape.rank() != 2) return DataType::kF32;
  const DataType type = weights.value_or(tensor.format->natural_type);
  const bool has_few_bits = is_quantized(type) && type != DataType::kQ8;
  if (weights && has_few_bits && is_embedding_or_output(tensor.name)) return DataType::kQ8;
  return type;
}

bool is_repacked(const SourceTensor& tensor, DataType type) {
  return tensor.format->unpack != nullptr && tensor.format->natural_type == type;
}

std::int32_t load_priority(std::string_view tensor_name) {
  const std::size_t at = tensor_name.find(kLayers);
  if (at != std::string_view::npos) {
    const char* digits = tensor_name.data() + at + kLayers.size();
    std::int32_t layer = 0;
    const auto [end, error] =
        std::from_chars(digits, tensor_name.data() + tensor_name.size(), layer);
    if (error == std::errc() && layer >= 0 && layer < kLastPriority - kFirstLayerPriority) {
      return kFirstLayerPriority + layer;
    }
  }
  return tensor_name.find("embed") != std::string_view::npos ? kEmbeddingPriority : kLastPriority;
}

Result<Manifest> convert_model(const ModelSource& source, const ConvertOptions& options,
                               ShardStore& store) {
  const ModelDescription& description = source.description();
  const auto configuration =
      parse_decoder_configuration(description.architecture, description.configuration_json);
  if (!configuration) return configuration.error().with_context("config.json");
  Manifest manifest = describe(description);
  manifest.quantization_json = options.quantization_json;
  PackageWriter writer(store);
  if (description.tokenizer_json) {
    TESSERA_TRY_VOID(writer.add_tokenizer(*description.tokenizer_json));
  }
  const std::vector<Item> items = load_order(source.tensors(), options.added);
  std::size_t done = 0;
  for (const Item& item : items) {
    if (item.added != nullptr) {
      TESSERA_TRY_VOID(write_added(*item.added, writer));
    } else {
      TESSERA_TRY_VOID(write_source_tensor(source, item.index, options, writer));
    }
    if (options.on_progress) options.on_progress(++done, items.size());
  }
  TESSERA_TRY_VOID(writer.finish(manifest));
  return manifest;
}

}  // namespace tessera
