// KvWrite and Attention over packed KV caches.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>

#include "ops/op.h"
#include "support/kv_codecs.h"
#include "support/op_tensors.h"
#include "support/random_values.h"
#include "support/reference_ops.h"

namespace tessera {
namespace {

using reference::at;
using reference::AttentionShape;
using testing::OpTensors;
using testing::RandomValues;

constexpr KvType kTypes[] = {KvType::k8, KvType::k4, KvType::k3, KvType::k2};

// Caches filled by KvWrite from the first position to the last.
struct Caches {
  std::int64_t heads, context, head_size;
  std::vector<float> key_numbers, value_numbers;  // of the codecs
  std::vector<float> keys, values;                // [context, heads, head_size]
  std::vector<float> frequencies;                 // of sorted keys, whose mean turns
  KvWrite write;

  Caches(OpTensors& tensors, KvType type, const Shape& shape, KvSpectrum spectrum,
         RandomValues& random)
      : heads(shape[0]), context(shape[1]), head_size(shape[2]) {
    key_numbers = testing::reflecting_codec(heads, head_size, random);
    value_numbers = testing::reflecting_codec(heads, head_size, random);
    keys = random.uniform(shape.element_count(), 2.0f);
    values = random.uniform(shape.element_count(), 1.0f);
    const Shape matrices{heads * KvCodec::rows_of_head(head_size), head_size};
    const KvRowFormat format = kv_row_format(kv_row_bytes(type, head_size), head_size, spectrum);
    const Shape rows{heads, context, format.size_bytes()};
    std::vector<std::int32_t> positions;
    for (std::int32_t p = 0; p < context; ++p) positions.push_back(p);
    const Shape tokens{context, heads, head_size};
    write = {.key = tensors.f32(tokens, keys),
             .value = tensors.f32(tokens, values),
             .positions = tensors.i32(positions),
             .key_cache = tensors.zeros(DataType::kKvRows, rows),
             .value_cache = tensors.zeros(DataType::kKvRows, rows),
             .key_codec = {tensors.row_major(DataType::kF16, matrices, key_numbers), format},
             .value_codec = {tensors.row_major(DataType::kF16, matrices, value_numbers), format}};
    if (spectrum == KvSpectrum::kKeys && head_size > 1) {
      frequencies = testing::turning_frequencies(head_size);
      const auto pairs = static_cast<std::int64_t>(frequencies.size());
      write.key_codec.turns =
          tensors.f32(kv_turns_shape(pairs, context), kv_turns(frequencies, context));
    }
    REQUIRE(tensors.run(write).has_value());
  }

  // What a cache stands for, [heads, context, head_size].
  std::vector<double> unpacked(bool is_key) const {
    const TensorRef& cache = is_key ? write.key_cache : write.value_cache;
    const KvRowFormat& format = is_key ? write.key_codec.format : write.value_codec.format;
    const auto* rows = reinterpret_cast<const std::uint8_t*>(cache.host_bytes());
    std::vector<double> all;
    for (std::int64_t row = 0; row < heads * context; ++row) {
      const auto x = testing::unpacked_row(
          format, rows + row * format.size_bytes(), is_key ? key_numbers : value_numbers,
          row / context, head_size, is_key ? frequencies : std::vector<float>(), row % context);
      all.insert(all.end(), x.begin(), x.end());
    }
    return all;
  }

  Attention attention(OpTensors& tensors, const AttentionShape& shape,
                      const std::vector<float>& query,
                      const std::vector<std::int32_t>& positions) const {
    const Shape queries{shape.tokens, shape.query_heads, shape.head_size};
    return {.query = tensors.f32(queries, query),
            .key_cache = write.key_cache,
            .value_cache = write.value_cache,
            .positions = tensors.i32(positions),
            .out = tensors.unset(queries),
            .scale = static_cast<float>(shape.scale),
            .window_tokens = static_cast<std::int32_t>(shape.window_tokens),
            .key_codec = write.key_codec,
            .value_codec = write.value_codec};
  }
};

}  // namespace

TEST_CASE("kv_write packs keys and values so that they read back as closely as their bits allow") {
  RandomValues random(81);
  const double bounds[] = {3e-4, 0.015, 0.045, 0.12};  // of the energy
  for (const Shape& shape : {Shape{3, 7, 64}, Shape{2, 5, 48}, Shape{1, 9, 80}}) {
    for (std::size_t t = 0; t < 4; ++t) {
      OpTensors tensors(2);
      const Caches caches(tensors, kTypes[t], shape, KvSpectrum::kFlat, random);
      const auto unpacked = caches.unpacked(true);
      double error = 0.0, energy = 0.0;
      for (std::int64_t i = 0; i < shape.element_count(); ++i) {
        const std::int64_t head = i / (shape[1] * shape[2]), position = i / shape[2] % shape[1];
        const double key = caches.keys[at((position * shape[0] + head) * shape[2] + i % shape[2])];
        error += (unpacked[at(i)] - key) * (unpacked[at(i)] - key);
        energy += key * key;
      }
      INFO(kv_type_name(kTypes[t]) << " " << shape.to_string() << ": " << error / energy);
      CHECK(error / energy < bounds[t]);
    }
  }
}

TEST_CASE("kv_write replaces a packed row at any position and leaves its neighbours") {
  RandomValues random(82);
  for (const KvType type : kTypes) {
    OpTensors tensors(2);
    const Caches caches(tensors, type, Shape{2, 9, 33}, KvSpectrum::kKeys, random);
    const auto before = caches.unpacked(true);
    KvWrite again = caches.write;
    const auto fresh = random.uniform(2 * 33, 2.0f);
    again.key = tensors.f32(Shape{1, 2, 33}, fresh);
    again.value = tensors.f32(Shape{1, 2, 33}, fresh);
    again.positions = tensors.i32({4});
    REQUIRE(tensors.run(again).has_value());
    const auto after = caches.unpacked(true);
    bool is_replaced = false;
    for (std::int64_t i = 0; i < 2 * 9 * 33; ++i) {
      if (i / 33 % 9 != 4) {
        REQUIRE(after[at(i)] == before[at(i)]);
      } else if (after[at(i)] != before[at(i)]) {
        is_replaced = true;
      }
    }
    CHECK(is_replaced);
    // Written once more as it was, it is as it was.
    REQUIRE(tensors.run(caches.write).has_value());
    CHECK(caches.unpacked(true) == before);
  }
}

TEST_CASE("attention over packed caches matches the reference over what they stand for") {
  RandomValues random(83);
  const AttentionShape shapes[] = {
      {1, 1, 1, 3, 1, 1.0, 0},     {1, 9, 3, 70, 64, 0.125, 0},  {1, 4, 2, 40, 48, 0.14, 9},
      {17, 4, 1, 90, 80, 0.11, 0}, {33, 2, 2, 130, 24, 0.2, 64}, {2, 8, 2, 100, 128, 0.088, 1},
      {5, 3, 1, 66, 7, 0.4, 0},
  };
  for (const AttentionShape& shape : shapes) {
    for (const KvType type : kTypes) {
      for (const KvSpectrum spectrum : {KvSpectrum::kFlat, KvSpectrum::kKeys}) {
        OpTensors tensors(2);
        const Shape cache{shape.key_value_heads, shape.context_tokens_max, shape.head_size};
        const Caches caches(tensors, type, cache, spectrum, random);
        const auto query = random.uniform(shape.tokens * shape.query_heads * shape.head_size, 1.0f);
        std::vector<std::int32_t> positions;
        for (std::int64_t t = 0; t < shape.tokens; ++t) {
          positions.push_back(
              static_cast<std::int32_t>(shape.context_tokens_max - shape.tokens + t));
        }
        const Attention op = caches.attention(tensors, shape, query, positions);
        REQUIRE(tensors.run(op).has_value());
        const auto expected =
            reference::attention(shape, reference::widen(query), caches.unpacked(true),
                                 caches.unpacked(false), positions);
        INFO(kv_type_name(type) << " " << shape.tokens << " tokens, heads of " << shape.head_size);
        CHECK(testing::largest_difference(tensors.values(op.out), expected) < 1e-4);
      }
    }
  }
}

TEST_CASE("attention over packed caches gives the same bits with one, two and three threads") {
  for (const std::int64_t tokens : {1, 20}) {
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      RandomValues random(84);
      OpTensors tensors(threads);
      const AttentionShape shape{tokens, 6, 2, 150, 40, 0.15, 0};
      const Caches caches(tensors, KvType::k3, Shape{2, 150, 40}, KvSpectrum::kValues, random);
      std::vector<std::int32_t> positions;
      for (std::int32_t t = 0; t < tokens; ++t) positions.push_back(100 + t);
      const Attention op =
          caches.attention(tensors, shape, random.uniform(tokens * 240, 1.0f), positions);
      REQUIRE(tensors.run(op).has_value());
      results.push_back(tensors.values(op.out));
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
}

TEST_CASE("packed caches are refused without a codec that fits them") {
  RandomValues random(85);
  OpTensors tensors(1);
  const Caches caches(tensors, KvType::k4, Shape{2, 4, 16}, KvSpectrum::kFlat, random);
  const auto refusal = [](const Op& op) {
    const Result<void> result = validate(op);
    return result ? std::string() : result.error().message;
  };
  KvWrite op = caches.write;
  CHECK(refusal(op).empty());
  op.key_codec = {};
  CHECK(refusal(op) == "KvWrite: key_codec needs rank 2, not shape []");
  op = caches.write;
  op.value_codec.matrices.shape = Shape{67, 16};
  CHECK(refusal(op) ==
        "KvWrite: value_codec's rows (67) and the rows of the cache's heads (68) differ");
  op = caches.write;
  op.key_codec.format = kv_row_format(kv_row_bytes(KvType::k2, 16), 16, KvSpectrum::kFlat);
  CHECK(refusal(op) == "KvWrite: key_codec's rows have another size than the cache's");
  op = caches.write;
  op.key_codec.format.widths[0] = 7;
  CHECK(refusal(op) == "KvWrite: key_codec's runs do not make up a head");
  op = caches.write;
  op.key_codec.turns = tensors.f32(kv_turns_shape(9, 4), kv_turns(std::vector<float>(9), 4));
  CHECK(refusal(op) == "KvWrite: key_codec's turns do not fit the head's pairs");
  op.key_codec.turns = tensors.f32(kv_turns_shape(8, 200), kv_turns(std::vector<float>(8), 200));
  CHECK(refusal(op) ==
        "KvWrite: the columns of key_codec's turns (130) and those of the context (129) differ");
}

}  // namespace tessera
