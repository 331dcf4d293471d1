#include "calibration/layerwise_quantizer.h"

#include <utility>

namespace tessera::calibration {
namespace {

using States = std::vector<Matrix>;  // one [tokens, columns] per text

class LayerwiseQuantizer {
 public:
  LayerwiseQuantizer(const LayerShape& shape, const LayerwiseOptions& options, std::size_t total)
      : shape_(shape), options_(options), total_(total) {}

  void start(const Matrix& full, const Matrix& embedding, const Texts& texts) {
    for (const auto& text : texts) {
      full_hidden_.push_back(embed(full, text));
      hidden_.push_back(embed(embedding, text));
    }
    full_inputs_.resize(texts.size());
    inputs_.resize(texts.size());
  }

  Result<void> quantize(FloatLayer full) {
    FloatLayer layer = full;
    set_inputs([&](const FloatLayer& l, const Matrix& x) { return attention_input(l, x); }, full,
               layer);
    TESSERA_TRY_VOID(quantize_linears({kQuery, kKey, kValue}, full, layer, false));
    set_inputs([&](const FloatLayer& l,
                   const Matrix& x) { return attention(l, shape_, attention_input(l, x)); },
               full, layer);
    TESSERA_TRY_VOID(quantize_linears({kOutput}, full, layer, true));
    add_outputs(kOutput, full, layer);
    set_inputs([&](const FloatLayer& l, const Matrix& x) { return mlp_input(l, x); }, full, layer);
    TESSERA_TRY_VOID(quantize_linears({kGate, kUp}, full, layer, false));
    set_inputs(
        [&](const FloatLayer& l, const Matrix& x) { return gated(l, shape_, mlp_input(l, x)); },
        full, layer);
    TESSERA_TRY_VOID(quantize_linears({kDown}, full, layer, true));
    add_outputs(kDown, full, layer);
    return {};
  }

  QuantizedLinears take() { return std::move(quantized_); }

 private:
  Matrix attention_input(const FloatLayer& layer, const Matrix& x) const {
    return rms_norm(x, layer.attention_norm, shape_.configuration->rms_epsilon);
  }
  Matrix mlp_input(const FloatLayer& layer, const Matrix& x) const {
    return rms_norm(x, layer.mlp_norm, shape_.configuration->rms_epsilon);
  }

  template <typename Input>
  void set_inputs(const Input& input, const FloatLayer& full, const FloatLayer& layer) {
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int) {
      const auto i = static_cast<std::size_t>(text);
      full_inputs_[i] = input(full, full_hidden_[i]);
      inputs_[i] = input(layer, hidden_[i]);
    });
  }

  void add_outputs(LinearIndex index, const FloatLayer& full, const FloatLayer& layer) {
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int) {
      const auto i = static_cast<std::size_t>(text);
      full_hidden_[i] += full.linears[index](full_inputs_[i]);
      hidden_[i] += layer.linears[index](inputs_[i]);
    });
  }

  InputStatistics statistics(bool with_residual) const {
    const Eigen::Index columns = inputs_[0].cols();
    const Eigen::Index hidden = with_residual ? hidden_[0].cols() : 0;
    const InputStatistics none{Matrix::Zero(columns, columns), Matrix::Zero(columns, columns),
                               Matrix::Zero(hidden, with_residual ? columns : 0)};
    std::vector<InputStatistics> parts(static_cast<std::size_t>(options_.threads), none);
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int thread) {
      const auto i = static_cast<std::size_t>(text);
      InputStatistics& sum = parts[static_cast<std::size_t>(thread)];
      sum.second_moment.selfadjointView<Eigen::Lower>().rankUpdate(inputs_[i].transpose());
      sum.cross_moment.noalias() += full_inputs_[i].transpose() * inputs_[i];
      if (with_residual) {
        sum.residual.noalias() += (full_hidden_[i] - hidden_[i]).transpose() * inputs_[i];
      }
    });
    for (std::size_t part = 1; part < parts.size(); ++part) {
      parts[0].second_moment += parts[part].second_moment;
      parts[0].cross_moment += parts[part].cross_moment;
      parts[0].residual += parts[part].residual;
    }
    parts[0].second_moment = Matrix(parts[0].second_moment.selfadjointView<Eigen::Lower>());
    return std::move(parts[0]);
  }

  Result<void> quantize_linears(std::initializer_list<LinearIndex> indices, const FloatLayer& full,
                                FloatLayer& layer, bool with_residual) {
    const InputStatistics statistics_of_inputs = statistics(with_residual);
    for (const LinearIndex index : indices) {
      Linear& linear = layer.linears[index];
      const DataType type = options_.type_of(linear.name);
      const float largest = linear.weight.cwiseAbs().maxCoeff();
      if (largest > weight_max(type)) {
        return Error{ErrorCode::kInvalidFile, "tensor " + linear.name + " holds weights up to " +
                                                  std::to_string(largest) + ", too large for " +
                                                  std::string(data_type_name(type)) +
                                                  "; use --weights q4"};
      }
      const Matrix target =
          corrected_weight(full.linears[index].weight, statistics_of_inputs, options_.damping);
      QuantizedMatrix quantized =
          quantize_matrix(target, statistics_of_inputs.second_moment, type, options_.damping,
                          options_.sweeps, options_.threads);
      linear.weight = dequantize(quantized);
      const Matrix error = linear.weight - target;
      const Matrix& h = statistics_of_inputs.second_moment;
      const double noise = (error * h).cwiseProduct(error).sum();
      const double signal = (target * h).cwiseProduct(target).sum();
      quantized_.insert_or_assign(
          linear.name,
          QuantizedLinear{std::move(quantized), target, signal > 0.0 ? noise / signal : 0.0});
      if (options_.on_progress) options_.on_progress(++done_, total_);
    }
    return {};
  }

  const LayerShape& shape_;
  const LayerwiseOptions& options_;
  States full_hidden_, hidden_;  // residual streams of the full and of the quantized model
  States full_inputs_, inputs_;  // what the linear layer in hand is fed with in each
  QuantizedLinears quantized_;
  std::size_t done_ = 0;
  std::size_t total_;
};

}  // namespace

Result<QuantizedLinears> quantize_layers(const ModelSource& source,
                                         const DecoderConfiguration& configuration,
                                         const Texts& texts, const LayerwiseOptions& options) {
  const SourceTensors tensors(source);
  TESSERA_TRY(const LayerShape shape, LayerShape::of(configuration));
  LayerwiseQuantizer quantizer(shape, options,
                               static_cast<std::size_t>(configuration.layers) * kLinearCount);
  {
    TESSERA_TRY(const Matrix embedding,
                tensors.read("model.embed_tokens.weight", configuration.vocabulary_size,
                             configuration.hidden_size));
    quantizer.start(embedding, options.embedding == nullptr ? embedding : *options.embedding,
                    texts);
  }
  for (std::int64_t index = 0; index < configuration.layers; ++index) {
    TESSERA_TRY(FloatLayer layer, read_layer(tensors, configuration, index));
    TESSERA_TRY_VOID(quantizer.quantize(std::move(layer)));
  }
  return quantizer.take();
}

}  // namespace tessera::calibration
