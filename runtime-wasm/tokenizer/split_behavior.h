// What becomes of the delimiters that a text is cut at.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tessera {

enum class SplitBehavior {
  kRemoved,             // they vanish
  kIsolated,            // each is a part of its own
  kMergedWithPrevious,  // each belongs to the part before it
  kMergedWithNext,      // each belongs to the part behind it
  kContiguous,          // neighbouring ones form one part
};

Result<SplitBehavior> read_split_behavior(const JsonValue& value);

struct TextSpan {
  std::size_t begin;
  std::size_t end;
  bool is_delimiter;
};

// Applies a behaviour to spans that come in order and cover a text: each `add` gives the part that
// is finished by it, if any, and `finish` the last one. Empty parts are left out.
class SplitMerger {
 public:
  explicit SplitMerger(SplitBehavior behavior) : behavior_(behavior) {}

  std::optional<TextSpan> add(TextSpan span);
  std::optional<TextSpan> finish();

 private:
  bool joins_pending(const TextSpan& span) const;

  SplitBehavior behavior_;
  std::optional<TextSpan> pending_;
  bool previous_is_delimiter_ = false;
};

}  // namespace tessera
