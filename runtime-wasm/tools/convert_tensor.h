// Converts one tensor, some rows at a time.
#pragma once

#include <cstddef>

#include "package/model_source.h"
#include "tools/package_writer.h"

namespace tessera {

// Reads tensor `index` of `source` and appends it to `writer` in `type`: repacked where the stored
// format's integers fit, else by way of floats. Errors: kInvalidFile for weights that are not
// finite, or too large for f16; those of the source and the writer.
Result<void> convert_tensor(const ModelSource& source, std::size_t index, DataType type,
                            int threads, PackageWriter& writer);

}  // namespace tessera
