#include "calibration/distillation.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <random>
#include <span>

#include "calibration/layer_gradient.h"
#include "calibration/matrix_product.h"
#include "calibration/trainable.h"

namespace tessera::calibration {
namespace {

// Positions whose logits are held at a time.
constexpr Eigen::Index kPositionsAtOnce = 128;

struct ModelGradient {
  std::vector<LayerGradient> layers;
  Matrix embedding, output;
  Vector final_norm;

  explicit ModelGradient(const FullModel& model)
      : embedding(Matrix::Zero(model.embedding.rows(), model.embedding.cols())),
        output(Matrix::Zero(model.output.rows(), model.output.cols())),
        final_norm(Vector::Zero(model.final_norm.size())) {
    for (const FloatLayer& layer : model.layers) layers.push_back(LayerGradient::zero(layer));
  }
  Matrix& output_matrix() { return output.size() == 0 ? embedding : output; }
  void set_zero() {
    for (LayerGradient& layer : layers) layer.set_zero();
    embedding.setZero();
    output.setZero();
    final_norm.setZero();
  }
};

// Sum of KL(full || student) over positions, and, unless they are null, the gradients of that sum
// times `share` with respect to the student's states and output matrix.
double divergence_of_states(const Matrix& full_output, const Matrix& full_states,
                            const Matrix& output, const Matrix& states, float share,
                            Matrix* of_states, Matrix* of_output) {
  double divergence = 0.0;
  for (Eigen::Index first = 0; first < states.rows(); first += kPositionsAtOnce) {
    const Eigen::Index count = std::min(kPositionsAtOnce, states.rows() - first);
    Matrix wanted = product(full_states.middleRows(first, count), full_output.transpose());
    Matrix ours = product(states.middleRows(first, count), output.transpose());
    normalize_logits(wanted);
    normalize_logits(ours);
    const Matrix probabilities = wanted.array().exp();
    divergence += (probabilities.array() * (wanted.array() - ours.array())).sum();
    if (of_states == nullptr) continue;
    ours = share * (ours.array().exp() - probabilities.array());
    of_states->middleRows(first, count) = product(ours, output);
    add_product(ours.transpose(), states.middleRows(first, count), *of_output);
  }
  return divergence;
}

// Adds the gradient of the sum of a text's divergences times `share`.
void differentiate(const FullModel& full, const FullModel& student, const TaughtText& text,
                   float share, ModelGradient& gradient) {
  const float epsilon = student.shape.configuration->rms_epsilon;
  std::vector<LayerTape> tapes(student.layers.size());
  Matrix hidden = embed(student.embedding, text.tokens);
  for (std::size_t i = 0; i < tapes.size(); ++i) {
    hidden = record_layer(student.layers[i], student.shape, std::move(hidden), tapes[i]);
  }
  const Matrix states = rms_norm(hidden, student.final_norm, epsilon);
  Matrix of_states(states.rows(), states.cols());
  divergence_of_states(full.output_matrix(), text.states, student.output_matrix(), states, share,
                       &of_states, &gradient.output_matrix());
  Matrix of_hidden =
      differentiate_rms_norm(hidden, student.final_norm, epsilon, of_states, gradient.final_norm);
  for (std::size_t i = tapes.size(); i-- > 0;) {
    of_hidden = differentiate_layer(student.layers[i], student.shape, tapes[i], of_hidden,
                                    gradient.layers[i]);
    tapes[i] = {};
  }
  for (std::size_t i = 0; i < text.tokens.size(); ++i) {
    gradient.embedding.row(text.tokens[i]) += of_hidden.row(static_cast<Eigen::Index>(i));
  }
}

double mean_divergence(const FullModel& full, const FullModel& student,
                       std::span<const TaughtText> texts, int threads) {
  std::vector<double> sums(texts.size());
  std::size_t positions = 0;
  for (const TaughtText& text : texts) positions += text.tokens.size();
  for_each_index(std::ssize(texts), threads, [&](std::int64_t i, int) {
    const auto index = static_cast<std::size_t>(i);
    sums[index] =
        divergence_of_states(full.output_matrix(), texts[index].states, student.output_matrix(),
                             final_states(student, texts[index].tokens), 0.0f, nullptr, nullptr);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, positions));
}

// A parameter of the student, with where its gradients are, one for each thread.
struct MatrixParameter {
  std::string name;
  Matrix* values;
  TrainableMatrix trainable;
  std::vector<Matrix*> gradients;
};
struct VectorParameter {
  std::string name;
  Vector* values;
  Adam moments;
  std::vector<Vector*> gradients;
};

class Distiller {
 public:
  Distiller(const FullModel& full, QuantizedLinears& matrices, const DistillationOptions& options)
      : full_(full), student_(full), options_(options) {
    const auto workers =
        std::min(options.texts_per_step, static_cast<std::size_t>(std::max(1, options.threads)));
    gradients_.assign(workers, ModelGradient(full));
    for (std::size_t i = 0; i < student_.layers.size(); ++i) add_layer(i, matrices);
    add_matrix(kEmbeddingName, student_.embedding, matrices,
               [](ModelGradient& g) { return &g.embedding; });
    add_matrix(kOutputName, student_.output, matrices, [](ModelGradient& g) { return &g.output; });
    add_vector(kFinalNormName, student_.final_norm, [](ModelGradient& g) { return &g.final_norm; });
    matrices.clear();
  }

  const FullModel& student() const { return student_; }

  // Learns from some texts.
  void step(std::span<const TaughtText* const> texts, const AdamStep& adam) {
    std::size_t positions = 0;
    for (const TaughtText* text : texts) positions += text->tokens.size();
    for (ModelGradient& gradient : gradients_) gradient.set_zero();
    for_each_index(std::ssize(texts), options_.threads, [&](std::int64_t i, int thread) {
      differentiate(full_, student_, *texts[static_cast<std::size_t>(i)],
                    1.0f / static_cast<float>(positions),
                    gradients_[static_cast<std::size_t>(thread)]);
    });
    for_each_index(std::ssize(matrices_), options_.threads, [&](std::int64_t i, int) {
      MatrixParameter& parameter = matrices_[static_cast<std::size_t>(i)];
      Matrix& sum = *parameter.gradients[0];
      for (std::size_t t = 1; t < parameter.gradients.size(); ++t) sum += *parameter.gradients[t];
      parameter.trainable.update(sum, adam);
      parameter.trainable.write_values(*parameter.values);
    });
    for (VectorParameter& parameter : vectors_) {
      Vector& sum = *parameter.gradients[0];
      for (std::size_t t = 1; t < parameter.gradients.size(); ++t) sum += *parameter.gradients[t];
      parameter.moments.update(*parameter.values, sum, adam);
    }
  }

  void write_to(Distilled& out) const {
    for (const MatrixParameter& parameter : matrices_) {
      out.matrices.emplace(parameter.name, parameter.trainable.quantized());
    }
    for (const VectorParameter& parameter : vectors_) {
      out.vectors.emplace(parameter.name, *parameter.values);
    }
  }

 private:
  template <typename GradientOf>
  void add_matrix(const std::string& name, Matrix& values, QuantizedLinears& starts,
                  const GradientOf& gradient_of) {
    const auto start = starts.find(name);
    if (start == starts.end()) return;
    MatrixParameter parameter{
        name, &values, TrainableMatrix(start->second.quantized, start->second.target), {}};
    starts.erase(start);
    for (ModelGradient& gradient : gradients_) {
      parameter.gradients.push_back(gradient_of(gradient));
    }
    parameter.trainable.write_values(values);
    matrices_.push_back(std::move(parameter));
  }

  template <typename GradientOf>
  void add_vector(const std::string& name, Vector& values, const GradientOf& gradient_of) {
    if (values.size() == 0) return;
    VectorParameter parameter{name, &values, Adam(1, values.size()), {}};
    for (ModelGradient& gradient : gradients_) {
      parameter.gradients.push_back(gradient_of(gradient));
    }
    vectors_.push_back(std::move(parameter));
  }

  void add_layer(std::size_t index, QuantizedLinears& starts) {
    FloatLayer& layer = student_.layers[index];
    for (std::size_t i = 0; i < kLinearCount; ++i) {
      Linear& linear = layer.linears[i];
      add_matrix(linear.name, linear.weight, starts,
                 [=](ModelGradient& g) { return &g.layers[index].weights[i]; });
      const std::string stem = linear.name.substr(0, linear.name.rfind('.'));
      add_vector(stem + ".bias", linear.bias,
                 [=](ModelGradient& g) { return &g.layers[index].biases[i]; });
    }
    const std::string prefix = "model.layers." + std::to_string(index) + ".";
    add_vector(prefix + "input_layernorm.weight", layer.attention_norm,
               [=](ModelGradient& g) { return &g.layers[index].attention_norm; });
    add_vector(prefix + "post_attention_layernorm.weight", layer.mlp_norm,
               [=](ModelGradient& g) { return &g.layers[index].mlp_norm; });
    add_vector(prefix + "self_attn.q_norm.weight", layer.query_norm,
               [=](ModelGradient& g) { return &g.layers[index].query_norm; });
    add_vector(prefix + "self_attn.k_norm.weight", layer.key_norm,
               [=](ModelGradient& g) { return &g.layers[index].key_norm; });
  }

  const FullModel& full_;
  FullModel student_;
  const DistillationOptions& options_;
  std::vector<ModelGradient> gradients_;  // by thread
  std::vector<MatrixParameter> matrices_;
  std::vector<VectorParameter> vectors_;
};

// Rises for a tenth of the steps, and falls by a cosine over all of them.
float rate_at(std::size_t step, const DistillationOptions& options) {
  const float warm_up = std::max(1.0f, 0.1f * static_cast<float>(options.steps));
  const float share = static_cast<float>(step) / static_cast<float>(options.steps);
  return options.rate * std::min(1.0f, static_cast<float>(step + 1) / warm_up) * 0.5f *
         (1.0f + std::cos(std::numbers::pi_v<float> * share));
}

}  // namespace

Distilled distil(const FullModel& full, QuantizedLinears& matrices,
                 const std::vector<TaughtText>& texts, std::size_t held_out,
                 const DistillationOptions& options) {
  Distiller distiller(full, matrices, options);
  const std::span<const TaughtText> measured(texts.data(), held_out);
  Distilled out;
  out.divergence_before = mean_divergence(full, distiller.student(), measured, options.threads);
  std::mt19937_64 random(1);
  std::vector<const TaughtText*> order;
  for (std::size_t step = 0; step < options.steps; ++step) {
    std::vector<const TaughtText*> batch;
    while (batch.size() < options.texts_per_step) {
      if (order.empty()) {
        for (std::size_t i = held_out; i < texts.size(); ++i) order.push_back(&texts[i]);
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
      }
      batch.push_back(order.back());
      order.pop_back();
    }
    const AdamStep adam{rate_at(step, options), static_cast<std::int64_t>(step) + 1, 1.0f};
    distiller.step(batch, adam);
    if (options.on_progress) options.on_progress(step + 1, options.steps);
  }
  out.divergence_after = mean_divergence(full, distiller.student(), measured, options.threads);
  distiller.write_to(out);
  return out;
}

}  // namespace tessera::calibration
