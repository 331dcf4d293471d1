#include "calibration/matrix_product.h"

#include <algorithm>
#include <cstring>

namespace tessera::calibration {
namespace {

// How much of either side is packed at a time: a panel of the right side stays in the first level
// cache, a block of the left side in the second.
constexpr std::int64_t kDepthAtOnce = 256;
constexpr std::int64_t kPanelsAtOnce = 8;      // of the left side
constexpr std::int64_t kColumnsAtOnce = 1536;  // of the right side

template <int kLanes>
struct Lanes {
  typedef float Floats __attribute__((vector_size(kLanes * sizeof(float)), aligned(4)));
};

// out [kRows, 2 * kLanes] = or += a^T b, for panels a [depth, a_step] and b [depth, 2 * kLanes].
template <int kRows, int kLanes>
[[gnu::always_inline]] inline void compute_tile(const float* a, std::int64_t a_step, const float* b,
                                                std::int64_t depth, bool adds, float* out,
                                                std::int64_t out_step) {
  using Floats = typename Lanes<kLanes>::Floats;
  Floats sums[kRows][2] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    const Floats low = *reinterpret_cast<const Floats*>(b);
    const Floats high = *reinterpret_cast<const Floats*>(b + kLanes);
#pragma clang loop unroll(full)
    for (int row = 0; row < kRows; ++row) {
      sums[row][0] += a[row] * low;
      sums[row][1] += a[row] * high;
    }
    a += a_step;
    b += 2 * kLanes;
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < kRows; ++row) {
    auto* to = reinterpret_cast<Floats*>(out + row * out_step);
    auto* to_high = reinterpret_cast<Floats*>(out + row * out_step + kLanes);
    *to = adds ? *to + sums[row][0] : sums[row][0];
    *to_high = adds ? *to_high + sums[row][1] : sums[row][1];
  }
}

// The same for 1 to kRowsMax rows.
template <int kRowsMax, int kLanes, int kRows = kRowsMax>
[[gnu::always_inline]] inline void choose_tile(int rows, const float* a, const float* b,
                                               std::int64_t depth, bool adds, float* out,
                                               std::int64_t out_step) {
  if constexpr (kRows > 1) {
    if (rows < kRows) {
      return choose_tile<kRowsMax, kLanes, kRows - 1>(rows, a, b, depth, adds, out, out_step);
    }
  }
  compute_tile<kRows, kLanes>(a, kRowsMax, b, depth, adds, out, out_step);
}

struct Kernel {
  int rows, columns;  // of a tile
  void (*compute)(int rows, const float* a, const float* b, std::int64_t depth, bool adds,
                  float* out, std::int64_t out_step);
};

void compute_narrow(int rows, const float* a, const float* b, std::int64_t depth, bool adds,
                    float* out, std::int64_t out_step) {
  choose_tile<6, 8>(rows, a, b, depth, adds, out, out_step);
}

#if defined(__x86_64__)
[[gnu::target("avx512f")]] void compute_wide(int rows, const float* a, const float* b,
                                             std::int64_t depth, bool adds, float* out,
                                             std::int64_t out_step) {
  choose_tile<14, 16>(rows, a, b, depth, adds, out, out_step);
}

const Kernel kKernel = __builtin_cpu_supports("avx512f") ? Kernel{14, 32, compute_wide}
                                                         : Kernel{6, 16, compute_narrow};
#else
const Kernel kKernel{6, 16, compute_narrow};
#endif

constexpr int kRowsMax = 14, kColumnsMax = 32;

// to[i * to_step + j] = from[j * from_step + i] for i, j < 8
void transpose_square(const float* from, std::int64_t from_step, float* to, std::int64_t to_step) {
  using Floats = Lanes<8>::Floats;
  Floats rows[8], pairs[8];
  for (int i = 0; i < 8; ++i) {
    rows[i] = *reinterpret_cast<const Floats*>(from + i * from_step);
  }
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int half = 0; half < 2; ++half) {
    const Floats *p = pairs + 4 * half, low = p[0], high = p[2];
    rows[4 * half] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
    rows[4 * half + 1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
    rows[4 * half + 2] = __builtin_shufflevector(p[1], p[3], 0, 1, 8, 9, 4, 5, 12, 13);
    rows[4 * half + 3] = __builtin_shufflevector(p[1], p[3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; ++i) {
    *reinterpret_cast<Floats*>(to + i * to_step) =
        __builtin_shufflevector(rows[i], rows[4 + i], 0, 1, 2, 3, 8, 9, 10, 11);
    *reinterpret_cast<Floats*>(to + (4 + i) * to_step) =
        __builtin_shufflevector(rows[i], rows[4 + i], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

std::int64_t panels_of(std::int64_t count, int width) {
  return (count + width - 1) / width;
}

// Panels of `width` columns of b one after another, [panel][row][width], zeros beyond the last.
void pack(const MatrixView& b, int width, float* out) {
  for (std::int64_t first = 0; first < b.columns; first += width) {
    const std::int64_t count = std::min<std::int64_t>(width, b.columns - first);
    const float* from = b.data + first * b.column_step;
    if (count < width) std::fill_n(out, b.rows * width, 0.0f);
    if (b.column_step == 1) {
      for (std::int64_t row = 0; row < b.rows; ++row) {
        std::copy_n(from + row * b.row_step, count, out + row * width);
      }
    } else {
      for (std::int64_t row = 0; row < b.rows; row += 8) {
        const std::int64_t rows = std::min<std::int64_t>(8, b.rows - row);
        std::int64_t column = 0;
        for (; rows == 8 && column + 8 <= count; column += 8) {
          transpose_square(from + row + column * b.column_step, b.column_step,
                           out + row * width + column, width);
        }
        for (; column < count; ++column) {
          for (std::int64_t i = row; i < row + rows; ++i) {
            out[i * width + column] = from[i + column * b.column_step];
          }
        }
      }
    }
    out += b.rows * width;
  }
}

// A tile that reaches beyond the last column.
void compute_edge(int rows, std::int64_t columns, const float* a, const float* b,
                  std::int64_t depth, bool adds, float* out, std::int64_t out_step) {
  float tile[kRowsMax * kColumnsMax];
  kKernel.compute(rows, a, b, depth, false, tile, kKernel.columns);
  for (int row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < columns; ++i) {
      float& to = out[row * out_step + i];
      const float value = tile[row * kKernel.columns + i];
      to = adds ? to + value : value;
    }
  }
}

// out = or += a * b, for as many columns of a as are packed at a time; `b` is packed.
void multiply_packed(const MatrixView& a, const float* b, std::int64_t columns, bool adds,
                     float* out, std::int64_t out_step) {
  const int height = kKernel.rows, width = kKernel.columns;
  const std::int64_t depth = a.columns;
  thread_local std::vector<float> left;
  left.resize(static_cast<std::size_t>(kPanelsAtOnce * height * kDepthAtOnce));
  for (std::int64_t first = 0; first < a.rows; first += kPanelsAtOnce * height) {
    const std::int64_t count = std::min(kPanelsAtOnce * height, a.rows - first);
    pack(a.block(first, 0, count, depth).transposed(), height, left.data());
    for (std::int64_t column = 0; column < columns; column += width) {
      for (std::int64_t row = 0; row < count; row += height) {
        const auto rows = static_cast<int>(std::min<std::int64_t>(height, count - row));
        const float* from = left.data() + row * depth;
        const float* panel = b + column * depth;
        float* to = out + (first + row) * out_step + column;
        if (columns - column >= width) {
          kKernel.compute(rows, from, panel, depth, adds, to, out_step);
        } else {
          compute_edge(rows, columns - column, from, panel, depth, adds, to, out_step);
        }
      }
    }
  }
}

}  // namespace

void multiply(const MatrixView& a, const MatrixView& b, ProductSum sum, float* out,
              std::int64_t out_step) {
  if (a.columns == 0 && sum == ProductSum::kReplaces) {
    for (std::int64_t row = 0; row < a.rows; ++row) std::fill_n(out + row * out_step, b.columns, 0);
  }
  thread_local std::vector<float> right;
  for (std::int64_t column = 0; column < b.columns; column += kColumnsAtOnce) {
    const std::int64_t columns = std::min(kColumnsAtOnce, b.columns - column);
    for (std::int64_t first = 0; first < a.columns; first += kDepthAtOnce) {
      const std::int64_t depth = std::min(kDepthAtOnce, a.columns - first);
      const std::int64_t panels = panels_of(columns, kKernel.columns);
      right.resize(static_cast<std::size_t>(panels * kKernel.columns * depth));
      pack(b.block(first, column, depth, columns), kKernel.columns, right.data());
      multiply_packed(a.block(0, first, a.rows, depth), right.data(), columns,
                      sum == ProductSum::kAdds || first > 0, out + column, out_step);
    }
  }
}

PackedFactor::PackedFactor(const MatrixView& b) : depth_(b.rows), columns_(b.columns) {
  const std::int64_t width = panels_of(columns_, kKernel.columns) * kKernel.columns;
  panels_.resize(static_cast<std::size_t>(depth_ * width));
  for (std::int64_t first = 0; first < depth_; first += kDepthAtOnce) {
    const std::int64_t depth = std::min(kDepthAtOnce, depth_ - first);
    pack(b.block(first, 0, depth, columns_), kKernel.columns, panels_.data() + first * width);
  }
}

Matrix PackedFactor::times(const Matrix& a) const {
  Matrix out(a.rows(), columns_);
  if (depth_ == 0) out.setZero();
  const MatrixView left = view_of(a);
  const std::int64_t width = panels_of(columns_, kKernel.columns) * kKernel.columns;
  for (std::int64_t first = 0; first < depth_; first += kDepthAtOnce) {
    const std::int64_t depth = std::min(kDepthAtOnce, depth_ - first);
    multiply_packed(left.block(0, first, left.rows, depth), panels_.data() + first * width,
                    columns_, first > 0, out.data(), columns_);
  }
  return out;
}

void add_second_moment(const Matrix& x, Matrix& out) {
  constexpr std::int64_t kRowsAtOnce = 224;
  const MatrixView view = view_of(x);
  for (std::int64_t first = 0; first < view.columns; first += kRowsAtOnce) {
    const std::int64_t count = std::min(kRowsAtOnce, view.columns - first);
    multiply(view.block(0, first, view.rows, count).transposed(),
             view.block(0, 0, view.rows, first + count), ProductSum::kAdds,
             out.data() + first * out.cols(), out.cols());
  }
}

}  // namespace tessera::calibration
