#include "ops/sample.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const Sample& /*op*/, Recorder& /*recorder*/) {
  return Error{ErrorCode::kUnsupported, "Sample"};
}

}  // namespace tessera::webgpu
