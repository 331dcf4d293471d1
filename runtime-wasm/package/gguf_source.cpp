#include "package/gguf_source.h"

#include "base/json.h"
#include "package/gguf_tokenizer.h"

namespace tessera {
namespace {

constexpr std::int64_t kRopeFactorsMax = 4096;

// The contents of rope_freqs.weight; empty if there is none.
Result<std::vector<float>> read_rope_factors(const Gguf& gguf, const ByteSource& file) {
  std::vector<float> factors;
  const GgufTensor* tensor = gguf.find_tensor("rope_freqs.weight");
  if (tensor == nullptr) return factors;
  if (tensor->format->name != "F32" || tensor->shape.size() != 1 ||
      tensor->shape[0] > kRopeFactorsMax) {
    return Error{ErrorCode::kInvalidFile, "rope_freqs.weight is no vector of F32"};
  }
  factors.resize(static_cast<std::size_t>(tensor->shape[0]));
  TESSERA_TRY_VOID(file.read(tensor->offset, std::as_writable_bytes(std::span(factors))));
  return factors;
}

struct RotaryHeads {
  std::int64_t query_heads = 0;
  std::int64_t key_value_heads = 0;
};

Result<RotaryHeads> read_heads(const std::string& configuration_json) {
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(configuration_json));
  TESSERA_TRY(const JsonObject root, document.root().object());
  RotaryHeads heads;
  TESSERA_TRY(heads.query_heads, root.integer("num_attention_heads"));
  TESSERA_TRY(heads.key_value_heads, root.integer("num_key_value_heads"));
  return heads;
}

// The size of the heads whose rows are interleaved in a tensor, or 0.
Result<std::int64_t> interleaved_head_size(const GgufTensor& tensor, const RotaryHeads& heads) {
  const bool is_query =
      tensor.name.ends_with(".attn_q.weight") || tensor.name.ends_with(".attn_q.bias");
  const bool is_key =
      tensor.name.ends_with(".attn_k.weight") || tensor.name.ends_with(".attn_k.bias");
  if (!is_query && !is_key) return std::int64_t{0};
  const std::int64_t count = is_query ? heads.query_heads : heads.key_value_heads;
  if (tensor.shape[0] % (2 * count) != 0) {
    return Error{ErrorCode::kInvalidFile, "tensor " + tensor.name + " has " +
                                              std::to_string(tensor.shape[0]) + " rows for " +
                                              std::to_string(count) + " heads of even size"};
  }
  return tensor.shape[0] / count;
}

// Where the file keeps our row (or element): a head's rows i and i + size / 2 are its 2i and 2i
// + 1.
std::int64_t interleaved_row(std::int64_t row, std::int64_t head_size) {
  const std::int64_t within = row % head_size;
  const std::int64_t half = head_size / 2;
  return row - within + within % half * 2 + within / half;
}

}  // namespace

Result<std::unique_ptr<GgufSource>> GgufSource::open(std::unique_ptr<ByteSource> file,
                                                     std::string name) {
  TESSERA_TRY(const Gguf gguf, Gguf::read(*file));
  TESSERA_TRY(const GgufArchitecture* architecture, gguf_architecture(gguf));
  std::unique_ptr<GgufSource> source(new GgufSource(std::move(file)));
  TESSERA_TRY_VOID(source->describe(gguf, *architecture));
  if (!name.empty()) source->description_.name = std::move(name);
  TESSERA_TRY(const RotaryHeads heads, read_heads(source->description_.configuration_json));
  for (const GgufTensor& tensor : gguf.tensors()) {
    std::int64_t head_size = 0;
    if (architecture->interleaves_rotary_rows) {
      TESSERA_TRY(head_size, interleaved_head_size(tensor, heads));
    }
    TESSERA_TRY_VOID(source->add_tensor(tensor, head_size));
  }
  return source;
}

Result<void> GgufSource::describe(const Gguf& gguf, const GgufArchitecture& architecture) {
  TESSERA_TRY(const std::vector<float> rope_factors, read_rope_factors(gguf, *file_));
  description_.architecture = architecture.name;
  TESSERA_TRY(const auto name, gguf.optional_string("general.name"));
  description_.name = name.value_or(description_.architecture);
  TESSERA_TRY(description_.configuration_json,
              gguf_configuration_json(gguf, architecture, rope_factors));
  TESSERA_TRY(description_.generation_json, gguf_generation_json(gguf));
  TESSERA_TRY(description_.special_tokens_json, gguf_special_tokens_json(gguf));
  TESSERA_TRY(description_.chat_template, gguf.optional_string("tokenizer.chat_template"));
  TESSERA_TRY(description_.tokenizer_json, gguf_tokenizer_json(gguf));
  return {};
}

Result<void> GgufSource::add_tensor(const GgufTensor& tensor, std::int64_t head_size) {
  TESSERA_TRY(auto name, hugging_face_tensor_name(tensor.name));
  if (!name) return {};
  if (tensor.format->block_to_floats == nullptr) {
    return Error{ErrorCode::kUnsupported, "tensor " + tensor.name + " is of type " +
                                              std::string(tensor.format->name) +
                                              ", which no weight can have"};
  }
  tensors_.push_back({std::move(*name), Shape(std::span(tensor.shape)), tensor.format});
  places_.push_back({tensor.offset, head_size});
  return {};
}

Result<void> GgufSource::read_rows(std::size_t tensor, std::int64_t first_row,
                                   std::span<std::byte> out) const {
  const SourceTensor& description = tensors_[tensor];
  const Place& place = places_[tensor];
  const bool is_vector = description.shape.rank() == 1;
  const std::size_t unit_size_bytes =
      is_vector ? description.format->block_size_bytes : description.row_size_bytes();
  if (place.interleaved_head_size == 0) {
    const auto offset = static_cast<std::uint64_t>(first_row) * description.row_size_bytes();
    return file_->read(place.offset + offset, out);
  }
  // A bias is one row to the caller; here its elements are what a matrix's rows are.
  if (is_vector && description.format->block_elements != 1) {
    return Error{ErrorCode::kUnsupported, "tensor " + description.name + " is a quantized bias"};
  }
  for (std::int64_t row = first_row; !out.empty(); ++row) {
    const auto stored =
        static_cast<std::uint64_t>(interleaved_row(row, place.interleaved_head_size));
    TESSERA_TRY_VOID(
        file_->read(place.offset + stored * unit_size_bytes, out.first(unit_size_bytes)));
    out = out.subspan(unit_size_bytes);
  }
  return {};
}

}  // namespace tessera
