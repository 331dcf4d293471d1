// A small but whole GGUF file of the llama architecture, for tests to take apart.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_builder.h"

namespace tessera {

inline constexpr std::int64_t kTinyHidden = 64;
inline constexpr std::int64_t kTinyQueryHeads = 4;
inline constexpr std::int64_t kTinyKeyValueHeads = 2;
inline constexpr std::int64_t kTinyVocabulary = 11;

// A float for every position of a tensor: its number in row-major order.
inline std::vector<std::byte> counted_f32(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i);
  return bytes_of(values);
}

inline void add_tiny_metadata(GgufBuilder& builder) {
  builder.string("general.architecture", "llama").string("general.name", "Tiny");
  builder.u32("llama.block_count", 1).u32("llama.context_length", 128);
  builder.u32("llama.embedding_length", kTinyHidden).u32("llama.feed_forward_length", 96);
  builder.u32("llama.attention.head_count", kTinyQueryHeads);
  builder.u32("llama.attention.head_count_kv", kTinyKeyValueHeads);
  builder.f32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  builder.f32("llama.rope.freq_base", 500000.0f);
}

// Byte-level: an end, a turn's end, and "ab", "abc" out of letters.
inline void add_tiny_tokenizer(GgufBuilder& builder) {
  builder.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "gpt-2");
  builder.strings("tokenizer.ggml.tokens",
                  {"<|endoftext|>", "<|im_end|>", "a", "b", "c", "\xc4\xa0", "ab", "abc",
                   "\xc4\xa0"
                   "a",
                   "<tool>", "[PAD10]"});
  builder.i32s("tokenizer.ggml.token_type", {3, 3, 1, 1, 1, 1, 1, 1, 1, 4, 5});
  builder.strings("tokenizer.ggml.merges", {"a b", "ab c", "\xc4\xa0 a"});
  builder.u32("tokenizer.ggml.bos_token_id", 0).u32("tokenizer.ggml.eos_token_id", 0);
  builder.string("tokenizer.chat_template", "{{ messages }}");
}

inline void add_tiny_tensors(GgufBuilder& builder) {
  const auto f32 = [&](const std::string& name, std::uint64_t columns, std::uint64_t rows) {
    const auto count = static_cast<std::size_t>(columns * rows);
    builder.tensor(name, {columns, rows}, kGgmlF32, counted_f32(count));
  };
  const auto vector = [&](const std::string& name) {
    builder.tensor(name, {kTinyHidden}, kGgmlF32, counted_f32(kTinyHidden));
  };
  f32("token_embd.weight", kTinyHidden, kTinyVocabulary);
  vector("output_norm.weight");
  vector("blk.0.attn_norm.weight");
  vector("blk.0.ffn_norm.weight");
  f32("blk.0.attn_q.weight", kTinyHidden, 64);
  f32("blk.0.attn_k.weight", kTinyHidden, 32);
  f32("blk.0.attn_v.weight", kTinyHidden, 32);
  f32("blk.0.attn_output.weight", 64, kTinyHidden);
  f32("blk.0.ffn_gate.weight", kTinyHidden, 96);
  f32("blk.0.ffn_up.weight", kTinyHidden, 96);
  f32("blk.0.ffn_down.weight", 96, kTinyHidden);
}

inline GgufBuilder tiny_gguf() {
  GgufBuilder builder;
  add_tiny_metadata(builder);
  add_tiny_tokenizer(builder);
  add_tiny_tensors(builder);
  return builder;
}

}  // namespace tessera
