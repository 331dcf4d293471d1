// GgufBuilder: writes GGUF files byte by byte, as the format's definition says, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

// ggml's type numbers.
enum GgmlType : std::uint32_t {
  kGgmlF32 = 0,
  kGgmlF16 = 1,
  kGgmlQ4_0 = 2,
  kGgmlQ4_1 = 3,
  kGgmlQ5_0 = 6,
  kGgmlQ5_1 = 7,
  kGgmlQ8_0 = 8,
  kGgmlQ2_K = 10,
  kGgmlQ4_K = 12,
  kGgmlQ5_K = 13,
  kGgmlQ6_K = 14,
  kGgmlI32 = 26,
  kGgmlBf16 = 30,
};

class Bytes {
 public:
  template <typename T>
  Bytes& number(T value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
    return *this;
  }
  Bytes& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Bytes& text(std::string_view text) { return raw(std::as_bytes(std::span(text))); }
  Bytes& string(std::string_view value) {
    return number(static_cast<std::uint64_t>(value.size())).text(value);
  }
  Bytes& pad(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back(std::byte{0});
    return *this;
  }
  std::vector<std::byte>& get() { return bytes_; }
  const std::vector<std::byte>& get() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

class GgufBuilder {
 public:
  GgufBuilder& string(std::string_view key, std::string_view value) {
    begin(key, 8).string(value);
    return *this;
  }
  GgufBuilder& u32(std::string_view key, std::uint32_t value) {
    begin(key, 4).number(value);
    return *this;
  }
  GgufBuilder& f32(std::string_view key, float value) {
    begin(key, 6).number(value);
    return *this;
  }
  GgufBuilder& boolean(std::string_view key, bool value) {
    begin(key, 7).number(static_cast<std::uint8_t>(value));
    return *this;
  }
  GgufBuilder& strings(std::string_view key, const std::vector<std::string>& values) {
    Bytes& out = begin_array(key, 8, values.size());
    for (const std::string& value : values) out.string(value);
    return *this;
  }
  GgufBuilder& i32s(std::string_view key, const std::vector<std::int32_t>& values) {
    begin_array(key, 5, values.size()).raw(std::as_bytes(std::span(values)));
    return *this;
  }
  GgufBuilder& f32s(std::string_view key, const std::vector<float>& values) {
    begin_array(key, 6, values.size()).raw(std::as_bytes(std::span(values)));
    return *this;
  }
  // A metadata value of any kind, already in bytes.
  GgufBuilder& value(std::string_view key, std::uint32_t type, const Bytes& bytes) {
    begin(key, type).raw(bytes.get());
    return *this;
  }
  // `extents`: innermost first, as in the file.
  GgufBuilder& tensor(std::string name, std::vector<std::uint64_t> extents, std::uint32_t type,
                      std::vector<std::byte> bytes) {
    tensors_.push_back({std::move(name), std::move(extents), type, std::move(bytes), {}});
    return *this;
  }
  // Lies at this offset instead of behind the tensor before it.
  GgufBuilder& at(std::uint64_t offset) {
    tensors_.back().offset = {true, offset};
    return *this;
  }

  std::vector<std::byte> build(std::uint32_t version = 3) const {
    Bytes head, data;
    head.text("GGUF").number(version).number(static_cast<std::uint64_t>(tensors_.size()));
    head.number(metadata_count_).raw(metadata_.get());
    for (const Tensor& tensor : tensors_) {
      head.string(tensor.name).number(static_cast<std::uint32_t>(tensor.extents.size()));
      for (const std::uint64_t extent : tensor.extents) head.number(extent);
      data.pad(32);
      const auto offset = static_cast<std::uint64_t>(data.get().size());
      head.number(tensor.type).number(tensor.offset.first ? tensor.offset.second : offset);
      data.raw(tensor.bytes);
    }
    return head.pad(32).raw(data.get()).get();
  }

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> extents;
    std::uint32_t type;
    std::vector<std::byte> bytes;
    std::pair<bool, std::uint64_t> offset;
  };

  Bytes& begin(std::string_view key, std::uint32_t type) {
    ++metadata_count_;
    return metadata_.string(key).number(type);
  }
  Bytes& begin_array(std::string_view key, std::uint32_t type, std::size_t count) {
    return begin(key, 9).number(type).number(static_cast<std::uint64_t>(count));
  }

  Bytes metadata_;
  std::uint64_t metadata_count_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace tessera
