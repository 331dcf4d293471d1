// f16 numbers of a block's eight rows, in four words.
fn halves_at(at: u32) -> Rows {
  return Rows(vec4<f32>(unpack2x16float(staged_word(at)), unpack2x16float(staged_word(at + 1u))),
              vec4<f32>(unpack2x16float(staged_word(at + 2u)),
                        unpack2x16float(staged_word(at + 3u))));
}
