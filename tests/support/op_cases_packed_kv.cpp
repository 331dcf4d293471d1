#include <cmath>
#include <numeric>
#include <string>

#include "support/attention_case.h"
#include "support/op_case.h"
#include "support/packed_rows.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

using reference::at;
using reference::AttentionShape;
using Positions = std::vector<std::int32_t>;

// Rows whose coordinates calibration sorted are cut otherwise for keys than for values.
struct Spectra {
  const char* name;
  KvSpectrum keys, values;
};
constexpr Spectra kSpectra[] = {{"flat", KvSpectrum::kFlat, KvSpectrum::kFlat},
                                {"sorted", KvSpectrum::kKeys, KvSpectrum::kValues}};
constexpr KvType kTypes[] = {KvType::k8, KvType::k4, KvType::k3, KvType::k2};

const AttentionCase kAttentions[] = {
    {{1, 1, 1, 1, 2, 1.0, 0}, 0},
    {{1, 9, 3, 70, 64, 0.125, 0}, 40, true},
    {{3, 4, 2, 50, 48, 0.14, 0}, 30},
    {{5, 3, 1, 66, 7, 0.4, 9}, 61, true},
    {{1, 4, 2, 700, 128, 0.088, 0}, 650, true},
    {{1, 2, 1, 2000, 64, 0.125, 700}, 1500},
    {{2, 2, 1, 600, 256, 0.0625, 0}, 300},
    {{17, 4, 1, 90, 80, 0.11, 0}, 5, true},
    {{33, 2, 2, 130, 33, 0.17, 64}, 90, true},
    {{20, 2, 1, 64, 256, 0.0625, 0}, 44},
    {{1, 4, 1, 200, 40, 0.16, 0}, 0},
    {{1, 8, 1, 300, 33, 0.17, 130}, 255},
    {{1, 3, 3, 129, 100, 0.1, 0}, 128, true},
    {{1, 3, 1, 200, 64, 0.125, 0}, 7},
    {{1, 6, 2, 2100, 24, 0.2, 0}, 2090},
};

OpCaseRun make_attention(CaseTensors& tensors, const AttentionCase& described, KvType type,
                         const Spectra& spectra) {
  const AttentionShape& shape = described.shape;
  const Shape cache{shape.key_value_heads, shape.context_tokens_max, shape.head_size};
  const Shape queries{shape.tokens, shape.query_heads, shape.head_size};
  PackedRows keys(type, cache, spectra.keys, tensors.random());
  PackedRows values(type, cache, spectra.values, tensors.random());
  const auto query = tensors.random().uniform(queries.element_count(), 1.0f);
  Positions positions(at(shape.tokens));
  std::iota(positions.begin(), positions.end(), described.first_position);
  const auto expected = reference::attention(shape, reference::widen(query), keys.values(),
                                             values.values(), positions);
  // What lies beyond the last position must not matter.
  keys.spoil_from(positions.back() + 1, tensors.random());
  values.spoil_from(positions.back() + 1, tensors.random());
  const Attention op{
      .query = tensors.activation(queries, query),
      .key_cache = keys.cache(tensors),
      .value_cache = values.cache(tensors),
      .positions = tensors.i32(positions),
      .out = tensors.unset(queries),
      .scale = static_cast<float>(shape.scale),
      .window_tokens = static_cast<std::int32_t>(shape.window_tokens),
      .key_codec = keys.codec(tensors),
      .value_codec = values.codec(tensors),
  };
  return {{op}, {{op.out, expected, 1.0, 5e-5, 2e-3}}};
}

// Rows of a cache read back as they are: a token that sees one position only takes its value.
Attention read_back(CaseTensors& tensors, const TensorRef& cache, const KvCodec& codec,
                    const Positions& positions) {
  const Shape shape{static_cast<std::int64_t>(positions.size()), cache.shape[0],
                    codec.matrices.shape[1]};
  const KvCodec values{codec.matrices, codec.format};
  return {.query = tensors.activation(shape, std::vector<float>(at(shape.element_count()))),
          .key_cache = cache,
          .value_cache = cache,
          .positions = tensors.i32(positions),
          .out = tensors.unset(shape),
          .window_tokens = 1,
          .key_codec = codec,
          .value_codec = values};
}

class WriteCase {
 public:
  WriteCase(CaseTensors& tensors, std::int64_t heads, std::int64_t head_size, Positions positions)
      : tensors_(tensors),
        cache_{heads, kContext, head_size},
        tokens_{static_cast<std::int64_t>(positions.size()), heads, head_size},
        positions_(std::move(positions)) {}

  OpCaseRun make(KvType type, const Spectra& spectra) {
    PackedRows keys(type, cache_, spectra.keys, tensors_.random());
    PackedRows values(type, cache_, spectra.values, tensors_.random());
    const auto key = tensors_.random().uniform(tokens_.element_count(), 4.0f);
    const auto value = tensors_.random().uniform(tokens_.element_count(), 4.0f);
    const KvWrite op{
        .key = tensors_.activation(tokens_, key),
        .value = tensors_.activation(tokens_, value),
        .positions = tensors_.i32(positions_),
        .key_cache = keys.cache(tensors_),
        .value_cache = values.cache(tensors_),
        .key_codec = keys.codec(tensors_),
        .value_codec = values.codec(tensors_),
    };
    run_.ops.push_back(op);
    expect(keys, op.key_cache, op.key_codec, key);
    expect(values, op.value_cache, op.value_codec, value);
    return std::move(run_);
  }

 private:
  static constexpr std::int64_t kContext = 19;

  void expect(PackedRows& rows, const TensorRef& cache, const KvCodec& codec,
              const std::vector<float>& x) {
    Positions others;
    for (std::int32_t p = 0; p < kContext; ++p) {
      if (std::ranges::find(positions_, p) == positions_.end()) others.push_back(p);
    }
    const Attention untouched = read_back(tensors_, cache, codec, others);
    reference::Values left;
    for (const std::int32_t position : others) {
      for (std::int64_t head = 0; head < cache_[0]; ++head) {
        const double* row = &rows.values()[at((head * kContext + position) * cache_[2])];
        const auto value = rows.as_value(head, position, row);
        left.insert(left.end(), value.begin(), value.end());
      }
    }
    run_.ops.push_back(untouched);
    run_.results.push_back({untouched.out, left, 1.0, 1e-5, 1e-5});

    // As close as the processor's encoder, if not byte for byte.
    const Attention written = read_back(tensors_, cache, codec, positions_);
    KvLoss loss;
    reference::Values as_values;
    for (std::int64_t row = 0; row < tokens_[0] * cache_[0]; ++row) {
      const float* from = x.data() + row * cache_[2];
      const std::int64_t head = row % cache_[0], position = positions_[at(row / cache_[0])];
      const auto read = rows.write(head, position, from);
      const reference::Values exact(from, from + cache_[2]);
      const auto value = rows.as_value(head, position, exact.data());
      as_values.insert(as_values.end(), value.begin(), value.end());
      for (std::size_t i = 0; i < read.size(); ++i) {
        loss.errors += (read[i] - from[i]) * (read[i] - from[i]);
        loss.squares += static_cast<double>(from[i]) * from[i];
      }
    }
    const double tolerance = 1.005 * loss.root() + 1e-5;
    run_.ops.push_back(written);
    run_.results.push_back({written.out, as_values, 1.0, tolerance, tolerance, true});
  }

  CaseTensors& tensors_;
  Shape cache_;
  Shape tokens_;
  Positions positions_;
  OpCaseRun run_;
};

}  // namespace

void add_packed_kv_cases(OpCases& cases) {
  for (const KvType type : kTypes) {
    for (const Spectra& spectra : kSpectra) {
      const std::string rows = "kv" + std::string(kv_type_name(type)) + " " + spectra.name + ", ";
      const bool is_sorted = spectra.keys == KvSpectrum::kKeys;
      for (const AttentionCase& one : kAttentions) {
        cases.push_back(
            {"Attention", rows + described(one), one.is_short && is_sorted,
             [=](CaseTensors& tensors) { return make_attention(tensors, one, type, spectra); }});
      }
      for (const auto& [heads, head_size] :
           {std::pair{1, 2}, {3, 16}, {2, 33}, {4, 64}, {9, 80}, {1, 256}}) {
        cases.push_back({"KvWrite",
                         rows + std::to_string(heads) + " heads of " + std::to_string(head_size),
                         heads == 2 || (heads == 4 && is_sorted),
                         [=, h = heads, s = head_size](CaseTensors& tensors) {
                           return WriteCase(tensors, h, s, {7, 8, 0, 18}).make(type, spectra);
                         }});
      }
    }
  }
}

}  // namespace tessera::testing
