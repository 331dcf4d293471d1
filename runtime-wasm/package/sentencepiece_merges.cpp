#include "package/sentencepiece_merges.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"

namespace tessera {
namespace {

struct Merge {
  std::string_view left;
  std::string_view right;
  double score;
  std::size_t result;
};

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> sentencepiece_merges(
    const GgufVocabulary& vocabulary) {
  TESSERA_CHECK(vocabulary.scores != nullptr);
  std::unordered_set<std::string_view> normal;
  for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
    if (vocabulary.kind(id) == GgufTokenKind::kNormal) normal.insert((*vocabulary.tokens)[id]);
  }
  std::vector<Merge> merges;
  for (std::size_t id = 0; id < vocabulary.tokens->size(); ++id) {
    if (vocabulary.kind(id) != GgufTokenKind::kNormal) continue;
    const std::string_view token = (*vocabulary.tokens)[id];
    for (std::size_t at = 1; at < token.size(); ++at) {
      const std::string_view left = token.substr(0, at);
      const std::string_view right = token.substr(at);
      if (!starts_character(right[0]) || !normal.contains(left) || !normal.contains(right))
        continue;
      merges.push_back({left, right, (*vocabulary.scores)[id], id});
    }
  }
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.result != b.result) return a.result < b.result;
    return a.left.size() > b.left.size();
  });
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  pairs.reserve(merges.size());
  for (const Merge& merge : merges) pairs.emplace_back(merge.left, merge.right);
  return pairs;
}

}  // namespace tessera
