#include "package/safetensors.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "package/little_endian.h"

namespace tessera {
namespace {

constexpr std::int64_t kExtentMax = std::int64_t{1} << 40;
constexpr std::uint64_t kElementsMax = std::uint64_t{1} << 46;
constexpr std::size_t kAxesMax = 8;

// The product of the extents. Errors: above kElementsMax.
Result<std::uint64_t> element_count(const JsonValue& tensor,
                                    const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) {
    const auto factor = static_cast<std::uint64_t>(extent);
    if (factor != 0 && count > kElementsMax / factor) return tensor.error("\"shape\" is too large");
    count *= factor;
  }
  return count;
}

Result<std::vector<std::int64_t>> parse_shape(const JsonObject& tensor) {
  TESSERA_TRY(const std::vector<JsonValue> values, tensor.array("shape"));
  if (values.size() > kAxesMax) {
    return tensor.value().error("\"shape\" has more than " + std::to_string(kAxesMax) + " extents");
  }
  std::vector<std::int64_t> shape;
  for (const JsonValue& value : values) {
    TESSERA_TRY(const std::int64_t extent, value.integer(0, kExtentMax));
    shape.push_back(extent);
  }
  return shape;
}

// `data_offset` is where the tensors' bytes begin, and `data_size_bytes` how many there are.
Result<SafetensorsTensor> parse_tensor(const JsonMember& member, std::uint64_t data_offset,
                                       std::uint64_t data_size_bytes) {
  TESSERA_TRY(const JsonObject object, member.value.object());
  SafetensorsTensor tensor;
  tensor.name = member.key;
  TESSERA_TRY(const std::string_view dtype, object.string("dtype"));
  tensor.format = stored_format_of_safetensors(dtype);
  if (tensor.format == nullptr) {
    return Error{ErrorCode::kUnsupported, member.value.path() + ": element type \"" +
                                              std::string(dtype) + "\" is not supported"};
  }
  TESSERA_TRY(tensor.shape, parse_shape(object));
  TESSERA_TRY(const std::uint64_t elements, element_count(member.value, tensor.shape));
  TESSERA_TRY(const std::vector<JsonValue> offsets, object.array("data_offsets"));
  if (offsets.size() != 2) return member.value.error("\"data_offsets\" must be [begin, end]");
  const auto end_max = static_cast<std::int64_t>(
      std::min<std::uint64_t>(data_size_bytes, std::numeric_limits<std::int64_t>::max()));
  TESSERA_TRY(const std::int64_t end, offsets[1].integer(0, end_max));
  TESSERA_TRY(const std::int64_t begin, offsets[0].integer(0, end));
  tensor.offset = data_offset + static_cast<std::uint64_t>(begin);
  tensor.size_bytes = static_cast<std::uint64_t>(end - begin);
  if (tensor.size_bytes != elements * tensor.format->block_size_bytes) {
    return member.value.error("has " + std::to_string(tensor.size_bytes) +
                              " bytes, its type and shape ask for " +
                              std::to_string(elements * tensor.format->block_size_bytes));
  }
  return tensor;
}

Result<void> check_overlaps(const std::vector<SafetensorsTensor>& sorted) {
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const SafetensorsTensor& before = sorted[i - 1];
    if (before.offset + before.size_bytes > sorted[i].offset) {
      return Error{ErrorCode::kInvalidFile,
                   "tensors " + before.name + " and " + sorted[i].name + " overlap"};
    }
  }
  return {};
}

Result<void> check_names(const std::vector<SafetensorsTensor>& tensors) {
  std::vector<std::string_view> names;
  for (const SafetensorsTensor& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return Error{ErrorCode::kInvalidFile, "two tensors are named " + std::string(*twice)};
}

// Reads the size in front of the header. Errors: more than the file has or the format allows.
Result<std::uint64_t> read_header_size(const ByteSource& source) {
  std::byte prefix[8];
  TESSERA_TRY_VOID(source.read(0, prefix));
  const auto header_size_bytes = read_little_endian<std::uint64_t>(prefix);
  if (header_size_bytes > kSafetensorsHeaderSizeBytesMax ||
      header_size_bytes > source.size_bytes() - sizeof(prefix)) {
    return Error{ErrorCode::kInvalidFile,
                 "not a safetensors file, or cut off: its header would have " +
                     std::to_string(header_size_bytes) + " bytes"};
  }
  return header_size_bytes;
}

}  // namespace

const SafetensorsTensor* SafetensorsHeader::find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const auto& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

Result<SafetensorsHeader> read_safetensors_header(const ByteSource& source) {
  TESSERA_TRY(const std::uint64_t header_size_bytes, read_header_size(source));
  std::string text(static_cast<std::size_t>(header_size_bytes), '\0');
  TESSERA_TRY_VOID(source.read(8, std::as_writable_bytes(std::span(text.data(), text.size()))));
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(text));
  TESSERA_TRY(const JsonObject root, document.root().object());
  const std::uint64_t data_offset = 8 + header_size_bytes;
  SafetensorsHeader header;
  for (const JsonMember& member : root.members()) {
    if (member.key == "__metadata__") continue;
    TESSERA_TRY(SafetensorsTensor tensor,
                parse_tensor(member, data_offset, source.size_bytes() - data_offset));
    header.tensors.push_back(std::move(tensor));
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.size_bytes < b.size_bytes;
  });
  TESSERA_TRY_VOID(check_overlaps(header.tensors));
  TESSERA_TRY_VOID(check_names(header.tensors));
  return header;
}

}  // namespace tessera
