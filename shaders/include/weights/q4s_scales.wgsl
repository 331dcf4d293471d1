// Scales of q4s (quantization/q4s.h): of a byte, bit 7 is the sign, four bits are the exponent, the
// last three the fraction.
fn scales_of(word: u32) -> vec4<f32> {
  let codes = vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u);
  let signs = (codes & vec4<u32>(0x80u)) << vec4<u32>(24u);
  return bitcast<vec4<f32>>(signs | (((codes & vec4<u32>(0x7fu)) << vec4<u32>(20u)) +
                                     vec4<u32>(0x38800000u)));  // 2^-14
}
