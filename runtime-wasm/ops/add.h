// Add: out = a + b, element by element.
#pragma once

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

struct Add {
  TensorRef a;    // any shape, f32
  TensorRef b;    // the shape of a, f32
  TensorRef out;  // the shape of a, f32; may be a or b itself

  Result<void> validate() const;
};

}  // namespace tessera
