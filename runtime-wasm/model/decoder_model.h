// DecoderModel: a decoder-only transformer of the Llama kind (Llama, Qwen2, Qwen3) over a backend.
// It turns token ids into ops, keeps the KV cache, and gives logits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "model/decoder_configuration.h"
#include "model/tensor_arena.h"
#include "model/weights.h"
#include "ops/op.h"

namespace tessera {

struct DecoderOptions {
  std::int64_t context_tokens_max = 0;  // positions in the KV cache; at most the configuration's
  std::int64_t chunk_tokens_max = 128;  // tokens in one forward pass
  KvType kv_type = KvType::kF16;
  std::vector<KvLayerRows> kv_rows = {};  // of a packed cache; empty: as kv_row_bytes() says
  Activations activations = Activations::kInt8;
};

// The name of a layer's codec (ops/kv_codec.h) in a package; `of` is "key", "value" or, of keys
// whose mean turns, "turning_key".
std::string kv_codec_name(std::int64_t layer, std::string_view of);
bool is_kv_codec(std::string_view tensor_name);

// Of the activations of one token of a chunk, logits not counted.
std::size_t activation_bytes_per_token(const DecoderConfiguration& configuration);

// Bytes of the report that parameters ask for.
std::size_t sample_report_bytes(const SampleParameters& parameters);

// Which rows of logits a forward pass leaves behind.
enum class LogitsRows : std::uint8_t { kNone, kLast, kAll };

class DecoderModel {
 public:
  // Weights are checked by name and shape against the configuration; they may still be empty.
  // `weights` and `backend` must outlive the decoder.
  // Errors: kInvalidFile naming a tensor; kOutOfMemory; kInvalidArgument for impossible options.
  static Result<std::unique_ptr<DecoderModel>> create(const DecoderConfiguration& configuration,
                                                      const Weights& weights, Backend& backend,
                                                      const DecoderOptions& options);

  // Runs ids at positions position, position + 1, …; their keys and values overwrite the cache
  // there. REQUIRES: 1 <= ids.size() <= chunk_tokens_max, and positions before `position` were run.
  // Errors: kContextFull; kInvalidArgument for an id outside the vocabulary.
  Result<void> forward(std::span<const std::int32_t> ids, std::int64_t position, LogitsRows rows);

  // Asks for the last forward pass's logits, [rows, vocabulary_size] f32.
  Result<ReadTicket> begin_read_logits();

  // As forward, and chooses the token that comes next. Without ids the token that was chosen last
  // is run, wherever it is: nobody needs to have read it. The ticket brings a SampleReport of
  // sample_report_bytes(parameters).
  Result<ReadTicket> forward_and_sample(std::span<const std::int32_t> ids, std::int64_t position,
                                        const SampleParameters& parameters);

  // Which tokens the repetition penalty counts as seen; those chosen later are added. REQUIRES: ids
  // are in the vocabulary.
  Result<void> set_seen(std::span<const std::int32_t> ids);

  // A ticket that is done when everything asked for so far is.
  Result<ReadTicket> begin_fence();

  const DecoderConfiguration& configuration() const { return configuration_; }
  const DecoderOptions& options() const { return options_; }
  Backend& backend() { return backend_; }

  // Bytes of KV cache a position takes.
  std::size_t kv_bytes_per_token() const;

 private:
  struct Linear {
    TensorRef weight;
    TensorRef bias;  // or empty
  };
  struct Layer {
    TensorRef attention_norm, mlp_norm;
    Linear query, key, value, attention_output;
    TensorRef query_norm, key_norm;  // or empty
    Linear gate, up, down;
    TensorRef key_cache, value_cache;
    KvCodec key_codec, value_codec;  // of packed caches
    std::int32_t window_tokens = 0;
  };
  // Activations for one chunk; rows up to chunk_tokens_max.
  struct Activation {
    TensorRef ids, positions, hidden, normed, query, key, value, attention, projected, gate, up;
    TensorRef logits;  // [1 or chunk_tokens_max, vocabulary_size]
    TensorRef sample_parameters, seen, report;
  };
  // What a forward pass is recorded for.
  struct Pass {
    std::int64_t tokens = 0;
    LogitsRows rows = LogitsRows::kNone;
    bool samples = false;

    friend bool operator==(const Pass&, const Pass&) = default;
  };
  struct Recording {
    Pass pass;
    std::unique_ptr<Program> program;
  };

  DecoderModel(const DecoderConfiguration& configuration, Backend& backend,
               const DecoderOptions& options);

  Result<void> bind_weights(const Weights& weights);
  Result<Layer> bind_layer(const Weights& weights, std::int64_t index);
  Result<void> choose_rows();
  Result<void> allocate_cache();
  // The codecs of packed caches: the package's own where it was calibrated, else plain rotations.
  Result<void> bind_codecs(const Weights& weights);
  Result<TensorRef> make_rotation();
  Result<TensorRef> make_turns();
  Result<void> allocate_activations();
  Result<void> ensure_logits_rows(std::int64_t rows);
  Result<void> check_position(std::int64_t position, std::int64_t tokens) const;
  Result<void> write_ids(std::span<const std::int32_t> ids);
  Result<void> write_positions(std::int64_t position, std::int64_t tokens);

  Result<void> run_pass(const Pass& pass);
  Result<const Program*> program_for(const Pass& pass);
  Result<std::unique_ptr<Program>> record(const Pass& pass) const;
  void record_attention(const Layer& layer, std::int64_t tokens, std::vector<Op>& ops) const;
  void record_mlp(const Layer& layer, std::int64_t tokens, std::vector<Op>& ops) const;
  void record_logits(std::int64_t tokens, LogitsRows rows, std::vector<Op>& ops) const;
  void record_sample(std::vector<Op>& ops) const;
  MatMul linear(const Linear& layer, const TensorRef& x, const TensorRef& out) const;
  RmsNorm norm(const TensorRef& x, const TensorRef& weight, const TensorRef& out) const;

  DecoderConfiguration configuration_;
  DecoderOptions options_;
  Backend& backend_;
  TensorArena arena_;
  TensorRef embedding_, final_norm_, output_, frequencies_;
  float rope_attention_scale_ = 1.0f;
  std::vector<Layer> layers_;
  Activation activation_;
  std::vector<Recording> recordings_;
  std::int64_t logits_rows_ = 0;
};

}  // namespace tessera
