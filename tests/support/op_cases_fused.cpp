#include <cmath>
#include <string>

#include "support/op_case.h"
#include "support/packed_rows.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

using reference::at;
using reference::Values;

// A decoder's layer, its ops as a model records them.
struct LayerShape {
  std::int64_t tokens;
  std::int64_t hidden;
  std::int64_t intermediate;
  std::int64_t query_heads;
  std::int64_t key_value_heads;
  std::int64_t head_size;
  std::int64_t context;
  std::int32_t first_position;
  bool has_norms = false;   // of query and key heads
  bool has_biases = false;  // of their projections
  DataType weights = DataType::kF32;
  DataType cache = DataType::kF32;  // packed: of 8 bits
};

struct Weight {
  TensorRef tensor;
  Values values;
};

// Makes the layer's tensors, and computes in double precision along with its ops.
class Layer {
 public:
  Layer(CaseTensors& tensors, const LayerShape& shape) : tensors_(tensors), shape_(shape) {
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
      positions_.push_back(shape.first_position + static_cast<std::int32_t>(t));
    }
    positions_tensor_ = tensors.i32(positions_);
    const auto hidden = tensors.random().uniform(shape.tokens * shape.hidden, 1.0f);
    hidden_ = tensors.activation(Shape{shape.tokens, shape.hidden}, hidden);
    hidden_values_ = reference::widen(hidden);
    normed_ = tensors.unset(hidden_.shape);
    projected_ = tensors.unset(hidden_.shape);
  }

  OpCaseRun make() {
    record_attention();
    record_mlp();
    if (shape_.cache == DataType::kKvRows) {
      // Encoders may differ, and what 8 bits lose is bounded as a whole.
      run_.results.push_back({hidden_, hidden_values_, 1.0, 1e-2, 2e-2, true});
      return std::move(run_);
    }
    const double tolerance = shape_.cache == DataType::kF16 ? 1e-3 : 2e-5;
    run_.results.push_back({hidden_, hidden_values_, 1.0, tolerance, 2e-2});
    return std::move(run_);
  }

 private:
  Weight matrix(std::int64_t rows, std::int64_t columns) {
    const Shape shape{rows, columns};
    const float magnitude = 1.7f / std::sqrt(static_cast<float>(columns));
    const auto bytes = weight_bytes(shape_.weights, shape,
                                    tensors_.random().uniform(shape.element_count(), magnitude));
    return {tensors_.matrix(shape_.weights, shape, bytes),
            weight_values(shape_.weights, shape, bytes)};
  }
  Weight vector(std::int64_t size) {
    const auto values = tensors_.random().uniform(size, 1.5f);
    return {tensors_.vector(values), reference::widen(values)};
  }

  // Gives the normed values.
  Values norm(const TensorRef& x, const TensorRef& out, const Values& values) {
    const Weight weight = vector(x.shape[1]);
    run_.ops.push_back(RmsNorm{x, weight.tensor, out, 1e-5f});
    return reference::rms_norm(values, weight.values, 1e-5f);
  }

  Values product(const TensorRef& x, const TensorRef& out, const Values& values, bool has_bias) {
    const Weight weight = matrix(out.shape[1], x.shape[1]);
    const Weight bias = has_bias ? vector(out.shape[1]) : Weight{};
    run_.ops.push_back(MatMul{x, weight.tensor, bias.tensor, out});
    return reference::matmul(values, weight.values, bias.values, shape_.tokens, out.shape[1],
                             x.shape[1])
        .values;
  }

  void add_residual(const Values& values) {
    run_.ops.push_back(Add{hidden_, projected_, hidden_});
    for (std::size_t i = 0; i < values.size(); ++i) hidden_values_[i] += values[i];
  }

  static TensorRef reshaped(TensorRef tensor, const Shape& shape) {
    tensor.shape = shape;
    return tensor;
  }

  struct Heads {
    TensorRef tensor;  // [tokens, heads * head_size]
    std::int64_t count;
    Values values;

    TensorRef by_head(std::int64_t tokens) const {
      return reshaped(tensor, Shape{tokens, count, tensor.shape[1] / count});
    }
  };

  Heads project(std::int64_t heads, const Values& normed) {
    Heads out{tensors_.unset(Shape{shape_.tokens, heads * shape_.head_size}), heads, {}};
    out.values = product(normed_, out.tensor, normed, shape_.has_biases);
    return out;
  }

  void norm_heads(Heads& heads) {
    const TensorRef rows =
        reshaped(heads.tensor, Shape{shape_.tokens * heads.count, shape_.head_size});
    heads.values = norm(rows, rows, heads.values);
  }

  void rotate(Heads& heads, const TensorRef& frequencies, const std::vector<float>& values) {
    run_.ops.push_back(Rope{heads.by_head(shape_.tokens), positions_tensor_, frequencies, 1.0f});
    heads.values = reference::rope(heads.values, positions_, reference::widen(values), 1.0,
                                   heads.count, shape_.head_size);
  }

  // The cache's values once the new ones are written.
  Values written(Values values, const Heads& heads) const {
    for (std::size_t i = 0; i < heads.values.size(); ++i) {
      const auto index = static_cast<std::int64_t>(i);
      const std::int64_t token = index / (heads.count * shape_.head_size);
      const std::int64_t head = index / shape_.head_size % heads.count;
      const std::int64_t place = head * shape_.context + positions_[at(token)];
      values[at(place * shape_.head_size + index % shape_.head_size)] = heads.values[i];
    }
    return values;
  }

  Values attend(const Heads& query, const Heads& key, const Heads& value, const TensorRef& out) {
    const Shape cache{key.count, shape_.context, shape_.head_size};
    if (shape_.cache == DataType::kKvRows) return attend_packed(query, key, value, out, cache);
    const auto keys = tensors_.random().uniform(cache.element_count(), 1.0f);
    const auto values = tensors_.random().uniform(cache.element_count(), 1.0f);
    const TensorRef key_cache = tensors_.cache(shape_.cache, cache, keys);
    const TensorRef value_cache = tensors_.cache(shape_.cache, cache, values);
    record_cached(query, key, value, out, key_cache, value_cache);
    const Values key_values = written(reference::widen(keys), key);
    const Values value_values = written(reference::widen(values), value);
    const double tolerance = shape_.cache == DataType::kF16 ? 1e-3 : 5e-6;
    run_.results.push_back({key_cache, key_values, 1.0, tolerance, 1e-2});
    run_.results.push_back({value_cache, value_values, 1.0, tolerance, 1e-2});
    return attended(query, key.count, key_values, value_values);
  }

  Values attend_packed(const Heads& query, const Heads& key, const Heads& value,
                       const TensorRef& out, const Shape& cache) {
    const PackedRows keys(KvType::k8, cache, KvSpectrum::kKeys, tensors_.random());
    const PackedRows values(KvType::k8, cache, KvSpectrum::kValues, tensors_.random());
    record_cached(query, key, value, out, keys.cache(tensors_), values.cache(tensors_),
                  keys.codec(tensors_), values.codec(tensors_));
    return attended(query, key.count, written(keys.values(), key), written(values.values(), value));
  }

  void record_cached(const Heads& query, const Heads& key, const Heads& value, const TensorRef& out,
                     const TensorRef& key_cache, const TensorRef& value_cache,
                     const KvCodec& key_codec = {}, const KvCodec& value_codec = {}) {
    run_.ops.push_back(KvWrite{key.by_head(shape_.tokens), value.by_head(shape_.tokens),
                               positions_tensor_, key_cache, value_cache, key_codec, value_codec});
    run_.ops.push_back(Attention{query.by_head(shape_.tokens), key_cache, value_cache,
                                 positions_tensor_,
                                 reshaped(out, Shape{shape_.tokens, query.count, shape_.head_size}),
                                 scale(), 0, key_codec, value_codec});
  }

  Values attended(const Heads& query, std::int64_t key_value_heads, const Values& keys,
                  const Values& values) const {
    return reference::attention(
        {shape_.tokens, query.count, key_value_heads, shape_.context, shape_.head_size, scale(), 0},
        query.values, keys, values, positions_);
  }

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(shape_.head_size)); }

  void record_attention() {
    const Values normed = norm(hidden_, normed_, hidden_values_);
    Heads query = project(shape_.query_heads, normed);
    Heads key = project(shape_.key_value_heads, normed);
    const Heads value = project(shape_.key_value_heads, normed);
    if (shape_.has_norms) {
      norm_heads(query);
      norm_heads(key);
    }
    std::vector<float> angles;
    for (std::int64_t i = 0; i < shape_.head_size / 2; ++i) {
      angles.push_back(std::pow(0.1f, static_cast<float>(i)));
    }
    const TensorRef frequencies = tensors_.activation(Shape{shape_.head_size / 2}, angles);
    rotate(query, frequencies, angles);
    rotate(key, frequencies, angles);
    const TensorRef attended = tensors_.unset(query.tensor.shape);
    const Values values = attend(query, key, value, attended);
    add_residual(product(attended, projected_, values, false));
  }

  void record_mlp() {
    const Values normed = norm(hidden_, normed_, hidden_values_);
    const TensorRef gate = tensors_.unset(Shape{shape_.tokens, shape_.intermediate});
    const TensorRef up = tensors_.unset(gate.shape);
    Values gated = product(normed_, gate, normed, false);
    const Values up_values = product(normed_, up, normed, false);
    run_.ops.push_back(GatedActivation{gate, up, gate, ActivationFunction::kSilu});
    for (std::size_t i = 0; i < gated.size(); ++i) {
      gated[i] = reference::silu(gated[i]) * up_values[i];
    }
    add_residual(product(gate, projected_, gated, false));
  }

  CaseTensors& tensors_;
  LayerShape shape_;
  OpCaseRun run_;
  std::vector<std::int32_t> positions_;
  TensorRef positions_tensor_, hidden_, normed_, projected_;
  Values hidden_values_;
};

// RmsNorm and MatMul of a last token in the middle of a tensor, as before the logits.
OpCaseRun make_logits(CaseTensors& tensors, DataType type, std::int64_t rows) {
  constexpr std::int64_t kColumns = 64, kTokens = 3;
  const auto x = tensors.random().uniform(kTokens * kColumns, 1.0f);
  const auto weight = tensors.random().uniform(kColumns, 1.0f);
  const Shape shape{rows, kColumns};
  const auto bytes =
      weight_bytes(type, shape, tensors.random().uniform(shape.element_count(), 0.2f));
  TensorRef last = tensors.activation(Shape{kTokens, kColumns}, x);
  last.shape = Shape{1, kColumns};
  last.offset_bytes = (kTokens - 1) * kColumns * 4;
  const TensorRef normed = tensors.unset(last.shape);
  const TensorRef out = tensors.unset(Shape{1, rows});
  const Values row(x.end() - kColumns, x.end());
  const auto expected = reference::matmul(reference::rms_norm(row, reference::widen(weight), 1e-6f),
                                          weight_values(type, shape, bytes), {}, 1, rows, kColumns);
  return {{RmsNorm{last, tensors.vector(weight), normed, 1e-6f},
           MatMul{normed, tensors.matrix(type, shape, bytes), {}, out}},
          {{out, expected.values, 4.0, 1e-5, 1e-2}}};
}

const LayerShape kLayers[] = {
    {1, 64, 96, 4, 2, 16, 40, 17},
    {1, 72, 40, 9, 3, 8, 600, 300, true, true},
    {1, 64, 64, 3, 1, 64, 1200, 1100, true, false, DataType::kQ4, DataType::kF16},
    {1, 32, 30, 1, 1, 2, 8, 0, false, true, DataType::kQ8},
    {5, 64, 96, 4, 2, 16, 40, 3, true, true, DataType::kF16, DataType::kF16},
    {12, 64, 96, 4, 2, 16, 40, 3, true, true, DataType::kQ4M},
    {1, 64, 96, 4, 2, 16, 40, 17, true, false, DataType::kQ2},
    {1, 72, 40, 9, 3, 8, 600, 300, false, true, DataType::kQ3},
    {1, 64, 96, 4, 2, 16, 1200, 1100, true, false, DataType::kF32, DataType::kKvRows},
    {12, 64, 96, 4, 2, 32, 40, 3, false, false, DataType::kF32, DataType::kKvRows},
};

}  // namespace

void add_fused_cases(OpCases& cases) {
  for (const LayerShape& shape : kLayers) {
    const std::string name =
        std::to_string(shape.tokens) + " tokens, " + std::string(data_type_name(shape.weights)) +
        ", " + std::to_string(shape.query_heads) + "/" + std::to_string(shape.key_value_heads) +
        " heads of " + std::to_string(shape.head_size) + ", context " +
        std::to_string(shape.context) + (shape.cache == DataType::kKvRows ? " packed" : "") +
        (shape.has_norms ? ", norms" : "");
    cases.push_back({"Layer", name, shape.context == 40 || shape.context == 1200,
                     [=](CaseTensors& tensors) { return Layer(tensors, shape).make(); }});
  }
  const LayerShape cut{1, 64, 96, 4, 2, 16, 40, 17, true, true, DataType::kQ8};
  cases.push_back({"Layer", "1 token, q8, cut", true,
                   [=](CaseTensors& tensors) { return Layer(tensors, cut).make(); }, 4096});
  for (const std::int64_t rows : {100, 20000}) {
    cases.push_back(
        {"Logits", "q4, " + std::to_string(rows) + " rows", rows == 20000,
         [=](CaseTensors& tensors) { return make_logits(tensors, DataType::kQ4, rows); }});
  }
}

}  // namespace tessera::testing
