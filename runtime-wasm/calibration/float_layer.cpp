#include "calibration/float_layer.h"

#include <cmath>

#include "calibration/matrix_product.h"

namespace tessera::calibration {
namespace {

struct LinearRow {
  std::string_view name;
  std::int64_t rows, columns;
};

std::array<LinearRow, kLinearCount> linear_rows(const DecoderConfiguration& c) {
  const std::int64_t query = c.query_heads * c.head_size;
  const std::int64_t key = c.key_value_heads * c.head_size;
  return {LinearRow{"self_attn.q_proj", query, c.hidden_size},
          LinearRow{"self_attn.k_proj", key, c.hidden_size},
          LinearRow{"self_attn.v_proj", key, c.hidden_size},
          LinearRow{"self_attn.o_proj", c.hidden_size, query},
          LinearRow{"mlp.gate_proj", c.intermediate_size, c.hidden_size},
          LinearRow{"mlp.up_proj", c.intermediate_size, c.hidden_size},
          LinearRow{"mlp.down_proj", c.hidden_size, c.intermediate_size}};
}

}  // namespace

Result<LayerShape> LayerShape::of(const DecoderConfiguration& configuration) {
  TESSERA_TRY(const RopeFrequencies rope,
              compute_rope_frequencies(configuration.rope, configuration.head_size));
  const auto half = static_cast<Eigen::Index>(rope.frequencies.size());
  LayerShape shape{&configuration, Matrix(kTokensMax, half), Matrix(kTokensMax, half),
                   rope.frequencies};
  for (Eigen::Index token = 0; token < kTokensMax; ++token) {
    for (Eigen::Index i = 0; i < half; ++i) {
      const float angle = static_cast<float>(token) * rope.frequencies[static_cast<std::size_t>(i)];
      shape.cosine(token, i) = std::cos(angle) * rope.attention_scale;
      shape.sine(token, i) = std::sin(angle) * rope.attention_scale;
    }
  }
  return shape;
}

void norm_heads(Matrix& x, const Vector& weight, float epsilon) {
  if (weight.size() == 0) return;
  for (Eigen::Index head = 0; head < x.cols(); head += weight.size()) {
    const Matrix part = x.middleCols(head, weight.size());
    x.middleCols(head, weight.size()) = rms_norm(part, weight, epsilon);
  }
}

void rotate(Matrix& x, const LayerShape& shape, Eigen::Index first, float direction) {
  const Eigen::Index half = shape.cosine.cols();
  for (Eigen::Index token = 0; token < x.rows(); ++token) {
    const auto cosine = shape.cosine.row(first + token).array();
    const Eigen::Array<float, 1, Eigen::Dynamic> sine =
        direction * shape.sine.row(first + token).array();
    for (Eigen::Index head = 0; head < x.cols(); head += shape.configuration->head_size) {
      const Eigen::Array<float, 1, Eigen::Dynamic> low = x.row(token).segment(head, half);
      const Eigen::Array<float, 1, Eigen::Dynamic> high = x.row(token).segment(head + half, half);
      x.row(token).segment(head, half).array() = low * cosine - high * sine;
      x.row(token).segment(head + half, half).array() = high * cosine + low * sine;
    }
  }
}

void causal_softmax(Matrix& scores, std::int64_t window_tokens) {
  for (Eigen::Index token = 0; token < scores.rows(); ++token) {
    const Eigen::Index first =
        window_tokens > 0 ? std::max<Eigen::Index>(0, token - window_tokens + 1) : 0;
    auto seen = scores.row(token).segment(first, token - first + 1);
    const float highest = seen.maxCoeff();
    seen = (seen.array() - highest).exp().matrix();
    const float sum = seen.sum();
    seen /= sum;
    scores.row(token).head(first).setZero();
    scores.row(token).tail(scores.cols() - token - 1).setZero();
  }
}

void activate(Matrix& x, ActivationFunction function) {
  const auto apply = [&](const auto& f) {
    float* values = x.data();
    for (Eigen::Index i = 0; i < x.size(); ++i) values[i] = f(values[i]);
  };
  switch (function) {
    case ActivationFunction::kSilu: x.array() /= 1.0f + (-x.array()).exp(); return;
    case ActivationFunction::kRelu: return apply([](float v) { return std::max(v, 0.0f); });
    case ActivationFunction::kGelu:
      return apply([](float v) { return 0.5f * v * (1 + std::erf(v * 0.70710678f)); });
    case ActivationFunction::kGeluTanh:
      return apply([](float v) {
        return 0.5f * v * (1 + std::tanh(0.79788456f * (v + 0.044715f * v * v * v)));
      });
  }
}

Matrix Linear::operator()(const Matrix& x) const {
  Matrix out = product(x, weight.transpose());
  if (bias.size() > 0) out.rowwise() += bias;
  return out;
}

Result<FloatLayer> read_layer(const SourceTensors& tensors, const DecoderConfiguration& c,
                              std::int64_t index) {
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  FloatLayer layer;
  const auto rows = linear_rows(c);
  for (std::size_t i = 0; i < kLinearCount; ++i) {
    const std::string name = prefix + std::string(rows[i].name);
    layer.linears[i].name = name + ".weight";
    TESSERA_TRY(layer.linears[i].weight,
                tensors.read(name + ".weight", rows[i].rows, rows[i].columns));
    TESSERA_TRY(layer.linears[i].bias, tensors.read_optional(name + ".bias", rows[i].rows));
  }
  TESSERA_TRY(layer.attention_norm,
              tensors.read_optional(prefix + "input_layernorm.weight", c.hidden_size));
  TESSERA_TRY(layer.mlp_norm,
              tensors.read_optional(prefix + "post_attention_layernorm.weight", c.hidden_size));
  if (layer.attention_norm.size() == 0 || layer.mlp_norm.size() == 0) {
    return Error{ErrorCode::kInvalidFile, "layer " + std::to_string(index) + " has no norms"};
  }
  if (c.has_query_key_norm) {
    TESSERA_TRY(layer.query_norm,
                tensors.read_optional(prefix + "self_attn.q_norm.weight", c.head_size));
    TESSERA_TRY(layer.key_norm,
                tensors.read_optional(prefix + "self_attn.k_norm.weight", c.head_size));
  }
  layer.window_tokens = c.window_tokens[static_cast<std::size_t>(index)];
  return layer;
}

Matrix rms_norm(const Matrix& x, const Vector& weight, float epsilon) {
  Matrix out(x.rows(), x.cols());
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    const float mean = x.row(row).squaredNorm() / static_cast<float>(x.cols());
    out.row(row) = x.row(row).cwiseProduct(weight) / std::sqrt(mean + epsilon);
  }
  return out;
}

HeadRows project_heads(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed) {
  const float epsilon = shape.configuration->rms_epsilon;
  HeadRows rows{layer.linears[kQuery](normed), layer.linears[kKey](normed),
                layer.linears[kValue](normed)};
  norm_heads(rows.query, layer.query_norm, epsilon);
  norm_heads(rows.key, layer.key_norm, epsilon);
  rotate(rows.query, shape, 0, 1.0f);
  rotate(rows.key, shape, 0, 1.0f);
  return rows;
}

Matrix attend(const FloatLayer& layer, const LayerShape& shape, const HeadRows& rows) {
  const DecoderConfiguration& c = *shape.configuration;
  const Matrix query = rows.query / std::sqrt(static_cast<float>(c.head_size));
  const std::int64_t heads_per_key = c.query_heads / c.key_value_heads;
  Matrix out(query.rows(), query.cols());
  for (std::int64_t head = 0; head < c.query_heads; ++head) {
    const Eigen::Index at = head / heads_per_key * c.head_size;
    Matrix scores = product(query.middleCols(head * c.head_size, c.head_size),
                            rows.key.middleCols(at, c.head_size).transpose());
    causal_softmax(scores, layer.window_tokens);
    out.middleCols(head * c.head_size, c.head_size) =
        product(scores, rows.value.middleCols(at, c.head_size));
  }
  return out;
}

Matrix attention(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed) {
  return attend(layer, shape, project_heads(layer, shape, normed));
}

Matrix gated(const FloatLayer& layer, const LayerShape& shape, const Matrix& normed) {
  Matrix gate = layer.linears[kGate](normed);
  activate(gate, shape.configuration->activation);
  return gate.cwiseProduct(layer.linears[kUp](normed));
}

Matrix run_layer(const FloatLayer& layer, const LayerShape& shape, const Matrix& x) {
  const float epsilon = shape.configuration->rms_epsilon;
  const Matrix normed = rms_norm(x, layer.attention_norm, epsilon);
  const Matrix hidden = x + layer.linears[kOutput](attention(layer, shape, normed));
  const Matrix mlp_normed = rms_norm(hidden, layer.mlp_norm, epsilon);
  return hidden + layer.linears[kDown](gated(layer, shape, mlp_normed));
}

}  // namespace tessera::calibration
