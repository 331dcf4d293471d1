#include "calibration/layer_gradient.h"

#include <cmath>

#include "calibration/matrix_product.h"

namespace tessera::calibration {
namespace {

// The derivative of the activation at each element.
Matrix activation_slope(const Matrix& x, ActivationFunction function) {
  const auto apply = [&](const auto& f) { return Matrix(x.unaryExpr(f)); };
  switch (function) {
    case ActivationFunction::kSilu: {
      const Matrix sigmoid = (1.0f + (-x.array()).exp()).inverse();
      return sigmoid.array() * (1.0f + x.array() * (1.0f - sigmoid.array()));
    }
    case ActivationFunction::kRelu: return apply([](float v) { return v > 0.0f ? 1.0f : 0.0f; });
    case ActivationFunction::kGelu:
      return apply([](float v) {
        return 0.5f * (1 + std::erf(v * 0.70710678f)) + v * 0.39894228f * std::exp(-0.5f * v * v);
      });
    case ActivationFunction::kGeluTanh: break;
  }
  return apply([](float v) {
    const float t = std::tanh(0.79788456f * (v + 0.044715f * v * v * v));
    return 0.5f * (1 + t) + 0.5f * v * (1 - t * t) * 0.79788456f * (1 + 3 * 0.044715f * v * v);
  });
}

// y = x W^T + b
Matrix differentiate_linear(const Linear& linear, const Matrix& x, const Matrix& output_gradient,
                            Matrix& weight_gradient, Vector& bias_gradient) {
  add_product(output_gradient.transpose(), x, weight_gradient);
  if (bias_gradient.size() > 0) bias_gradient += output_gradient.colwise().sum();
  return product(output_gradient, linear.weight);
}

Matrix differentiate_head_norms(const Matrix& x, const Vector& weight, float epsilon,
                                const Matrix& output_gradient, Vector& weight_gradient) {
  if (weight.size() == 0) return output_gradient;
  Matrix gradient(x.rows(), x.cols());
  for (Eigen::Index head = 0; head < x.cols(); head += weight.size()) {
    gradient.middleCols(head, weight.size()) =
        differentiate_rms_norm(x.middleCols(head, weight.size()), weight, epsilon,
                               output_gradient.middleCols(head, weight.size()), weight_gradient);
  }
  return gradient;
}

// Gradients with respect to query, key and value, all rotated, from that of the joined heads.
struct AttentionGradient {
  Matrix query, key, value;
};

AttentionGradient differentiate_heads(const LayerShape& shape, const LayerTape& tape,
                                      const Matrix& joined_gradient) {
  const DecoderConfiguration& c = *shape.configuration;
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_size));
  const std::int64_t heads_per_key = c.query_heads / c.key_value_heads;
  AttentionGradient out{Matrix(tape.query.rows(), tape.query.cols()),
                        Matrix::Zero(tape.key.rows(), tape.key.cols()),
                        Matrix::Zero(tape.value.rows(), tape.value.cols())};
  for (std::int64_t head = 0; head < c.query_heads; ++head) {
    const Eigen::Index from = head * c.head_size;
    const Eigen::Index at = head / heads_per_key * c.head_size;
    const Matrix& probabilities = tape.probabilities[static_cast<std::size_t>(head)];
    const auto gradient = joined_gradient.middleCols(from, c.head_size);
    out.value.middleCols(at, c.head_size) += product(probabilities.transpose(), gradient);
    Matrix scores = product(gradient, tape.value.middleCols(at, c.head_size).transpose());
    const Eigen::VectorXf mean = scores.cwiseProduct(probabilities).rowwise().sum();
    scores.colwise() -= mean;
    scores.array() *= scale * probabilities.array();
    out.query.middleCols(from, c.head_size) = product(scores, tape.key.middleCols(at, c.head_size));
    out.key.middleCols(at, c.head_size) +=
        product(scores.transpose(), tape.query.middleCols(from, c.head_size));
  }
  rotate(out.query, shape, 0, -1.0f);
  rotate(out.key, shape, 0, -1.0f);
  return out;
}

Matrix record_attention(const FloatLayer& layer, const LayerShape& shape, LayerTape& tape) {
  const DecoderConfiguration& c = *shape.configuration;
  tape.query = layer.linears[kQuery](tape.attention_input);
  tape.key = layer.linears[kKey](tape.attention_input);
  tape.value = layer.linears[kValue](tape.attention_input);
  if (layer.query_norm.size() > 0) tape.query_before_norm = tape.query;
  if (layer.key_norm.size() > 0) tape.key_before_norm = tape.key;
  norm_heads(tape.query, layer.query_norm, c.rms_epsilon);
  norm_heads(tape.key, layer.key_norm, c.rms_epsilon);
  rotate(tape.query, shape, 0, 1.0f);
  rotate(tape.key, shape, 0, 1.0f);
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_size));
  const std::int64_t heads_per_key = c.query_heads / c.key_value_heads;
  tape.probabilities.resize(static_cast<std::size_t>(c.query_heads));
  Matrix joined(tape.query.rows(), tape.query.cols());
  for (std::int64_t head = 0; head < c.query_heads; ++head) {
    const Eigen::Index from = head * c.head_size;
    const Eigen::Index at = head / heads_per_key * c.head_size;
    Matrix& scores = tape.probabilities[static_cast<std::size_t>(head)];
    scores = product(tape.query.middleCols(from, c.head_size),
                     tape.key.middleCols(at, c.head_size).transpose());
    scores *= scale;
    causal_softmax(scores, layer.window_tokens);
    joined.middleCols(from, c.head_size) = product(scores, tape.value.middleCols(at, c.head_size));
  }
  return joined;
}

}  // namespace

LayerGradient LayerGradient::zero(const FloatLayer& layer) {
  LayerGradient gradient;
  for (std::size_t i = 0; i < kLinearCount; ++i) {
    const Linear& linear = layer.linears[i];
    gradient.weights[i] = Matrix::Zero(linear.weight.rows(), linear.weight.cols());
    gradient.biases[i] = Vector::Zero(linear.bias.size());
  }
  gradient.attention_norm = Vector::Zero(layer.attention_norm.size());
  gradient.mlp_norm = Vector::Zero(layer.mlp_norm.size());
  gradient.query_norm = Vector::Zero(layer.query_norm.size());
  gradient.key_norm = Vector::Zero(layer.key_norm.size());
  return gradient;
}

void LayerGradient::set_zero() {
  for (Matrix& weight : weights) weight.setZero();
  for (Vector& bias : biases) bias.setZero();
  for (Vector* norm : {&attention_norm, &mlp_norm, &query_norm, &key_norm}) norm->setZero();
}

void LayerGradient::add(const LayerGradient& other) {
  for (std::size_t i = 0; i < kLinearCount; ++i) {
    weights[i] += other.weights[i];
    biases[i] += other.biases[i];
  }
  attention_norm += other.attention_norm;
  mlp_norm += other.mlp_norm;
  query_norm += other.query_norm;
  key_norm += other.key_norm;
}

Matrix record_layer(const FloatLayer& layer, const LayerShape& shape, Matrix x, LayerTape& tape) {
  const float epsilon = shape.configuration->rms_epsilon;
  tape.x = std::move(x);
  tape.attention_input = rms_norm(tape.x, layer.attention_norm, epsilon);
  tape.joined = record_attention(layer, shape, tape);
  tape.hidden = tape.x + layer.linears[kOutput](tape.joined);
  tape.mlp_input = rms_norm(tape.hidden, layer.mlp_norm, epsilon);
  tape.gate = layer.linears[kGate](tape.mlp_input);
  tape.up = layer.linears[kUp](tape.mlp_input);
  tape.gated = tape.gate;
  activate(tape.gated, shape.configuration->activation);
  tape.gated.array() *= tape.up.array();
  return tape.hidden + layer.linears[kDown](tape.gated);
}

Matrix differentiate_rms_norm(const Matrix& x, const Vector& weight, float epsilon,
                              const Matrix& output_gradient, Vector& weight_gradient) {
  Matrix gradient(x.rows(), x.cols());
  const auto size = static_cast<float>(x.cols());
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    const float inverse = 1.0f / std::sqrt(x.row(row).squaredNorm() / size + epsilon);
    const Vector scaled = output_gradient.row(row).cwiseProduct(weight);
    const float along = scaled.dot(x.row(row)) * inverse * inverse / size;
    gradient.row(row) = inverse * (scaled - along * x.row(row));
    weight_gradient += inverse * output_gradient.row(row).cwiseProduct(x.row(row));
  }
  return gradient;
}

Matrix differentiate_layer(const FloatLayer& layer, const LayerShape& shape, const LayerTape& tape,
                           const Matrix& output_gradient, LayerGradient& gradient) {
  const float epsilon = shape.configuration->rms_epsilon;
  const ActivationFunction activation = shape.configuration->activation;
  const auto linear = [&](LinearIndex i, const Matrix& x, const Matrix& of_output) {
    return differentiate_linear(layer.linears[i], x, of_output, gradient.weights[i],
                                gradient.biases[i]);
  };
  const Matrix of_gated = linear(kDown, tape.gated, output_gradient);
  Matrix activated = tape.gate;
  activate(activated, activation);
  const Matrix of_up = of_gated.cwiseProduct(activated);
  const Matrix of_gate =
      of_gated.array() * tape.up.array() * activation_slope(tape.gate, activation).array();
  Matrix of_input = linear(kGate, tape.mlp_input, of_gate);
  of_input += linear(kUp, tape.mlp_input, of_up);
  const Matrix of_hidden =
      output_gradient +
      differentiate_rms_norm(tape.hidden, layer.mlp_norm, epsilon, of_input, gradient.mlp_norm);
  const AttentionGradient heads =
      differentiate_heads(shape, tape, linear(kOutput, tape.joined, of_hidden));
  of_input = linear(kQuery, tape.attention_input,
                    differentiate_head_norms(tape.query_before_norm, layer.query_norm, epsilon,
                                             heads.query, gradient.query_norm));
  of_input += linear(kKey, tape.attention_input,
                     differentiate_head_norms(tape.key_before_norm, layer.key_norm, epsilon,
                                              heads.key, gradient.key_norm));
  of_input += linear(kValue, tape.attention_input, heads.value);
  return of_hidden + differentiate_rms_norm(tape.x, layer.attention_norm, epsilon, of_input,
                                            gradient.attention_norm);
}

}  // namespace tessera::calibration
