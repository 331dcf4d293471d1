// Zero points of q2: of byte i of word 2 the low nibble is that of row i, the high one of row 4 + i.
fn zeros_of(lines: vec4<u32>) -> Rows {
  let codes = vec4<u32>(lines.z) >> vec4<u32>(0u, 8u, 16u, 24u);
  return Rows(quants(codes, 0xfu) / 8.0 + 0.5, quants(codes >> vec4<u32>(4u), 0xfu) / 8.0 + 0.5);
}
