#include "calibration/layerwise_quantizer.h"

#include <numeric>
#include <utility>

#include "calibration/matrix_product.h"

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
    full_outputs_.resize(texts.size());
    inputs_.resize(texts.size());
  }

  Result<void> quantize(FloatLayer full) {
    FloatLayer layer = full;
    set_inputs([&](const FloatLayer& l, const Matrix& x) { return attention_input(l, x); }, full,
               layer);
    TESSERA_TRY_VOID(quantize_linears({kQuery, kKey, kValue}, full, layer, false));
    const KvStatistics statistics = set_joined_heads(full, layer);
    TESSERA_TRY_VOID(quantize_linears({kOutput}, full, layer, true));
    add_codecs(statistics, layer.linears[kOutput].weight);
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

  // Runs attention in both models. Of the quantized one's keys, values and queries, if they are
  // asked for.
  KvStatistics set_joined_heads(const FloatLayer& full, const FloatLayer& layer) {
    const DecoderConfiguration& c = *shape_.configuration;
    std::vector<KvStatistics> parts(
        static_cast<std::size_t>(options_.threads),
        KvStatistics(c.key_value_heads, c.head_size, shape_.frequencies));
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int thread) {
      const auto i = static_cast<std::size_t>(text);
      full_inputs_[i] = attention(full, shape_, attention_input(full, full_hidden_[i]));
      const HeadRows rows = project_heads(layer, shape_, attention_input(layer, hidden_[i]));
      inputs_[i] = attend(layer, shape_, rows);
      if (options_.codecs == nullptr) return;
      KvStatistics& sum = parts[static_cast<std::size_t>(thread)];
      std::vector<std::int32_t> positions(static_cast<std::size_t>(rows.key.rows()));
      std::iota(positions.begin(), positions.end(), 0);
      sum.add_keys_and_values(rows.key, rows.value, positions);
      sum.add_queries(rows.query);
    });
    for (std::size_t part = 1; part < parts.size(); ++part) parts[0].add(parts[part]);
    return std::move(parts[0]);
  }

  void add_codecs(const KvStatistics& statistics, const Matrix& projection) {
    if (options_.codecs == nullptr) return;
    auto codecs = statistics.codecs(projection);
    if (codecs) options_.codecs->push_back(std::move(*codecs));
  }

  // To the residual streams. REQUIRES: full_outputs_ is the layer's, without its bias.
  void add_outputs(LinearIndex index, const FloatLayer& full, const FloatLayer& layer) {
    const Vector& bias = full.linears[index].bias;
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int) {
      const auto i = static_cast<std::size_t>(text);
      full_hidden_[i] += full_outputs_[i];
      if (bias.size() > 0) full_hidden_[i].rowwise() += bias;
      hidden_[i] += layer.linears[index](inputs_[i]);
    });
  }

  // `residual_of`: the layer whose output is added to the residual stream, and is to make up for
  // what that has lost; null: not such a layer.
  InputStatistics statistics(const Linear* residual_of) {
    const Eigen::Index columns = inputs_[0].cols();
    InputStatistics none{Matrix::Zero(columns, columns), {}, {}};
    if (residual_of == nullptr) none.cross_moment = none.second_moment;
    if (residual_of != nullptr) none.output_moment = Matrix::Zero(hidden_[0].cols(), columns);
    std::vector<InputStatistics> parts(static_cast<std::size_t>(options_.threads), none);
    for_each_index(std::ssize(hidden_), options_.threads, [&](std::int64_t text, int thread) {
      const auto i = static_cast<std::size_t>(text);
      InputStatistics& sum = parts[static_cast<std::size_t>(thread)];
      add_second_moment(inputs_[i], sum.second_moment);
      if (residual_of == nullptr) {
        add_product(full_inputs_[i].transpose(), inputs_[i], sum.cross_moment);
        return;
      }
      full_outputs_[i] = product(full_inputs_[i], residual_of->weight.transpose());
      const Matrix wanted = full_outputs_[i] + full_hidden_[i] - hidden_[i];
      add_product(wanted.transpose(), inputs_[i], sum.output_moment);
    });
    for (std::size_t part = 1; part < parts.size(); ++part) {
      parts[0].second_moment += parts[part].second_moment;
      parts[0].cross_moment += parts[part].cross_moment;
      parts[0].output_moment += parts[part].output_moment;
    }
    parts[0].second_moment = Matrix(parts[0].second_moment.selfadjointView<Eigen::Lower>());
    return std::move(parts[0]);
  }

  Result<void> quantize_linears(std::initializer_list<LinearIndex> indices, const FloatLayer& full,
                                FloatLayer& layer, bool adds_to_residual) {
    const InputStatistics statistics_of_inputs =
        statistics(adds_to_residual ? &full.linears[*indices.begin()] : nullptr);
    const Curvature curvature(statistics_of_inputs.second_moment, options_.damping);
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
          corrected_weight(full.linears[index].weight, statistics_of_inputs, curvature);
      QuantizedMatrix quantized =
          quantize_matrix(target, curvature, type, options_.sweeps, options_.threads);
      linear.weight = dequantize(quantized);
      const Matrix error = linear.weight - target;
      const Matrix& h = statistics_of_inputs.second_moment;
      const double noise = product(error, h).cwiseProduct(error).sum();
      const double signal = product(target, h).cwiseProduct(target).sum();
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
  States full_outputs_;          // what it makes of that in the full model
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
