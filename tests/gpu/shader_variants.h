// Every specialisation of every shader that the recorders can ask for, to be validated at build
// time whatever GPU there is.
#pragma once

#include <vector>

#include "backends/webgpu/recorder.h"

namespace tessera::testing {

// With the largest workgroups that a device by its default limits is asked for.
std::vector<webgpu::Kernel> shader_variants();

}  // namespace tessera::testing
