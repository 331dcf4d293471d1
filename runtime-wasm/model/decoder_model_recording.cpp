// The ops of a decoder's forward pass. A pass over as many tokens as an earlier one is replayed
// from its recording: only ids and positions, which live in tensors, change.
#include <cmath>
#include <utility>

#include "model/decoder_model.h"

namespace tessera {

Result<const Program*> DecoderModel::program_for(const Pass& pass) {
  if (pass.rows == LogitsRows::kAll) TESSERA_TRY_VOID(ensure_logits_rows(pass.tokens));
  for (const Recording& recording : recordings_) {
    if (recording.pass == pass) return recording.program.get();
  }
  TESSERA_TRY(std::unique_ptr<Program> program, record(pass));
  // The oldest goes, but never the decode step's.
  constexpr std::size_t kRecordingsMax = 8;
  if (recordings_.size() >= kRecordingsMax) {
    const bool is_first_decode = recordings_.front().pass.tokens == 1;
    recordings_.erase(recordings_.begin() + (is_first_decode ? 1 : 0));
  }
  recordings_.push_back({pass, std::move(program)});
  return recordings_.back().program.get();
}

Result<std::unique_ptr<Program>> DecoderModel::record(const Pass& pass) const {
  const std::int64_t tokens = pass.tokens;
  std::vector<Op> ops;
  const TensorRef hidden = first_rows(activation_.hidden, tokens);
  ops.push_back(Embedding{embedding_, first_rows(activation_.ids, tokens), hidden});
  for (const Layer& layer : layers_) {
    record_attention(layer, tokens, ops);
    record_mlp(layer, tokens, ops);
  }
  record_logits(tokens, pass.rows, ops);
  std::vector<TensorRef> results;
  if (pass.samples) {
    record_sample(ops);
    results = {activation_.ids, activation_.seen, activation_.report};
  } else if (pass.rows != LogitsRows::kNone) {
    results = {activation_.logits};
  }
  for (const Op& op : ops) TESSERA_TRY_VOID(validate(op));
  return backend_.prepare(ops, results);
}

// hidden += output_projection(attention(rope(norm(query)), rope(norm(key)), value))
void DecoderModel::record_attention(const Layer& layer, std::int64_t tokens,
                                    std::vector<Op>& ops) const {
  const DecoderConfiguration& c = configuration_;
  const Activation& a = activation_;
  const auto rows = [&](const TensorRef& tensor) { return first_rows(tensor, tokens); };
  const auto heads = [&](const TensorRef& tensor, std::int64_t count) {
    return reshaped(rows(tensor), Shape{tokens, count, c.head_size});
  };
  const auto head_rows = [&](const TensorRef& tensor, std::int64_t count) {
    return reshaped(rows(tensor), Shape{tokens * count, c.head_size});
  };
  ops.push_back(norm(rows(a.hidden), layer.attention_norm, rows(a.normed)));
  ops.push_back(linear(layer.query, rows(a.normed), rows(a.query)));
  ops.push_back(linear(layer.key, rows(a.normed), rows(a.key)));
  ops.push_back(linear(layer.value, rows(a.normed), rows(a.value)));
  if (c.has_query_key_norm) {
    const TensorRef query = head_rows(a.query, c.query_heads);
    const TensorRef key = head_rows(a.key, c.key_value_heads);
    ops.push_back(norm(query, layer.query_norm, query));
    ops.push_back(norm(key, layer.key_norm, key));
  }
  const TensorRef positions = rows(a.positions);
  const TensorRef query = heads(a.query, c.query_heads);
  const TensorRef key = heads(a.key, c.key_value_heads);
  const TensorRef value = heads(a.value, c.key_value_heads);
  ops.push_back(Rope{query, positions, frequencies_, rope_attention_scale_});
  ops.push_back(Rope{key, positions, frequencies_, rope_attention_scale_});
  ops.push_back(KvWrite{key, value, positions, layer.key_cache, layer.value_cache, layer.key_codec,
                        layer.value_codec});
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_size));
  ops.push_back(Attention{query, layer.key_cache, layer.value_cache, positions,
                          heads(a.attention, c.query_heads), scale, layer.window_tokens,
                          layer.key_codec, layer.value_codec});
  ops.push_back(linear(layer.attention_output, rows(a.attention), rows(a.projected)));
  ops.push_back(Add{rows(a.hidden), rows(a.projected), rows(a.hidden)});
}

// hidden += down(activation(gate(norm(hidden))) * up(norm(hidden)))
void DecoderModel::record_mlp(const Layer& layer, std::int64_t tokens, std::vector<Op>& ops) const {
  const Activation& a = activation_;
  const auto rows = [&](const TensorRef& tensor) { return first_rows(tensor, tokens); };
  ops.push_back(norm(rows(a.hidden), layer.mlp_norm, rows(a.normed)));
  ops.push_back(linear(layer.gate, rows(a.normed), rows(a.gate)));
  ops.push_back(linear(layer.up, rows(a.normed), rows(a.up)));
  ops.push_back(GatedActivation{rows(a.gate), rows(a.up), rows(a.gate), configuration_.activation});
  ops.push_back(linear(layer.down, rows(a.gate), rows(a.projected)));
  ops.push_back(Add{rows(a.hidden), rows(a.projected), rows(a.hidden)});
}

void DecoderModel::record_logits(std::int64_t tokens, LogitsRows rows, std::vector<Op>& ops) const {
  if (rows == LogitsRows::kNone) return;
  const bool all = rows == LogitsRows::kAll;
  const TensorRef hidden =
      all ? first_rows(activation_.hidden, tokens) : single_row(activation_.hidden, tokens - 1);
  const std::int64_t count = all ? tokens : 1;
  const TensorRef normed = first_rows(activation_.normed, count);
  ops.push_back(norm(hidden, final_norm_, normed));
  ops.push_back(linear(Linear{output_, {}}, normed, first_rows(activation_.logits, count)));
}

void DecoderModel::record_sample(std::vector<Op>& ops) const {
  const Activation& a = activation_;
  ops.push_back(
      Sample{first_rows(a.logits, 1), a.sample_parameters, a.seen, first_rows(a.ids, 1), a.report});
}

MatMul DecoderModel::linear(const Linear& layer, const TensorRef& x, const TensorRef& out) const {
  return MatMul{x, layer.weight, layer.bias, out, options_.activations};
}

RmsNorm DecoderModel::norm(const TensorRef& x, const TensorRef& weight,
                           const TensorRef& out) const {
  return RmsNorm{x, weight, out, configuration_.rms_epsilon};
}

}  // namespace tessera
