// What the kinds of matrix multiplication share: plain pointers to a MatMul's tensors, how its rows
// are cut into parts for threads, and how a finished tile reaches the output.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/cpu/execution.h"
#include "tensor/panel.h"

namespace tessera::cpu {

struct MatMulArguments {
  DataType type;
  const float* x;           // [tokens, columns]
  const std::byte* weight;  // [rows, columns]
  const float* bias;        // [rows] or null
  float* out;               // [tokens, rows]
  std::int64_t tokens;
  std::int64_t rows;
  std::int64_t columns;

  static MatMulArguments of(const MatMul& op);
};

// Row-major f32 and f16 weights.
Result<void> matmul_dense(const MatMulArguments& arguments, Execution& execution);
// Panels, with float32 products and sums; of q2 and q3 the second.
Result<void> matmul_panels_f32(const MatMulArguments& arguments, Execution& execution);
Result<void> matmul_low_bits_f32(const MatMulArguments& arguments, Execution& execution);
// Panels, with activations rounded to 8 bits and exact integer sums within a group. Several have
// the same x and the same weight type. REQUIRES: 1 to kMatMulsJoinedMax of them.
inline constexpr std::size_t kMatMulsJoinedMax = 4;
Result<void> matmul_panels_int8(std::span<const MatMulArguments> matmuls, Execution& execution);

// Half-open range of units (rows, panels) that is one part of the work.
struct PartRange {
  std::int64_t begin;
  std::int64_t end;
};

// Cuts unit_count units into parts: enough for threads of unequal speed to share, few enough that
// handing them out costs nothing.
class Parts {
 public:
  Parts(std::int64_t unit_count, int threads) : unit_count_(unit_count) {
    constexpr std::int64_t kPartsPerThread = 6;
    const std::int64_t wanted = threads == 1 ? 1 : threads * kPartsPerThread;
    size_ = std::max<std::int64_t>(1, (unit_count + wanted - 1) / wanted);
  }
  std::int64_t count() const { return (unit_count_ + size_ - 1) / size_; }
  PartRange operator[](std::int64_t part) const {
    return {part * size_, std::min(unit_count_, (part + 1) * size_)};
  }

 private:
  std::int64_t unit_count_;
  std::int64_t size_;
};

// Writes one token's results for the rows of a panel, those that there are, with the bias added.
inline void store_panel_row(const MatMulArguments& arguments, std::int64_t panel,
                            std::int64_t token, const float* sums) noexcept {
  const std::int64_t first = panel * kPanelRows;
  const std::int64_t count = std::min(kPanelRows, arguments.rows - first);
  float* out = arguments.out + token * arguments.rows + first;
  if (arguments.bias == nullptr) {
    std::copy_n(sums, count, out);
  } else {
    for (std::int64_t row = 0; row < count; ++row)
      out[row] = sums[row] + arguments.bias[first + row];
  }
}

}  // namespace tessera::cpu
