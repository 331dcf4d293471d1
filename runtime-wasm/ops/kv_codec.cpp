#include "ops/kv_codec.h"

#include <string>

#include "ops/contract.h"

namespace tessera {
namespace {

std::int64_t coordinates(const KvRowFormat& format) {
  std::int64_t sum = 0;
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    sum += format.widths[run];
  }
  return sum;
}

bool has_known_widths(const KvRowFormat& format) {
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    const int width = format.widths[run];
    if (width != 1 && kv_codebook(width) == nullptr) return false;
    if (run > 0 && width < format.widths[run - 1]) return false;  // narrow runs come first
  }
  return true;
}

void check_turns(Contract& contract, const std::string& whose, const TensorRef& turns,
                 std::int64_t context_tokens_max, std::int64_t head_size) {
  if (turns.is_empty()) return;
  contract.tensor(whose + "'s turns", turns, 2, {DataType::kF32});
  if (!contract.is_met()) return;
  const std::int64_t rows = turns.shape[0];
  contract
      .require(rows % 2 == 0 && rows <= head_size, whose + "'s turns do not fit the head's pairs")
      .equal("the columns of " + whose + "'s turns", turns.shape[1], "those of the context",
             kv_turns_shape(rows / 2, context_tokens_max)[1]);
}

}  // namespace

void check_kv_codec(Contract& contract, std::string_view name, const KvCodec& codec,
                    const TensorRef& cache, std::int64_t head_size) {
  if (!contract.is_met()) return;
  const std::string whose(name);
  if (cache.type != DataType::kKvRows) {
    contract.equal("head_size", head_size, "the elements of the cache's heads", cache.shape[2]);
    return;
  }
  contract.tensor(name, codec.matrices, 2, {DataType::kF16});
  if (!contract.is_met()) return;
  const std::int64_t heads = cache.shape[0];
  const std::int64_t run_count = codec.format.run_count;
  contract.equal(whose + "'s columns", codec.matrices.shape[1], "head_size", head_size)
      .equal(whose + "'s rows", codec.matrices.shape[0], "the rows of the cache's heads",
             heads * KvCodec::rows_of_head(head_size))
      .require(head_size <= kKvHeadSizeMax, "a packed KV cache takes heads of at most " +
                                                std::to_string(kKvHeadSizeMax) + " elements, not " +
                                                std::to_string(head_size))
      .require(head_size == 0 || (run_count >= 0 && run_count <= kKvHeadSizeMax &&
                                  codec.format.size_bytes() == cache.shape[2]),
               whose + "'s rows have another size than the cache's")
      .require(head_size == 0 || (run_count <= kKvHeadSizeMax && has_known_widths(codec.format) &&
                                  coordinates(codec.format) == head_size),
               whose + "'s runs do not make up a head");
  check_turns(contract, whose, codec.turns, cache.shape[1], head_size);
}

}  // namespace tessera
