// Writes op cases as JSON that a small program on any WebGPU device can run and judge.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "gpu/bench_cases.h"
#include "gpu/recording_backend.h"
#include "support/op_case.h"

namespace tessera::testing {

// {"pipelines": [{"label", "code", "constants"}], "cases": [{"op", "name",
//   "buffers": [{"id", "size_bytes", "runs": [[offset, base64], what is not zero]}],
//   "dispatches": [{"pipeline": index, "bindings": [[buffer, offset, size]], "parameters": [words],
//     "workgroups": [x, y, z]}],
//   "results": [{"buffer", "offset_bytes", "type", "scale", "tolerance", "judged",
//     "expected": [numbers]}]}]}
class OpTableWriter {
 public:
  explicit OpTableWriter(const RecordingOptions& options);

  // Errors: those of recording.
  Result<void> add(const OpCase& one);
  // A case without results, but with "bytes", "operations" and "copies".
  Result<void> add(const BenchCase& one);
  // A pipeline that no case needs to use. Errors: those of composing.
  Result<void> add(const webgpu::Kernel& kernel);
  std::string take() &&;

 private:
  std::size_t pipeline_index(const webgpu::Kernel& kernel, std::string code);
  Result<void> write_dispatches(const RecordingBackend& backend);

  RecordingOptions options_;
  JsonWriter cases_;
  std::vector<std::string> pipelines_;
};

}  // namespace tessera::testing
