// Products of float matrices against Eigen's in double precision.
#include "calibration/matrix_product.h"

#include <catch2/catch_test_macros.hpp>

#include "support/random_values.h"

using namespace tessera;
using namespace tessera::calibration;
using tessera::testing::RandomValues;

namespace {

Matrix random_matrix(Eigen::Index rows, Eigen::Index columns, RandomValues& random) {
  Matrix matrix(rows, columns);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = random.uniform(1.0f);
  return matrix;
}

Matrix reference(const Matrix& a, const Matrix& b) {
  return (a.cast<double>() * b.cast<double>()).cast<float>();
}

double distance(const Matrix& a, const Matrix& b) {
  return a.size() == 0 ? 0.0 : static_cast<double>((a - b).cwiseAbs().maxCoeff());
}

constexpr double kTolerance = 1e-3;

}  // namespace

TEST_CASE("products of any shape are those of double precision, however the factors lie") {
  RandomValues random(91);
  for (const Eigen::Index rows : {0, 1, 5, 14, 15, 113}) {
    for (const Eigen::Index depth : {0, 1, 8, 17, 256, 259}) {
      for (const Eigen::Index columns : {0, 1, 31, 32, 33, 100}) {
        INFO(rows << " x " << depth << " x " << columns);
        const Matrix a = random_matrix(rows, depth, random);
        const Matrix b = random_matrix(depth, columns, random);
        const Matrix a_across = a.transpose(), b_across = b.transpose();
        const Matrix wanted = reference(a, b);
        REQUIRE(distance(product(a, b), wanted) < kTolerance);
        REQUIRE(distance(product(a_across.transpose(), b), wanted) < kTolerance);
        REQUIRE(distance(product(a, b_across.transpose()), wanted) < kTolerance);
        REQUIRE(distance(PackedFactor(view_of(b)).times(a), wanted) < kTolerance);
        Matrix sum = Matrix::Ones(rows, columns);
        add_product(a, b, sum);
        REQUIRE(distance(sum, wanted + Matrix::Ones(rows, columns)) < kTolerance);
      }
    }
  }
}

TEST_CASE("a product wider than what is packed at a time, and one of blocks, are complete") {
  RandomValues random(92);
  const Matrix a = random_matrix(20, 70, random), b = random_matrix(70, 1700, random);
  CHECK(distance(product(a, b), reference(a, b)) < kTolerance);
  const Matrix part = product(a.middleCols(3, 40), b.block(5, 9, 40, 50));
  CHECK(distance(part, reference(a.middleCols(3, 40), b.block(5, 9, 40, 50))) < kTolerance);
}

TEST_CASE("an element of a product is the same to the bit whatever is computed beside it") {
  RandomValues random(93);
  const Matrix a = random_matrix(64, 300, random), b = random_matrix(300, 90, random);
  const Matrix whole = product(a, b);
  const Matrix row = a.row(37);
  CHECK(product(row, b) == whole.row(37));
  CHECK(PackedFactor(view_of(b)).times(a) == whole);
  CHECK(product(a, b.middleCols(40, 7)) == whole.middleCols(40, 7));
}

TEST_CASE("a second moment is that of Eigen below the diagonal") {
  RandomValues random(94);
  const Matrix x = random_matrix(33, 470, random);
  Matrix out = Matrix::Zero(470, 470);
  add_second_moment(x, out);
  const Matrix wanted = reference(x.transpose(), x);
  CHECK(distance(out.triangularView<Eigen::Lower>(), wanted.triangularView<Eigen::Lower>()) <
        kTolerance);
}
