// A block of q2 (quantization/q2.h) is 5 vec4s.
const block_vec4s = 5u;
const zero_step = 1.0 / 64.0;
