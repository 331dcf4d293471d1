// Merges for a SentencePiece vocabulary, which has scores instead.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "package/gguf_vocabulary.h"

namespace tessera {

// Every way of joining two normal tokens into a third, best first: by the score of the result, then
// longer left parts first, so that byte pair encoding by rank joins what SentencePiece joins.
// The views are into the vocabulary. REQUIRES: vocabulary.scores.
std::vector<std::pair<std::string_view, std::string_view>> sentencepiece_merges(
    const GgufVocabulary& vocabulary);

}  // namespace tessera
