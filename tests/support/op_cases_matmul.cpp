#include <string>

#include "support/op_case.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

struct Size {
  std::int64_t tokens;
  std::int64_t rows;
  std::int64_t columns;
  bool is_short = false;
};

// A single value, exact panels, one less and one more; token counts around a tile; long rows.
constexpr Size kSizes[] = {
    {1, 1, 1},    {1, 8, 32},     {1, 7, 31, true},     {2, 9, 33}, {3, 16, 64, true},
    {5, 24, 96},  {8, 65, 257},   {1, 64, 256, true},   {9, 7, 31}, {12, 9, 33, true},
    {64, 64, 64}, {66, 17, 65},   {130, 72, 128, true}, {16, 3, 7}, {1, 40, 2048},
    {1, 1000, 8}, {1, 520, 1024}, {33, 130, 100},
};

// So many rows that a GPU takes its largest tiles, the last one not whole.
constexpr Size kTall = {9, 255 * 128 + 8, 40};

// So many rows that a workgroup takes two panels of a token's product, the last of them not whole.
constexpr Size kTallForOne = {1, 1536 * 8 + 4, 40};

// Sums of float32 products; each addition rounds by 2^-24 of the sum of magnitudes.
constexpr double kTolerance = 64 * 0x1p-24;
constexpr double kToleranceF16 = 2e-3;  // products and sums of 16 in float16

OpCaseRun make_matmul(CaseTensors& tensors, DataType type, const Size& size, bool has_bias) {
  const Shape shape{size.rows, size.columns};
  const auto x = tensors.random().uniform(size.tokens * size.columns, 2.0f);
  const auto weight =
      weight_bytes(type, shape, tensors.random().uniform(shape.element_count(), 0.5f));
  const auto bias = tensors.random().uniform(has_bias ? size.rows : 0, 1.0f);
  const MatMul op{
      .x = tensors.activation(Shape{size.tokens, size.columns}, x),
      .weight = tensors.matrix(type, shape, weight),
      .bias = has_bias ? tensors.vector(bias) : TensorRef{},
      .out = tensors.unset(Shape{size.tokens, size.rows}),
  };
  const auto sums = reference::matmul(reference::widen(x), weight_values(type, shape, weight),
                                      reference::widen(bias), size.tokens, size.rows, size.columns);
  // The sums are measured against the largest that they were added up from.
  const double scale = *std::ranges::max_element(sums.magnitudes);
  return {{op}, {{op.out, sums.values, scale, kTolerance, kToleranceF16}}};
}

OpCaseRun make_embedding(CaseTensors& tensors, DataType type, const Shape& shape,
                         const std::vector<std::int32_t>& ids) {
  const auto table =
      weight_bytes(type, shape, tensors.random().uniform(shape.element_count(), 1.0f));
  const auto values = weight_values(type, shape, table);
  const auto tokens = static_cast<std::int64_t>(ids.size());
  const Embedding op{
      .table = tensors.matrix(type, shape, table),
      .ids = tensors.i32(ids),
      .out = tensors.unset(Shape{tokens, shape[1]}),
  };
  std::vector<double> expected;
  for (const std::int32_t id : ids) {
    const auto row =
        std::span(values).subspan(reference::at(id * shape[1]), reference::at(shape[1]));
    expected.insert(expected.end(), row.begin(), row.end());
  }
  return {{op}, {{op.out, expected, 1.0, 0x1p-22, 0x1p-22}}};
}

constexpr std::size_t kCutBytes = 4096;  // a few panels of 64 columns

constexpr DataType kTypes[] = {DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4,
                               DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2};

std::string sized(const Size& size) {
  return std::to_string(size.tokens) + " x " + std::to_string(size.rows) + " x " +
         std::to_string(size.columns);
}

// Tiles take long to compile without a GPU: the short list has each kind of format once.
bool is_tile_short(DataType type, const Size& size) {
  const bool is_odd = size.columns % 8 != 0;
  return is_odd ? type == DataType::kF16 || type == DataType::kQ8 || type == DataType::kQ2
                : type == DataType::kF32 || type == DataType::kQ4 || type == DataType::kQ4S ||
                      type == DataType::kQ3;
}

}  // namespace

void add_matmul_cases(OpCases& cases) {
  for (const DataType type : {DataType::kF16, DataType::kQ8, DataType::kQ4, DataType::kQ3}) {
    cases.push_back(
        {"MatMul", std::string(data_type_name(type)) + ", " + sized(kTall), type == DataType::kQ4,
         [=](CaseTensors& tensors) { return make_matmul(tensors, type, kTall, false); }});
  }
  for (const DataType type : {DataType::kQ8, DataType::kQ4S, DataType::kQ2}) {
    cases.push_back({"MatMul", std::string(data_type_name(type)) + ", " + sized(kTallForOne),
                     type == DataType::kQ2, [=](CaseTensors& tensors) {
                       return make_matmul(tensors, type, kTallForOne, true);
                     }});
  }
  for (const DataType type : kTypes) {
    const std::string type_name(data_type_name(type));
    for (const Size& size : kSizes) {
      const bool has_bias = size.rows % 2 == 1;
      cases.push_back(
          {"MatMul", type_name + ", " + sized(size) + (has_bias ? ", bias" : ""),
           size.is_short && (size.tokens < 9 || is_tile_short(type, size)),
           [=](CaseTensors& tensors) { return make_matmul(tensors, type, size, has_bias); }});
    }
    for (const auto& [rows, columns] : {std::pair{1, 1}, {40, 33}, {65, 64}}) {
      const Shape shape{rows, columns};
      const std::vector<std::int32_t> ids = {rows - 1, 0, rows / 2, rows / 3, rows - 1};
      cases.push_back(
          {"Embedding", type_name + ", " + shape.to_string(), columns == 33,
           [=](CaseTensors& tensors) { return make_embedding(tensors, type, shape, ids); }});
    }
  }
  for (const DataType type :
       {DataType::kF16, DataType::kQ4, DataType::kQ4S, DataType::kQ3, DataType::kQ2}) {
    const std::string name = std::string(data_type_name(type)) + ", cut";
    for (const Size& size : {Size{1, 201, 64}, Size{12, 200, 64}}) {
      cases.push_back({"MatMul", name + ", " + sized(size),
                       type == DataType::kQ4 || type == DataType::kQ4S,
                       [=](CaseTensors& tensors) { return make_matmul(tensors, type, size, true); },
                       kCutBytes});
    }
    cases.push_back({"Embedding", name, type == DataType::kQ4 || type == DataType::kQ4S,
                     [=](CaseTensors& tensors) {
                       return make_embedding(tensors, type, Shape{200, 64}, {199, 0, 111, 112, 31});
                     },
                     kCutBytes});
  }
}

}  // namespace tessera::testing
