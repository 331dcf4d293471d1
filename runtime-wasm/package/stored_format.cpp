#include "package/stored_format.h"

#include <array>

#include "base/check.h"
#include "base/half.h"
#include "package/ggml_blocks.h"
#include "package/little_endian.h"

namespace tessera {
namespace {

void f32_to_floats(const std::byte* block, float* out) noexcept {
  *out = read_little_endian<float>(block);
}

void f16_to_floats(const std::byte* block, float* out) noexcept {
  *out = half_to_float(read_little_endian<std::uint16_t>(block));
}

void bf16_to_floats(const std::byte* block, float* out) noexcept {
  *out = bfloat16_to_float(read_little_endian<std::uint16_t>(block));
}

constexpr StoredFormat integers(std::string_view name, std::size_t size_bytes) {
  return {name, 1, size_bytes, nullptr, DataType::kI32, nullptr};
}

// In the order of ggml's names; integers last.
constexpr std::array kFormats = {
    StoredFormat{"F32", 1, 4, f32_to_floats, DataType::kF32, nullptr},
    StoredFormat{"F16", 1, 2, f16_to_floats, DataType::kF16, nullptr},
    StoredFormat{"BF16", 1, 2, bf16_to_floats, DataType::kF16, nullptr},
    StoredFormat{"Q8_0", 32, 34, q8_0_to_floats, DataType::kQ8, unpack_q8_0},
    StoredFormat{"Q4_0", 32, 18, q4_0_to_floats, DataType::kQ4, unpack_q4_0},
    StoredFormat{"Q4_1", 32, 20, q4_1_to_floats, DataType::kQ4M, unpack_q4_1},
    StoredFormat{"Q5_0", 32, 22, q5_0_to_floats, DataType::kQ8, unpack_q5_0},
    StoredFormat{"Q5_1", 32, 24, q5_1_to_floats, DataType::kQ8, nullptr},
    StoredFormat{"Q4_K", 256, 144, q4_k_to_floats, DataType::kQ4M, unpack_q4_k},
    StoredFormat{"Q5_K", 256, 176, q5_k_to_floats, DataType::kQ8, nullptr},
    StoredFormat{"Q6_K", 256, 210, q6_k_to_floats, DataType::kQ8, nullptr},
    integers("BOOL", 1),
    integers("U8", 1),
    integers("I8", 1),
    integers("U16", 2),
    integers("I16", 2),
    integers("U32", 4),
    integers("I32", 4),
    integers("U64", 8),
    integers("I64", 8),
};

// ggml's type numbers in order; "" was taken back.
constexpr std::string_view kGgmlTypes[] = {
    "F32",     "F16",    "Q4_0",    "Q4_1",  "",       "",      "Q5_0",  "Q5_1",
    "Q8_0",    "Q8_1",   "Q2_K",    "Q3_K",  "Q4_K",   "Q5_K",  "Q6_K",  "Q8_K",
    "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS",
    "I8",      "I16",    "I32",     "I64",   "F64",    "IQ1_M", "BF16"};

const StoredFormat* find_format(std::string_view name) {
  for (const StoredFormat& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace

const StoredFormat* stored_format_of_safetensors(std::string_view dtype) {
  const StoredFormat* format = find_format(dtype);
  return format != nullptr && format->block_elements == 1 ? format : nullptr;
}

std::string_view ggml_type_name(std::uint32_t ggml_type) {
  return ggml_type < std::size(kGgmlTypes) ? kGgmlTypes[ggml_type] : std::string_view();
}

const StoredFormat* stored_format_of_gguf(std::uint32_t ggml_type) {
  const std::string_view name = ggml_type_name(ggml_type);
  return name.empty() ? nullptr : find_format(name);
}

void stored_to_floats(const StoredFormat& format, const std::byte* blocks, std::span<float> out) {
  TESSERA_CHECK(format.block_to_floats != nullptr && out.size() % format.block_elements == 0);
  for (std::size_t i = 0; i < out.size(); i += format.block_elements) {
    format.block_to_floats(blocks, out.data() + i);
    blocks += format.block_size_bytes;
  }
}

}  // namespace tessera
