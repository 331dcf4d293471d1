// Add: out = a + b, in parts of consecutive elements.
#include <algorithm>

#include "backends/cpu/execution.h"

namespace tessera::cpu {
namespace {

constexpr std::int64_t kPartElements = 16384;

}  // namespace

Result<void> run(const Add& op, Execution& execution) {
  const std::int64_t count = op.out.shape.element_count();
  const auto* a = reinterpret_cast<const float*>(op.a.host_bytes());
  const auto* b = reinterpret_cast<const float*>(op.b.host_bytes());
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  const std::int64_t part_count = (count + kPartElements - 1) / kPartElements;
  execution.threads.for_each_part(part_count, [&](std::int64_t part, int) {
    const std::int64_t end = std::min(count, (part + 1) * kPartElements);
    for (std::int64_t i = part * kPartElements; i < end; ++i) out[i] = a[i] + b[i];
  });
  return {};
}

}  // namespace tessera::cpu
