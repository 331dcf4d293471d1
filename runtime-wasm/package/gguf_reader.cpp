#include <algorithm>
#include <bit>
#include <utility>

#include "package/byte_reader.h"
#include "package/gguf.h"

namespace tessera {
namespace {

constexpr std::uint64_t kMetadataEntriesMax = 65'536;
constexpr std::uint64_t kTensorsMax = 65'536;
constexpr std::uint64_t kKeySizeMax = 65'535;
constexpr std::uint64_t kStringSizeMax = 16u << 20;
constexpr std::uint64_t kArrayElementsMax = 16u << 20;
constexpr std::uint64_t kTensorNameSizeMax = 256;
constexpr std::uint32_t kAxesMax = 4;
constexpr std::int64_t kExtentMax = std::int64_t{1} << 40;
constexpr std::uint64_t kElementsMax = std::uint64_t{1} << 46;
constexpr int kArrayDepthMax = 4;

enum class ValueType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

// Bytes of a number or boolean; 0 for strings, arrays and unknown types.
std::uint64_t value_size_bytes(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
    case ValueType::kBool: return 1;
    case ValueType::kU16:
    case ValueType::kI16: return 2;
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kF32: return 4;
    case ValueType::kU64:
    case ValueType::kI64:
    case ValueType::kF64: return 8;
    case ValueType::kString:
    case ValueType::kArray: break;
  }
  return 0;
}

Error unknown_type(ValueType type) {
  return Error{ErrorCode::kInvalidFile,
               "unknown value type " + std::to_string(static_cast<std::uint32_t>(type))};
}

template <typename T>
Result<std::int64_t> widened(ByteReader& reader) {
  TESSERA_TRY(const T value, reader.number<T>());
  return static_cast<std::int64_t>(value);
}

// Above 2^63 a u64 wraps; no key that we read has a use for such a number, and ranges refuse it.
Result<std::int64_t> read_integer(ByteReader& reader, ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kBool: return widened<std::uint8_t>(reader);
    case ValueType::kI8: return widened<std::int8_t>(reader);
    case ValueType::kU16: return widened<std::uint16_t>(reader);
    case ValueType::kI16: return widened<std::int16_t>(reader);
    case ValueType::kU32: return widened<std::uint32_t>(reader);
    case ValueType::kI32: return widened<std::int32_t>(reader);
    case ValueType::kU64: return widened<std::uint64_t>(reader);
    case ValueType::kI64: return widened<std::int64_t>(reader);
    default: return unknown_type(type);
  }
}

Result<double> read_float(ByteReader& reader, ValueType type) {
  if (type == ValueType::kF64) return reader.number<double>();
  TESSERA_TRY(const float value, reader.number<float>());
  return static_cast<double>(value);
}

bool is_float(ValueType type) {
  return type == ValueType::kF32 || type == ValueType::kF64;
}

Result<std::string> read_string(ByteReader& reader, std::uint64_t size_max) {
  TESSERA_TRY(const std::uint64_t size, reader.number<std::uint64_t>());
  if (size > size_max) {
    return Error{ErrorCode::kInvalidFile, "a string of " + std::to_string(size) +
                                              " bytes, at most " + std::to_string(size_max) +
                                              " allowed"};
  }
  return reader.string(size);
}

template <typename T, typename Read>
Result<GgufValue> read_elements(std::uint64_t count, const Read& read) {
  std::vector<T> elements;
  elements.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    TESSERA_TRY(T element, read());
    elements.push_back(std::move(element));
  }
  return GgufValue(std::move(elements));
}

Result<GgufValue> read_array(ByteReader& reader, int depth);

Result<GgufValue> skip_arrays(ByteReader& reader, std::uint64_t count, int depth) {
  if (depth == kArrayDepthMax) {
    return Error{ErrorCode::kInvalidFile, "arrays nested too deep"};
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    TESSERA_TRY_VOID(read_array(reader, depth + 1));
  }
  return GgufValue();
}

Result<GgufValue> read_array(ByteReader& reader, int depth) {
  TESSERA_TRY(const auto type_number, reader.number<std::uint32_t>());
  TESSERA_TRY(const auto count, reader.number<std::uint64_t>());
  const auto type = static_cast<ValueType>(type_number);
  const bool is_string = type == ValueType::kString;
  if (!is_string && type != ValueType::kArray && value_size_bytes(type) == 0) {
    return unknown_type(type);
  }
  // Strings and arrays begin with eight bytes or more.
  const std::uint64_t element_size_bytes = std::max<std::uint64_t>(
      value_size_bytes(type), is_string || type == ValueType::kArray ? 8 : 1);
  if (count > kArrayElementsMax || count > reader.remaining_bytes() / element_size_bytes) {
    return Error{ErrorCode::kInvalidFile,
                 "an array of " + std::to_string(count) + " elements, more than the file can hold"};
  }
  if (type == ValueType::kArray) return skip_arrays(reader, count, depth);
  if (is_string) {
    return read_elements<std::string>(count, [&] { return read_string(reader, kStringSizeMax); });
  }
  if (is_float(type)) {
    return read_elements<double>(count, [&] { return read_float(reader, type); });
  }
  return read_elements<std::int64_t>(count, [&] { return read_integer(reader, type); });
}

Result<GgufValue> read_value(ByteReader& reader) {
  TESSERA_TRY(const auto type_number, reader.number<std::uint32_t>());
  const auto type = static_cast<ValueType>(type_number);
  if (type == ValueType::kArray) return read_array(reader, 0);
  if (type == ValueType::kString) {
    TESSERA_TRY(std::string text, read_string(reader, kStringSizeMax));
    return GgufValue(std::move(text));
  }
  if (is_float(type)) {
    TESSERA_TRY(const double value, read_float(reader, type));
    return GgufValue(value);
  }
  TESSERA_TRY(const std::int64_t value, read_integer(reader, type));
  return type == ValueType::kBool ? GgufValue(value != 0) : GgufValue(value);
}

Result<const StoredFormat*> read_format(ByteReader& reader) {
  TESSERA_TRY(const auto type, reader.number<std::uint32_t>());
  const StoredFormat* format = stored_format_of_gguf(type);
  if (format != nullptr) return format;
  const std::string_view name = ggml_type_name(type);
  return Error{
      ErrorCode::kUnsupported,
      "type " + (name.empty() ? std::to_string(type) : std::string(name)) +
          " is not supported; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and "
          "Q6_K are"};
}

// The shape, outermost first: the file has it innermost first.
Result<std::vector<std::int64_t>> read_shape(ByteReader& reader) {
  TESSERA_TRY(const auto axes, reader.number<std::uint32_t>());
  if (axes == 0 || axes > kAxesMax) {
    return Error{ErrorCode::kInvalidFile, std::to_string(axes) + " axes, 1..4 are allowed"};
  }
  std::vector<std::int64_t> shape(axes);
  for (std::uint32_t axis = axes; axis > 0; --axis) {
    TESSERA_TRY(shape[axis - 1], read_integer(reader, ValueType::kU64));
    if (shape[axis - 1] < 1 || shape[axis - 1] > kExtentMax) {
      return Error{ErrorCode::kInvalidFile,
                   "an extent of " + std::to_string(shape[axis - 1]) + " elements"};
    }
  }
  return shape;
}

Result<std::uint64_t> tensor_bytes(const StoredFormat& format,
                                   const std::vector<std::int64_t>& shape) {
  std::uint64_t elements = 1;
  for (const std::int64_t extent : shape) {
    if (elements > kElementsMax / static_cast<std::uint64_t>(extent)) {
      return Error{ErrorCode::kInvalidFile, "too many elements"};
    }
    elements *= static_cast<std::uint64_t>(extent);
  }
  if (static_cast<std::uint64_t>(shape.back()) % format.block_elements != 0) {
    return Error{ErrorCode::kInvalidFile, "rows of " + std::to_string(shape.back()) +
                                              " elements are no whole blocks of " +
                                              std::string(format.name)};
  }
  return elements / format.block_elements * format.block_size_bytes;
}

// The offset counts from the start of the tensors' bytes, which is not known yet.
Result<GgufTensor> read_tensor_info(ByteReader& reader, std::string name) {
  GgufTensor tensor;
  tensor.name = std::move(name);
  TESSERA_TRY(tensor.shape, read_shape(reader));
  TESSERA_TRY(tensor.format, read_format(reader));
  TESSERA_TRY(tensor.offset, reader.number<std::uint64_t>());
  TESSERA_TRY(tensor.size_bytes, tensor_bytes(*tensor.format, tensor.shape));
  return tensor;
}

Result<std::vector<GgufTensor>> read_tensor_infos(ByteReader& reader, std::uint64_t count) {
  std::vector<GgufTensor> tensors;
  for (std::uint64_t i = 0; i < count; ++i) {
    TESSERA_TRY(std::string name, read_string(reader, kTensorNameSizeMax));
    auto tensor = read_tensor_info(reader, name);
    if (!tensor) return tensor.error().with_context("tensor " + name);
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

// Turns offsets into offsets from the start of the file, and checks them.
Result<void> place_tensors(std::vector<GgufTensor>& tensors, std::uint64_t data_offset,
                           std::uint64_t file_size_bytes, std::uint64_t alignment) {
  const std::uint64_t data_size_bytes = file_size_bytes - std::min(data_offset, file_size_bytes);
  for (GgufTensor& tensor : tensors) {
    if (tensor.offset % alignment != 0 || tensor.offset > data_size_bytes ||
        tensor.size_bytes > data_size_bytes - tensor.offset) {
      return Error{ErrorCode::kInvalidFile,
                   "tensor " + tensor.name + ": " + std::to_string(tensor.size_bytes) +
                       " bytes at offset " + std::to_string(tensor.offset) +
                       " do not lie inside the file's " + std::to_string(data_size_bytes) +
                       " bytes of tensors; it is cut off or damaged"};
    }
    tensor.offset += data_offset;
  }
  std::sort(tensors.begin(), tensors.end(),
            [](const GgufTensor& a, const GgufTensor& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i - 1].offset + tensors[i - 1].size_bytes > tensors[i].offset) {
      return Error{ErrorCode::kInvalidFile,
                   "tensors " + tensors[i - 1].name + " and " + tensors[i].name + " overlap"};
    }
  }
  return {};
}

Result<void> check_tensor_names(const std::vector<GgufTensor>& tensors) {
  std::vector<std::string_view> names;
  for (const GgufTensor& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return Error{ErrorCode::kInvalidFile, "two tensors are named " + std::string(*twice)};
}

struct Counts {
  std::uint64_t tensors;
  std::uint64_t metadata_entries;
};

Result<Counts> read_preamble(ByteReader& reader) {
  TESSERA_TRY(const auto magic, reader.number<std::uint32_t>());
  if (magic != 0x46554747u) return Error{ErrorCode::kInvalidFile, "not a GGUF file"};
  TESSERA_TRY(const auto version, reader.number<std::uint32_t>());
  if (version != 2 && version != 3) {
    return Error{ErrorCode::kUnsupported,
                 version > 0xffffu
                     ? "a big-endian GGUF file; only little-endian ones are read"
                     : "GGUF version " + std::to_string(version) + "; versions 2 and 3 are read"};
  }
  TESSERA_TRY(const auto tensors, reader.number<std::uint64_t>());
  TESSERA_TRY(const auto metadata_entries, reader.number<std::uint64_t>());
  if (tensors > kTensorsMax || metadata_entries > kMetadataEntriesMax) {
    return Error{ErrorCode::kInvalidFile, "claims " + std::to_string(tensors) + " tensors and " +
                                              std::to_string(metadata_entries) +
                                              " metadata entries"};
  }
  return Counts{tensors, metadata_entries};
}

}  // namespace

Result<Gguf> Gguf::read(const ByteSource& source) {
  ByteReader reader(source);
  TESSERA_TRY(const Counts counts, read_preamble(reader));
  Gguf gguf;
  for (std::uint64_t i = 0; i < counts.metadata_entries; ++i) {
    TESSERA_TRY(std::string key, read_string(reader, kKeySizeMax));
    auto value = read_value(reader);
    if (!value) return value.error().with_context(key);
    if (!gguf.metadata_.emplace(key, std::move(*value)).second) {
      return Error{ErrorCode::kInvalidFile, "key " + key + " occurs twice"};
    }
  }
  TESSERA_TRY(gguf.tensors_, read_tensor_infos(reader, counts.tensors));
  TESSERA_TRY(const auto alignment_value,
              gguf.optional_integer("general.alignment", 1, std::int64_t{1} << 20));
  const auto alignment = static_cast<std::uint64_t>(alignment_value.value_or(32));
  if (!std::has_single_bit(alignment)) {
    return Error{ErrorCode::kInvalidFile, "general.alignment is no power of two"};
  }
  const std::uint64_t data_offset = (reader.offset() + alignment - 1) / alignment * alignment;
  TESSERA_TRY_VOID(place_tensors(gguf.tensors_, data_offset, source.size_bytes(), alignment));
  TESSERA_TRY_VOID(check_tensor_names(gguf.tensors_));
  return gguf;
}

}  // namespace tessera
