// Opens what `tessera convert` is given: a GGUF file or a Hugging Face folder.
#pragma once

#include <memory>
#include <string>

#include "package/model_source.h"

namespace tessera {

// `name`: the package's name; if empty it follows from the path ("models/Tiny-1B.Q4_1.gguf":
// "Tiny-1B").
Result<std::unique_ptr<ModelSource>> open_source(const std::string& path, std::string name);

// The name that follows from a path.
std::string model_name_of_path(const std::string& path);

}  // namespace tessera
