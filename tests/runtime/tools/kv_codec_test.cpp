// Codecs for packed KV caches, from watching a model run.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <memory>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "base/half.h"
#include "calibration/kv_codec_observer.h"
#include "ops/kv_codec.h"
#include "support/tiny_model.h"

namespace tessera {
namespace {

using calibration::KvCodecObserver;
using calibration::LayerCodecs;

constexpr std::size_t kHeadSize = 8;  // of the tiny model, which has 2 heads in 2 layers

Result<std::vector<LayerCodecs>> codecs_after(std::int32_t tokens) {
  auto backend = std::make_unique<KvCodecObserver>(CpuBackend::create({}).value());
  const KvCodecObserver* observer = backend.get();
  testing::TinyModelOptions options;
  options.model.kv_type = KvType::kF32;
  const auto model = testing::make_tiny_model(options, std::move(backend)).value();
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < tokens; ++i) ids.push_back(i * i % 40);
  REQUIRE(model->decoder().forward(ids, 0, LogitsRows::kNone).has_value());
  return observer->codecs();
}

}  // namespace

TEST_CASE("kv codecs found by calibration undo themselves and sort their coordinates") {
  const auto codecs = codecs_after(64);
  REQUIRE(codecs.has_value());
  REQUIRE(codecs->size() == 2);
  const auto rows = static_cast<std::size_t>(KvCodec::rows_of_head(kHeadSize));
  for (const auto& layer : *codecs) {
    for (const auto* halves : {&layer.key, &layer.value}) {
      REQUIRE(halves->size() == 2 * rows * kHeadSize);
      for (std::size_t head = 0; head < 2; ++head) {
        const auto number = [&](std::size_t row, std::size_t column) {
          return static_cast<double>(
              half_to_float((*halves)[(head * rows + row) * kHeadSize + column]));
        };
        for (std::size_t i = 0; i < kHeadSize; ++i) {
          for (std::size_t j = 0; j < kHeadSize; ++j) {
            double sum = 0.0;
            for (std::size_t k = 0; k < kHeadSize; ++k) {
              sum += number(kHeadSize + i, k) * number(k, j);
            }
            CHECK(std::fabs(sum - (i == j ? 1.0 : 0.0)) < 0.05);
          }
          if (i > 0) {
            CHECK(number(2 * kHeadSize + 1, i) <= number(2 * kHeadSize + 1, i - 1));
          }
        }
      }
    }
  }
}

TEST_CASE("kv codecs are not made from fewer tokens than they have directions") {
  const auto codecs = codecs_after(20);
  REQUIRE(!codecs.has_value());
  CHECK(codecs.error().message == "heads of 8 elements need at least 32 tokens of text, not 20");
}

}  // namespace tessera
