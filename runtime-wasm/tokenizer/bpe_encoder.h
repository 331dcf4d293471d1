// Encodes words by a Bpe model in O(n log n): the symbols form a linked list, and a heap holds the
// possible merges.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe.h"
#include "tokenizer/bpe_boundaries.h"

namespace tessera {

class BpeEncoder final : public WordEncoder {
 public:
  explicit BpeEncoder(const Bpe& model) : model_(model) {}

  Result<void> encode(std::string_view word, std::vector<std::int32_t>& ids) override;

 private:
  struct Symbol {
    std::int32_t id;        // kNoToken once it is part of the one before it
    std::int32_t previous;  // indices, or -1
    std::int32_t next;
  };
  struct Candidate {
    std::uint32_t rank;
    std::int32_t position;  // of the left symbol
    std::int32_t merged;

    // The heap's top is the lowest rank, and of equal ranks the leftmost.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  Result<void> split_into_symbols(std::string_view word);
  Result<void> add_unknown(std::string_view character);
  bool add_bytes(std::string_view character);
  void add_symbol(std::int32_t id);
  bool is_plain() const;
  void flush_unknown();
  std::string_view decorated(std::string_view character, bool is_first, bool is_last);
  void merge_symbols();
  void merge_stretch(std::int32_t begin, std::int32_t end);
  void add_candidate(std::int32_t position);

  const Bpe& model_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
  std::string decorated_;
  std::optional<BpeBoundaries> boundaries_;  // made for the first long word
  bool has_unknown_ = false;                 // an unknown token waits for the next known symbol
};

}  // namespace tessera
