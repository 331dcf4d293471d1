// The shaders of the folder shaders, compiled in, and how a kernel's text is put together.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backends/webgpu/recorder.h"
#include "base/result.h"

namespace tessera::webgpu {

// A file of shaders/include, named from there, or of shaders/ops, "ops/<name>.wgsl"; without
// comments and indentation.
struct ShaderSource {
  std::string_view path;
  std::string_view text;
};

// Sorted by path within each folder.
std::span<const ShaderSource> shader_sources();

// The WGSL text of a kernel: shaders/ops/<name>.wgsl with every included file once, where it is
// first named, and all `enable` directives first. Its override constants are not in the text.
// Errors: kInternal naming the file that is missing.
Result<std::string> compose(const Kernel& kernel);

}  // namespace tessera::webgpu
