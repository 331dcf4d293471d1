// The values that a group of 32 weights may take in each quantized format, as one kind of line:
//   weight = scale * (quant - zero), quant in 0..quant_max
// for q2, q3 and q4m with a zero point of their own, for q4 and q4s with 8 and for q8 with 128.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "calibration/matrix.h"
#include "tensor/data_type.h"

namespace tessera::calibration {

// A line as it is stored; scale and zero are what the stored codes stand for.
struct Line {
  float scale = 0.0f;
  float zero = 0.0f;
  std::uint16_t scale_code = 0;  // f16, or the byte of q4s, q3 and q2
  std::uint16_t zero_code = 0;   // q4m: the minimum, f16; q2 and q3: the zero point's byte

  float value(int quant) const { return scale * (static_cast<float>(quant) - zero); }
};

int quant_max(DataType type);
bool has_zero_point(DataType type);
// The zero points that can be stored, where they are so few that each is worth a try; else none.
std::span<const float> few_zero_points(DataType type);
// The largest magnitude that every weight of a tensor may have.
float weight_max(DataType type);

// The nearest line that can be stored.
Line encode_line(DataType type, float scale, float zero);
// The nearest quant of a weight.
int quant_of(DataType type, const Line& line, float weight);

// The line of least squared error, each error weighted with its `importance`, that a search over
// ranges with least-squares refits finds.
Line fit_line(DataType type, const float* weights, const float* importance, std::int64_t count);

// A quantized matrix before it is packed.
struct QuantizedMatrix {
  DataType type = DataType::kQ8;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::uint8_t> quants;  // [rows, columns]
  std::vector<Line> lines;           // [rows, groups]

  QuantizedMatrix(DataType type, std::int64_t rows, std::int64_t columns);
  std::int64_t groups() const;
  Line& line(std::int64_t row, std::int64_t column);
  const Line& line(std::int64_t row, std::int64_t column) const;
  std::uint8_t& quant(std::int64_t row, std::int64_t column);
  float value(std::int64_t row, std::int64_t column) const;
};

Matrix dequantize(const QuantizedMatrix& matrix);
// The matrix in panels, as a package holds it.
std::vector<std::byte> pack(const QuantizedMatrix& matrix);

}  // namespace tessera::calibration
