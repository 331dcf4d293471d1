// Calibrated quantization: its pieces on small matrices, and the converter on a fixture.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "calibration/calibration_text.h"
#include "calibration/error_compensation.h"
#include "calibration/mixed_precision.h"
#include "quantization/format.h"
#include "support/random_values.h"
#include "tools/open_source.h"
#include "tools/quantize_model.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;
using namespace tessera::calibration;
using tessera::testing::RandomValues;

namespace {

constexpr DataType kTypes[] = {DataType::kQ8,  DataType::kQ4, DataType::kQ4S,
                               DataType::kQ4M, DataType::kQ3, DataType::kQ2};
const std::string kStory = TESSERA_SOURCE_DIR "/tests/models/story15m";

Matrix random_matrix(std::int64_t rows, std::int64_t columns, RandomValues& random) {
  Matrix matrix(rows, columns);
  for (std::int64_t i = 0; i < matrix.size(); ++i) {
    matrix.data()[i] = random.uniform(0.1f) + random.uniform(0.1f);
  }
  return matrix;
}

// Inputs whose columns depend on each other, as a model's do.
Matrix related_inputs(std::int64_t tokens, std::int64_t columns, RandomValues& random) {
  return random_matrix(tokens, columns, random) * random_matrix(columns, columns, random);
}

double output_error(const Matrix& weight, const Matrix& other, const Matrix& inputs) {
  return (inputs * (weight - other).transpose()).squaredNorm();
}

}  // namespace

TEST_CASE("what is packed reads back as the values that calibration counted with") {
  RandomValues random(71);
  for (const DataType type : kTypes) {
    for (const std::int64_t columns : {1, 33, 64}) {
      const Matrix weight = random_matrix(11, columns, random);
      const QuantizedMatrix rounded = round_matrix(weight, type, 2);
      const std::vector<std::byte> bytes = pack(rounded);
      REQUIRE(bytes.size() == tensor_size_bytes(type, Shape{11, columns}).value());
      std::vector<float> row(static_cast<std::size_t>(columns));
      for (std::int64_t r = 0; r < 11; ++r) {
        dequantize_row(type, bytes.data(), columns, r, row.data());
        for (std::int64_t i = 0; i < columns; ++i) {
          INFO(data_type_name(type) << " row " << r << " column " << i);
          REQUIRE(std::fabs(row[static_cast<std::size_t>(i)] - rounded.value(r, i)) < 1e-4f);
        }
      }
    }
  }
}

TEST_CASE(
    "the line of 2 bits that is found leaves nearly the least error of all that can be stored") {
  RandomValues random(76);
  const std::vector<float> ones(32, 1.0f);
  double found = 0.0, least = 0.0;
  for (int round = 0; round < 16; ++round) {
    const Matrix group = random_matrix(1, 32, random);
    const auto error_of = [&](const Line& line) {
      double error = 0.0;
      for (std::int64_t i = 0; i < 32; ++i) {
        const float value = line.value(quant_of(DataType::kQ2, line, group(0, i)));
        error += std::pow(double{group(0, i)} - double{value}, 2);
      }
      return error;
    };
    double best = INFINITY;
    for (const float zero : few_zero_points(DataType::kQ2)) {
      for (float scale = 0.01f; scale < 0.3f; scale *= 1.02f) {
        best = std::min(best, error_of(encode_line(DataType::kQ2, scale, zero)));
      }
    }
    least += best;
    found += error_of(fit_line(DataType::kQ2, group.data(), ones.data(), 32));
  }
  CHECK(few_zero_points(DataType::kQ2).size() == 16);
  CHECK(few_zero_points(DataType::kQ3).empty());
  CHECK(found <= 1.03 * least);
}

TEST_CASE("error compensation keeps outputs closer than rounding does") {
  RandomValues random(72);
  const Matrix weight = random_matrix(24, 96, random);
  const Matrix inputs = related_inputs(512, 96, random);
  const Matrix second_moment = inputs.transpose() * inputs;
  for (const DataType type : kTypes) {
    INFO(data_type_name(type));
    const Matrix rounded = dequantize(round_matrix(weight, type, 1));
    const Matrix compensated =
        dequantize(quantize_matrix(weight, Curvature(second_moment, 0.01f), type, 4, 2));
    CHECK(output_error(weight, compensated, inputs) < 0.7 * output_error(weight, rounded, inputs));
  }
}

TEST_CASE("descent after error compensation never makes outputs worse") {
  RandomValues random(73);
  const Matrix weight = random_matrix(16, 64, random);
  const Matrix inputs = related_inputs(512, 64, random);
  const Matrix second_moment = inputs.transpose() * inputs;
  double before = INFINITY;
  for (const int sweeps : {0, 1, 4}) {
    const double error =
        output_error(weight,
                     dequantize(quantize_matrix(weight, Curvature(second_moment, 1e-4f),
                                                DataType::kQ2, sweeps, 1)),
                     inputs);
    CHECK(error <= before * 1.001);
    before = error;
  }
}

TEST_CASE("inputs that never occur leave weights where they are") {
  RandomValues random(74);
  const Matrix weight = random_matrix(8, 32, random);
  const InputStatistics none{Matrix::Zero(32, 32), Matrix::Zero(32, 32), {}};
  const Curvature flat(none.second_moment, 0.01f);
  CHECK((corrected_weight(weight, none, flat) - weight).norm() < 1e-4f);
  const Matrix values = dequantize(quantize_matrix(weight, flat, DataType::kQ4, 2, 1));
  CHECK(values.allFinite());
}

TEST_CASE("a corrected weight makes up for inputs that are off by a known factor") {
  RandomValues random(75);
  const Matrix weight = random_matrix(8, 32, random);
  const Matrix full = random_matrix(400, 32, random);
  const Matrix off = 0.5f * full;
  const InputStatistics statistics{off.transpose() * off, full.transpose() * off, {}};
  const Curvature curvature(statistics.second_moment, 1e-5f);
  CHECK((corrected_weight(weight, statistics, curvature) - 2.0f * weight).norm() <
        0.01f * weight.norm());
  const Matrix outputs = full * weight.transpose();
  const InputStatistics of_outputs{statistics.second_moment, {}, outputs.transpose() * off};
  CHECK((corrected_weight(weight, of_outputs, curvature) - 2.0f * weight).norm() <
        0.01f * weight.norm());
}

TEST_CASE("the factor of the curvature's inverse is an upper triangle that makes it up") {
  RandomValues random(77);
  const Matrix inputs = related_inputs(200, 40, random);
  const Curvature curvature(inputs.transpose() * inputs, 0.01f);
  const Matrix& factor = curvature.inverse_factor();
  CHECK(factor.triangularView<Eigen::StrictlyLower>().toDenseMatrix().isZero());
  const Matrix one = factor.transpose() * factor * curvature.moment();
  CHECK((one - Matrix::Identity(40, 40)).norm() < 0.01f);
  const Matrix target = random_matrix(5, 40, random);
  const Matrix solved = curvature.solve(target.cast<double>());
  CHECK((solved * curvature.moment() - target).norm() < 0.01f * target.norm());
}

TEST_CASE("formats are chosen within the budget, where they gain most") {
  const auto choices = [](const std::string& name, double sensitivity) {
    return MatrixChoices{name,
                         {{DataType::kQ2, 100, 16 * sensitivity},
                          {DataType::kQ3, 140, 4 * sensitivity},
                          {DataType::kQ4, 180, sensitivity}},
                         0};
  };
  std::vector<MatrixChoices> matrices = {choices("dull", 0.001), choices("keen", 1.0)};
  REQUIRE(choose_formats(matrices, 280).has_value());
  CHECK(matrices[0].chosen == 0);
  CHECK(matrices[1].chosen == 2);
  REQUIRE(choose_formats(matrices, 1000).has_value());
  CHECK(matrices[0].chosen == 2);
  CHECK_THAT(choose_formats(matrices, 199).error().message, ContainsSubstring("takes 200"));
}

TEST_CASE("the built-in text is cut into windows, and a model without tokenizer says what to do") {
  ModelDescription description;
  const auto refused = cut_text(description, builtin_text(), 100, 64, 4);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().message, ContainsSubstring("--uncalibrated"));
  const auto source = open_source(kStory, "");
  REQUIRE(source);
  const auto texts = cut_text((*source)->description(), builtin_text(), 8192, 64, 4);
  REQUIRE(texts);
  REQUIRE(texts->size() == 4);
  for (const auto& text : *texts) CHECK(text.size() == 64);
  CHECK((*texts)[0] != (*texts)[3]);
  CHECK_THAT(cut_text((*source)->description(), "short", 8192, 64, 4).error().message,
             ContainsSubstring("at least 16"));
}
