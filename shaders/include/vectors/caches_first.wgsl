// All vectors of weights, bound after the caches; a tensor is an offset in words.
@group(0) @binding(4) var<storage, read> vectors: array<f32>;
