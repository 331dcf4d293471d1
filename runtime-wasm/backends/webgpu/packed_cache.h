// What kernels need to read and write packed KV caches (quantization/kv_row.h), whose rows are the
// processor's, byte for byte: the codecs' matrices, and a table that says what a row's bytes are.
//
//   words of the table     content
//   0 .. 767               codebooks of 2, 3 and 4 coordinates: an entry a word, a signed byte each
//   768 .. 2303            codebooks of 5, 6 and 8: an entry two words
//   then, for keys and for values:
//   [run_count]            runs
//   [unit_count]           units: up to 4 coordinates that one word of a codebook stands for, or as
//                          many neighbouring runs of one coordinate each
//   [head_size]            for every coordinate the unit that it lies in; of runs of one, itself
//
// A run or unit is a word:
//   bits 0-8 its first byte in the row, 9-16 its first coordinate, 17-19 how many coordinates it
//   has, less one, 20-31 its codebook: the word of entry 0, or kPlainNumbers
#pragma once

#include "backends/webgpu/recorder.h"
#include "ops/kv_codec.h"

namespace tessera::webgpu {

inline constexpr std::uint32_t kPlainNumbers = 0xfff;  // as in caches/packed.wgsl
inline constexpr std::uint32_t kPackedUnitsMax = 129;  // of a head of kKvHeadSizeMax

// Of keys, or of values. Places are words of the table.
struct PackedSide {
  Binding codec;
  std::uint32_t row_bytes = 0;
  std::uint32_t runs = 0;
  std::uint32_t run_count = 0;
  std::uint32_t units = 0;
  std::uint32_t unit_count = 0;
  std::uint32_t coordinates = 0;
};

// Of the mean of keys that turns: where its table (ops/kv_turns.h) lies among activations, pairs
// (0: the mean does not turn), and the table's columns.
struct KvTurning {
  std::uint32_t table = 0, pairs = 0, columns = 0;

  std::vector<std::uint32_t> words() const { return {table, pairs, columns}; }
};

KvTurning kv_turning(const KvCodec& key_codec, const Recorder& recorder);

struct PackedCache {
  Binding table;
  KvTurning turning;
  PackedSide keys;
  PackedSide values;
};

// REQUIRES: codecs of an op that is valid. Errors: kOutOfMemory; kUnsupported if a codec is larger
// than what the device binds.
Result<PackedCache> packed_cache(const KvCodec& key_codec, const KvCodec& value_codec,
                                 Recorder& recorder);

}  // namespace tessera::webgpu
