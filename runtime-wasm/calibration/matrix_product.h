// Products of float matrices in the widest vectors that the processor has. Every element is summed
// in the same order on every processor, however many rows and columns are computed beside it.
#pragma once

#include <cstdint>
#include <vector>

#include "calibration/matrix.h"

namespace tessera::calibration {

// Floats in memory as a matrix; one of both steps is 1.
struct MatrixView {
  const float* data = nullptr;
  std::int64_t rows = 0, columns = 0;
  std::int64_t row_step = 0, column_step = 1;

  MatrixView transposed() const { return {data, columns, rows, column_step, row_step}; }
  MatrixView block(std::int64_t row, std::int64_t column, std::int64_t row_count,
                   std::int64_t column_count) const {
    // A matrix without elements may have no memory to point into.
    const bool is_empty = row_count == 0 || column_count == 0;
    const float* first = is_empty ? data : data + row * row_step + column * column_step;
    return {first, row_count, column_count, row_step, column_step};
  }
};

// Of a matrix, a block of one, or the transpose of either; it must live as long as the view.
template <typename Derived>
MatrixView view_of(const Eigen::MatrixBase<Derived>& matrix) {
  const Derived& m = matrix.derived();
  return {m.data(), m.rows(), m.cols(), m.rowStride(), m.colStride()};
}

enum class ProductSum : bool { kReplaces, kAdds };

// out [a.rows, b.columns], whose rows are `out_step` apart, becomes a * b, or gets it added.
void multiply(const MatrixView& a, const MatrixView& b, ProductSum sum, float* out,
              std::int64_t out_step);

// The right side of many products, laid out for them once.
class PackedFactor {
 public:
  PackedFactor() = default;
  explicit PackedFactor(const MatrixView& b);

  // a * b
  Matrix times(const Matrix& a) const;

 private:
  std::int64_t depth_ = 0, columns_ = 0;
  std::vector<float> panels_;
};

template <typename A, typename B>
Matrix product(const A& a, const B& b) {
  Matrix out(a.rows(), b.cols());
  multiply(view_of(a), view_of(b), ProductSum::kReplaces, out.data(), out.cols());
  return out;
}

template <typename A, typename B>
void add_product(const A& a, const B& b, Matrix& out) {
  multiply(view_of(a), view_of(b), ProductSum::kAdds, out.data(), out.cols());
}

// Adds x^T x to `out`, of which only the lower triangle counts afterwards.
void add_second_moment(const Matrix& x, Matrix& out);

}  // namespace tessera::calibration
