#include <cmath>
#include <string>

#include "support/attention_case.h"
#include "support/op_case.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

using reference::at;
using reference::AttentionShape;

std::vector<std::int32_t> positions_from(std::int32_t first, std::int64_t count) {
  std::vector<std::int32_t> positions;
  for (std::int64_t t = 0; t < count; ++t) {
    positions.push_back(first + static_cast<std::int32_t>(t));
  }
  return positions;
}

std::vector<double> halves(const std::vector<float>& values) {
  std::vector<double> out;
  for (const float value : values) out.push_back(half_to_float(float_to_half(value)));
  return out;
}

OpCaseRun make_attention(CaseTensors& tensors, const AttentionCase& described, DataType type) {
  const AttentionShape& shape = described.shape;
  const Shape cache{shape.key_value_heads, shape.context_tokens_max, shape.head_size};
  const Shape queries{shape.tokens, shape.query_heads, shape.head_size};
  const auto query = tensors.random().uniform(queries.element_count(), 1.0f);
  auto keys = tensors.random().uniform(cache.element_count(), 1.0f);
  auto values = tensors.random().uniform(cache.element_count(), 1.0f);
  const auto positions = positions_from(described.first_position, shape.tokens);
  const bool is_f16 = type == DataType::kF16;
  const auto expected = reference::attention(
      shape, reference::widen(query), is_f16 ? halves(keys) : reference::widen(keys),
      is_f16 ? halves(values) : reference::widen(values), positions);
  // What lies beyond the last position must not matter.
  const std::int64_t head_values = shape.context_tokens_max * shape.head_size;
  for (std::int64_t i = 0; i < cache.element_count(); ++i) {
    if (i % head_values / shape.head_size > positions.back()) keys[at(i)] = values[at(i)] = 6e4f;
  }
  const Attention op{
      .query = tensors.activation(queries, query),
      .key_cache = tensors.cache(type, cache, keys),
      .value_cache = tensors.cache(type, cache, values),
      .positions = tensors.i32(positions),
      .out = tensors.unset(queries),
      .scale = static_cast<float>(shape.scale),
      .window_tokens = static_cast<std::int32_t>(shape.window_tokens),
  };
  return {{op}, {{op.out, expected, 1.0, 2e-5, 2e-3}}};
}

OpCaseRun make_kv_write(CaseTensors& tensors, DataType type, std::int64_t heads,
                        std::int64_t head_size, const std::vector<std::int32_t>& positions) {
  constexpr std::int64_t kContext = 19;
  const auto tokens = static_cast<std::int64_t>(positions.size());
  const Shape shape{tokens, heads, head_size};
  const Shape cache{heads, kContext, head_size};
  const auto count = at(cache.element_count());
  const auto key = tensors.random().uniform(shape.element_count(), 4.0f);
  const auto value = tensors.random().uniform(shape.element_count(), 4.0f);
  std::vector<double> keys(count, 0.5), values(count, -0.5);
  for (std::int64_t i = 0; i < shape.element_count(); ++i) {
    const std::int64_t token = i / (heads * head_size), head = i / head_size % heads;
    const std::int64_t place = (head * kContext + positions[at(token)]) * head_size + i % head_size;
    keys[at(place)] = key[at(i)];
    values[at(place)] = value[at(i)];
  }
  const KvWrite op{
      .key = tensors.activation(shape, key),
      .value = tensors.activation(shape, value),
      .positions = tensors.i32(positions),
      .key_cache = tensors.cache(type, cache, std::vector<float>(count, 0.5f)),
      .value_cache = tensors.cache(type, cache, std::vector<float>(count, -0.5f)),
  };
  const double tolerance = type == DataType::kF16 ? 0x1p-11 : 0.0;
  return {{op},
          {{op.key_cache, keys, 4.0, tolerance, tolerance},
           {op.value_cache, values, 4.0, tolerance, tolerance}}};
}

OpCaseRun make_rope(CaseTensors& tensors, std::int64_t heads, std::int64_t head_size,
                    std::int64_t rotary_size, const std::vector<std::int32_t>& positions) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < rotary_size / 2; ++i) {
    frequencies.push_back(static_cast<float>(
        std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(rotary_size))));
  }
  const Shape shape{static_cast<std::int64_t>(positions.size()), heads, head_size};
  const auto x = tensors.random().uniform(shape.element_count(), 1.0f);
  const Rope op{
      .x = tensors.activation(shape, x),
      .positions = tensors.i32(positions),
      .frequencies = tensors.activation(Shape{rotary_size / 2}, frequencies),
      .attention_scale = 1.25f,
  };
  const auto expected = reference::rope(reference::widen(x), positions,
                                        reference::widen(frequencies), 1.25, heads, head_size);
  return {{op}, {{op.x, expected, 1.25, 2e-6, 2e-6}}};
}

const AttentionCase kAttentions[] = {
    {{1, 1, 1, 1, 2, 1.0, 0}, 0, true},         {{1, 9, 3, 40, 64, 0.125, 0}, 17, true},
    {{3, 4, 2, 50, 16, 0.25, 0}, 30},           {{17, 4, 1, 90, 8, 0.35, 0}, 5},
    {{33, 2, 2, 200, 80, 0.11, 0}, 160, true},  {{5, 6, 3, 130, 32, 0.17, 7}, 110, true},
    {{40, 3, 3, 140, 20, 0.22, 64}, 90},        {{2, 8, 2, 300, 128, 0.088, 1}, 200},
    {{1, 4, 2, 700, 128, 0.088, 0}, 650, true}, {{1, 2, 1, 2000, 64, 0.125, 0}, 1999},
    {{1, 2, 1, 2000, 64, 0.125, 0}, 3, true},   {{1, 2, 1, 2000, 64, 0.125, 700}, 1500},
    {{2, 3, 1, 600, 256, 0.0625, 0}, 300},      {{130, 3, 1, 160, 64, 0.125, 0}, 30, true},
    {{64, 2, 1, 64, 256, 0.0625, 0}, 0},        {{70, 4, 2, 400, 128, 0.088, 100}, 300},
    {{1, 3, 1, 150, 33, 0.17, 70}, 140},        {{1, 4, 1, 90, 40, 0.16, 0}, 0},
    {{1, 7, 1, 129, 20, 0.22, 0}, 128, true},
};

}  // namespace

void add_attention_cases(OpCases& cases) {
  for (const DataType type : {DataType::kF32, DataType::kF16}) {
    const std::string type_name(data_type_name(type));
    for (const AttentionCase& one : kAttentions) {
      // A GPU reads f16 by words: odd heads of f16 are the processor's alone (attention_test.cpp).
      if (type == DataType::kF16 && one.shape.head_size % 2 != 0) continue;
      cases.push_back({"Attention", type_name + ", " + described(one), one.is_short,
                       [=](CaseTensors& tensors) { return make_attention(tensors, one, type); }});
    }
    for (const auto& [heads, head_size] : {std::pair{1, 2}, {3, 16}, {9, 80}}) {
      cases.push_back(
          {"KvWrite",
           type_name + ", " + std::to_string(heads) + " heads of " + std::to_string(head_size),
           heads == 3, [=, h = heads, s = head_size](CaseTensors& tensors) {
             return make_kv_write(tensors, type, h, s, {7, 8, 0, 18});
           }});
    }
  }
  struct RopeCase {
    std::int64_t heads, head_size, rotary_size;
    std::vector<std::int32_t> positions;
  };
  const RopeCase ropes[] = {{1, 2, 2, {5}},
                            {3, 16, 16, {0, 1, 2, 3}},
                            {9, 80, 64, {511, 17}},
                            {2, 128, 128, {131071, 40000, 8191, 1}}};
  for (const RopeCase& rope : ropes) {
    cases.push_back({"Rope",
                     std::to_string(rope.heads) + " heads of " + std::to_string(rope.head_size) +
                         ", up to position " + std::to_string(rope.positions[0]),
                     rope.heads == 2, [=](CaseTensors& tensors) {
                       return make_rope(tensors, rope.heads, rope.head_size, rope.rotary_size,
                                        rope.positions);
                     }});
  }
}

}  // namespace tessera::testing
