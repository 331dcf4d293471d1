#include "calibration/mixed_precision.h"

#include <array>
#include <cmath>

#include "calibration/full_model.h"
#include "calibration/matrix_product.h"
#include "tensor/panel.h"

namespace tessera::calibration {
namespace {

constexpr DataType kMeasuredType = DataType::kQ3;
// Rows of log probabilities.
Matrix log_probabilities(const FullModel& model, const Matrix& hidden, const Matrix& output) {
  const Matrix normed = rms_norm(hidden, model.final_norm, model.shape.configuration->rms_epsilon);
  Matrix logits = product(normed, output.transpose());
  normalize_logits(logits);
  return logits;
}

// What the full model gives: the hidden states before every layer and after the last, and the log
// probabilities.
struct Reference {
  std::vector<Matrix> hidden;
  Matrix log_probabilities;
};

class DivergenceMeter {
 public:
  DivergenceMeter(FullModel& model, const Texts& texts, int threads)
      : model_(model), texts_(texts), threads_(threads), references_(texts.size()) {
    for_each_index(std::ssize(texts), threads, [&](std::int64_t text, int) {
      Reference& reference = references_[static_cast<std::size_t>(text)];
      reference.hidden.push_back(embed(model.embedding, texts[static_cast<std::size_t>(text)]));
      for (const FloatLayer& layer : model.layers) {
        reference.hidden.push_back(run_layer(layer, model.shape, reference.hidden.back()));
      }
      reference.log_probabilities =
          log_probabilities(model, reference.hidden.back(), model.output_matrix());
    });
  }

  // With the layers from `first` on as they are now, the embedding if `first` is negative.
  double measure(std::int64_t first, const Matrix& embedding, const Matrix& output) const {
    std::vector<double> sums(texts_.size());
    for_each_index(std::ssize(texts_), threads_, [&](std::int64_t text, int) {
      const auto i = static_cast<std::size_t>(text);
      const Reference& reference = references_[i];
      Matrix hidden = first < 0 ? embed(embedding, texts_[i])
                                : reference.hidden[static_cast<std::size_t>(first)];
      for (auto layer = static_cast<std::size_t>(std::max<std::int64_t>(0, first));
           layer < model_.layers.size(); ++layer) {
        hidden = run_layer(model_.layers[layer], model_.shape, hidden);
      }
      const Matrix ours = log_probabilities(model_, hidden, output);
      const Matrix& full = reference.log_probabilities;
      sums[i] = (full.array().exp() * (full.array() - ours.array())).sum();
    });
    double sum = 0.0, tokens = 0.0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sum += sums[i];
      tokens += static_cast<double>(texts_[i].size());
    }
    return std::max(0.0, sum / tokens);
  }

 private:
  FullModel& model_;
  const Texts& texts_;
  int threads_;
  std::vector<Reference> references_;
};

MatrixChoices choices_of(const std::string& name, const Matrix& weight, double measured,
                         int threads) {
  MatrixChoices choices{name, {}, 0};
  double measured_error = 0.0;
  for (const DataType type : kMixedTypes) {
    const double error = (dequantize(round_matrix(weight, type, threads)) - weight).squaredNorm();
    const Shape shape{weight.rows(), weight.cols()};
    choices.formats.push_back({type, tensor_size_bytes(type, shape).value(), error});
    if (type == kMeasuredType) measured_error = error;
  }
  for (FormatChoice& format : choices.formats) {
    format.divergence = measured_error > 0.0 ? measured * format.divergence / measured_error : 0.0;
  }
  return choices;
}

}  // namespace

QuantizedMatrix round_matrix(const Matrix& weight, DataType type, int threads) {
  QuantizedMatrix out(type, weight.rows(), weight.cols());
  std::array<float, kGroupColumns> ones;
  ones.fill(1.0f);
  for_each_index(weight.rows(), threads, [&](std::int64_t row, int) {
    for (std::int64_t begin = 0; begin < weight.cols(); begin += kGroupColumns) {
      const std::int64_t width = std::min<std::int64_t>(kGroupColumns, weight.cols() - begin);
      Line& line = out.line(row, begin);
      line = fit_line(type, weight.row(row).data() + begin, ones.data(), width);
      for (std::int64_t i = begin; i < begin + width; ++i) {
        out.quant(row, i) = static_cast<std::uint8_t>(quant_of(type, line, weight(row, i)));
      }
    }
  });
  return out;
}

Result<std::vector<MatrixChoices>> measure_divergences(
    const ModelSource& source, const DecoderConfiguration& configuration, const Texts& texts,
    int threads, const std::function<void(std::size_t done, std::size_t total)>& on_progress) {
  TESSERA_TRY(FullModel model, read_model(source, configuration));
  const DivergenceMeter meter(model, texts, threads);
  const bool has_output = model.output.size() > 0;
  const std::size_t total = model.layers.size() * kLinearCount + 1 + (has_output ? 1 : 0);
  std::vector<MatrixChoices> matrices;
  const auto add = [&](const std::string& name, const Matrix& weight, double divergence) {
    matrices.push_back(choices_of(name, weight, divergence, threads));
    if (on_progress) on_progress(matrices.size(), total);
  };
  const auto rounded = [&](const Matrix& weight) {
    return dequantize(round_matrix(weight, kMeasuredType, threads));
  };
  const Matrix embedding = rounded(model.embedding);
  add(kEmbeddingName, model.embedding,
      meter.measure(-1, embedding, has_output ? model.output : embedding));
  if (has_output) {
    const auto last = static_cast<std::int64_t>(model.layers.size());
    add(kOutputName, model.output, meter.measure(last, model.embedding, rounded(model.output)));
  }
  for (std::size_t index = 0; index < model.layers.size(); ++index) {
    for (Linear& linear : model.layers[index].linears) {
      const Matrix full = linear.weight;
      linear.weight = rounded(full);
      const double divergence =
          meter.measure(static_cast<std::int64_t>(index), model.embedding, model.output_matrix());
      linear.weight = full;
      add(linear.name, full, divergence);
    }
  }
  return matrices;
}

Result<void> choose_formats(std::span<MatrixChoices> matrices, std::uint64_t budget_bytes) {
  std::uint64_t used = 0;
  for (MatrixChoices& matrix : matrices) {
    matrix.chosen = 0;
    used += matrix.formats[0].size_bytes;
  }
  if (used > budget_bytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the budget is " + std::to_string(budget_bytes) +
                     " bytes, and with every matrix in its smallest format the model takes " +
                     std::to_string(used) + "; ask for at least " +
                     std::to_string(static_cast<double>(used) / static_cast<double>(budget_bytes)) +
                     " times as many bits"};
  }
  while (true) {
    MatrixChoices* best = nullptr;
    std::size_t best_format = 0;
    double best_gain = 0.0;
    for (MatrixChoices& matrix : matrices) {
      const FormatChoice& now = matrix.formats[matrix.chosen];
      for (std::size_t i = matrix.chosen + 1; i < matrix.formats.size(); ++i) {
        const FormatChoice& next = matrix.formats[i];
        const std::uint64_t more = next.size_bytes - now.size_bytes;
        const double gain = (now.divergence - next.divergence) / static_cast<double>(more);
        if (used + more > budget_bytes || gain <= best_gain) continue;
        best = &matrix;
        best_format = i;
        best_gain = gain;
      }
    }
    if (best == nullptr) return {};
    used += best->formats[best_format].size_bytes - best->formats[best->chosen].size_bytes;
    best->chosen = best_format;
  }
}

}  // namespace tessera::calibration
