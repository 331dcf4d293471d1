#include "tokenizer/split_behavior.h"

#include <utility>

namespace tessera {

Result<SplitBehavior> read_split_behavior(const JsonValue& value) {
  TESSERA_TRY(const std::string_view name, value.string());
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return value.error("unknown behavior \"" + std::string(name) + "\"");
}

std::optional<TextSpan> SplitMerger::add(TextSpan span) {
  if (pending_ && joins_pending(span)) {
    pending_->end = span.end;
    pending_->is_delimiter = span.is_delimiter;
    previous_is_delimiter_ = span.is_delimiter;
    return std::nullopt;
  }
  std::optional<TextSpan> finished = finish();
  pending_ = span;
  previous_is_delimiter_ = span.is_delimiter;
  return finished;
}

std::optional<TextSpan> SplitMerger::finish() {
  std::optional<TextSpan> finished = std::exchange(pending_, std::nullopt);
  if (!finished || finished->begin == finished->end) return std::nullopt;
  if (behavior_ == SplitBehavior::kRemoved && finished->is_delimiter) return std::nullopt;
  return finished;
}

bool SplitMerger::joins_pending(const TextSpan& span) const {
  switch (behavior_) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated: return false;
    case SplitBehavior::kMergedWithPrevious: return span.is_delimiter && !previous_is_delimiter_;
    case SplitBehavior::kMergedWithNext: return previous_is_delimiter_ && !span.is_delimiter;
    case SplitBehavior::kContiguous: return span.is_delimiter == previous_is_delimiter_;
  }
  return false;
}

}  // namespace tessera
