#include "model/decoder_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

namespace tessera {
namespace {

Result<void> check_options(const DecoderConfiguration& configuration,
                           const DecoderOptions& options) {
  if (options.context_tokens_max < 1 ||
      options.context_tokens_max > configuration.context_tokens_max) {
    return Error{ErrorCode::kInvalidArgument,
                 "the context must have 1 to " + std::to_string(configuration.context_tokens_max) +
                     " tokens, not " + std::to_string(options.context_tokens_max)};
  }
  if (options.chunk_tokens_max < 1) {
    return Error{ErrorCode::kInvalidArgument, "a chunk must have at least 1 token"};
  }
  if (is_packed(options.kv_type) && configuration.head_size > kKvHeadSizeMax) {
    return Error{ErrorCode::kUnsupported,
                 "a KV cache of " + std::string(kv_type_name(options.kv_type)) +
                     " bits takes heads of at most " + std::to_string(kKvHeadSizeMax) +
                     " elements, not " + std::to_string(configuration.head_size) + "; choose f16"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DecoderModel>> DecoderModel::create(
    const DecoderConfiguration& configuration, const Weights& weights, Backend& backend,
    const DecoderOptions& options) {
  TESSERA_TRY_VOID(check_options(configuration, options));
  std::unique_ptr<DecoderModel> decoder(new DecoderModel(configuration, backend, options));
  TESSERA_TRY_VOID(decoder->bind_weights(weights));
  if (is_packed(options.kv_type)) {
    TESSERA_TRY_VOID(decoder->choose_rows());
    TESSERA_TRY_VOID(decoder->bind_codecs(weights));
  }
  TESSERA_TRY_VOID(decoder->allocate_cache());
  TESSERA_TRY_VOID(decoder->allocate_activations());
  // The passes that every answer needs: a backend may prepare them while weights arrive.
  const std::int64_t chunk = decoder->options_.chunk_tokens_max;
  TESSERA_TRY_VOID(decoder->program_for({1, LogitsRows::kLast, true}));
  for (const std::int64_t tokens : {std::min(chunk, kChunkTokens), chunk}) {
    TESSERA_TRY_VOID(decoder->program_for({tokens, LogitsRows::kNone, false}));
  }
  return decoder;
}

std::size_t activation_bytes_per_token(const DecoderConfiguration& c) {
  const std::int64_t words = 2 + 3 * c.hidden_size + 2 * c.query_heads * c.head_size +
                             2 * c.key_value_heads * c.head_size + 2 * c.intermediate_size;
  return static_cast<std::size_t>(words) * sizeof(float);
}

std::size_t sample_report_bytes(const SampleParameters& parameters) {
  if (parameters.logprobs < 0) return sizeof(SampleReport::id);
  const auto count = std::min<std::int64_t>(parameters.logprobs, kSampleAlternativesMax);
  return offsetof(SampleReport, alternatives) +
         static_cast<std::size_t>(count) * sizeof(SampleAlternative);
}

DecoderModel::DecoderModel(const DecoderConfiguration& configuration, Backend& backend,
                           const DecoderOptions& options)
    : configuration_(configuration), options_(options), backend_(backend), arena_(backend) {
  options_.chunk_tokens_max = std::min(options_.chunk_tokens_max, options_.context_tokens_max);
}

Result<void> DecoderModel::bind_weights(const Weights& weights) {
  const DecoderConfiguration& c = configuration_;
  TESSERA_TRY(embedding_,
              weights.matrix("model.embed_tokens.weight", c.vocabulary_size, c.hidden_size));
  TESSERA_TRY(final_norm_, weights.vector("model.norm.weight", c.hidden_size));
  output_ = embedding_;
  if (!c.ties_embeddings) {
    TESSERA_TRY(output_, weights.matrix("lm_head.weight", c.vocabulary_size, c.hidden_size));
  }
  for (std::int64_t index = 0; index < c.layers; ++index) {
    TESSERA_TRY(Layer layer, bind_layer(weights, index));
    layers_.push_back(std::move(layer));
  }
  return {};
}

Result<DecoderModel::Layer> DecoderModel::bind_layer(const Weights& weights, std::int64_t index) {
  const DecoderConfiguration& c = configuration_;
  const std::string prefix = "model.layers." + std::to_string(index) + ".";
  const auto bind = [&](const std::string& name, std::int64_t rows, std::int64_t columns,
                        bool has_bias) -> Result<Linear> {
    Linear linear;
    TESSERA_TRY(linear.weight, weights.matrix(prefix + name + ".weight", rows, columns));
    if (has_bias) {
      TESSERA_TRY(linear.bias, weights.vector(prefix + name + ".bias", rows));
    }
    return linear;
  };
  const std::int64_t query_size = c.query_heads * c.head_size;
  const std::int64_t key_size = c.key_value_heads * c.head_size;
  const bool qkv_bias = c.has_query_key_value_bias;
  Layer layer;
  TESSERA_TRY(layer.attention_norm,
              weights.vector(prefix + "input_layernorm.weight", c.hidden_size));
  TESSERA_TRY(layer.query, bind("self_attn.q_proj", query_size, c.hidden_size, qkv_bias));
  TESSERA_TRY(layer.key, bind("self_attn.k_proj", key_size, c.hidden_size, qkv_bias));
  TESSERA_TRY(layer.value, bind("self_attn.v_proj", key_size, c.hidden_size, qkv_bias));
  TESSERA_TRY(layer.attention_output,
              bind("self_attn.o_proj", c.hidden_size, query_size, c.has_attention_output_bias));
  if (c.has_query_key_norm) {
    TESSERA_TRY(layer.query_norm, weights.vector(prefix + "self_attn.q_norm.weight", c.head_size));
    TESSERA_TRY(layer.key_norm, weights.vector(prefix + "self_attn.k_norm.weight", c.head_size));
  }
  TESSERA_TRY(layer.mlp_norm,
              weights.vector(prefix + "post_attention_layernorm.weight", c.hidden_size));
  TESSERA_TRY(layer.gate,
              bind("mlp.gate_proj", c.intermediate_size, c.hidden_size, c.has_mlp_bias));
  TESSERA_TRY(layer.up, bind("mlp.up_proj", c.intermediate_size, c.hidden_size, c.has_mlp_bias));
  TESSERA_TRY(layer.down,
              bind("mlp.down_proj", c.hidden_size, c.intermediate_size, c.has_mlp_bias));
  layer.window_tokens = c.window_tokens[static_cast<std::size_t>(index)];
  return layer;
}

Result<void> DecoderModel::allocate_activations() {
  const DecoderConfiguration& c = configuration_;
  const std::int64_t tokens = options_.chunk_tokens_max;
  const auto make = [&](DataType type, const Shape& shape) {
    return arena_.allocate(type, shape, MemoryPurpose::kActivations);
  };
  Activation& a = activation_;
  TESSERA_TRY(a.ids, make(DataType::kI32, Shape{tokens}));
  TESSERA_TRY(a.positions, make(DataType::kI32, Shape{tokens}));
  TESSERA_TRY(a.hidden, make(DataType::kF32, Shape{tokens, c.hidden_size}));
  TESSERA_TRY(a.normed, make(DataType::kF32, Shape{tokens, c.hidden_size}));
  TESSERA_TRY(a.query, make(DataType::kF32, Shape{tokens, c.query_heads * c.head_size}));
  TESSERA_TRY(a.key, make(DataType::kF32, Shape{tokens, c.key_value_heads * c.head_size}));
  TESSERA_TRY(a.value, make(DataType::kF32, Shape{tokens, c.key_value_heads * c.head_size}));
  TESSERA_TRY(a.attention, make(DataType::kF32, Shape{tokens, c.query_heads * c.head_size}));
  TESSERA_TRY(a.projected, make(DataType::kF32, Shape{tokens, c.hidden_size}));
  TESSERA_TRY(a.gate, make(DataType::kF32, Shape{tokens, c.intermediate_size}));
  TESSERA_TRY(a.up, make(DataType::kF32, Shape{tokens, c.intermediate_size}));
  TESSERA_TRY_VOID(ensure_logits_rows(1));
  TESSERA_TRY(a.sample_parameters, make(DataType::kI32, Shape{kSampleParametersWords}));
  TESSERA_TRY(a.seen, make(DataType::kI32, Shape{(c.vocabulary_size + 31) / 32}));
  TESSERA_TRY(a.report, make(DataType::kI32, Shape{kSampleReportWords}));

  TESSERA_TRY(const RopeFrequencies rope, compute_rope_frequencies(c.rope, c.head_size));
  rope_attention_scale_ = rope.attention_scale;
  const auto pairs = static_cast<std::int64_t>(rope.frequencies.size());
  TESSERA_TRY(frequencies_, make(DataType::kF32, Shape{pairs}));
  return backend_.write(frequencies_.buffer, 0, std::as_bytes(std::span(rope.frequencies)));
}

Result<void> DecoderModel::ensure_logits_rows(std::int64_t rows) {
  TensorRef& logits = activation_.logits;
  if (!logits.is_empty() && logits.shape[0] >= rows) return {};
  if (!logits.is_empty()) arena_.release(logits);
  logits = TensorRef{};
  recordings_.clear();
  TESSERA_TRY(logits, arena_.allocate(DataType::kF32, Shape{rows, configuration_.vocabulary_size},
                                      MemoryPurpose::kActivations));
  return {};
}

Result<void> DecoderModel::check_position(std::int64_t position, std::int64_t tokens) const {
  TESSERA_CHECK(tokens >= 1 && tokens <= options_.chunk_tokens_max && position >= 0);
  if (position <= options_.context_tokens_max - tokens) return {};
  return Error{ErrorCode::kContextFull,
               "the context of " + std::to_string(options_.context_tokens_max) +
                   " tokens is full; start a new conversation or shorten this one"};
}

Result<void> DecoderModel::write_ids(std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) {
    if (id >= 0 && id < configuration_.vocabulary_size) continue;
    return Error{ErrorCode::kInvalidArgument, "token id " + std::to_string(id) +
                                                  " is not in the vocabulary of " +
                                                  std::to_string(configuration_.vocabulary_size)};
  }
  return backend_.write(activation_.ids.buffer, 0, std::as_bytes(ids));
}

Result<void> DecoderModel::write_positions(std::int64_t position, std::int64_t tokens) {
  std::vector<std::int32_t> positions(static_cast<std::size_t>(tokens));
  std::iota(positions.begin(), positions.end(), static_cast<std::int32_t>(position));
  return backend_.write(activation_.positions.buffer, 0, std::as_bytes(std::span(positions)));
}

Result<void> DecoderModel::run_pass(const Pass& pass) {
  TESSERA_TRY(const Program* program, program_for(pass));
  logits_rows_ = pass.rows == LogitsRows::kNone   ? 0
                 : pass.rows == LogitsRows::kLast ? 1
                                                  : pass.tokens;
  return backend_.run(*program);
}

Result<void> DecoderModel::forward(std::span<const std::int32_t> ids, std::int64_t position,
                                   LogitsRows rows) {
  const auto tokens = static_cast<std::int64_t>(ids.size());
  TESSERA_TRY_VOID(check_position(position, tokens));
  TESSERA_TRY_VOID(write_ids(ids));
  TESSERA_TRY_VOID(write_positions(position, tokens));
  return run_pass({tokens, rows, false});
}

Result<ReadTicket> DecoderModel::begin_read_logits() {
  const auto count = static_cast<std::size_t>(logits_rows_ * configuration_.vocabulary_size);
  return backend_.begin_read(activation_.logits.buffer, 0, count * sizeof(float));
}

Result<ReadTicket> DecoderModel::forward_and_sample(std::span<const std::int32_t> ids,
                                                    std::int64_t position,
                                                    const SampleParameters& parameters) {
  const auto tokens = std::max<std::int64_t>(1, static_cast<std::int64_t>(ids.size()));
  TESSERA_TRY_VOID(check_position(position, tokens));
  TESSERA_TRY_VOID(write_ids(ids));
  TESSERA_TRY_VOID(write_positions(position, tokens));
  TESSERA_TRY_VOID(backend_.write(activation_.sample_parameters.buffer, 0,
                                  std::as_bytes(std::span(&parameters, 1))));
  TESSERA_TRY_VOID(run_pass({tokens, LogitsRows::kLast, true}));
  return backend_.begin_read(activation_.report.buffer, 0, sample_report_bytes(parameters));
}

Result<void> DecoderModel::set_seen(std::span<const std::int32_t> ids) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>(activation_.seen.shape[0]));
  for (const std::int32_t id : ids) {
    TESSERA_CHECK(id >= 0 && id < configuration_.vocabulary_size);
    words[static_cast<std::size_t>(id / 32)] |= 1u << (id % 32);
  }
  return backend_.write(activation_.seen.buffer, 0, std::as_bytes(std::span(words)));
}

Result<ReadTicket> DecoderModel::begin_fence() {
  return backend_.begin_read(activation_.report.buffer, 0, sizeof(SampleReport::id));
}

}  // namespace tessera
