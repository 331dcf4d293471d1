// The mean of keys that turns with their positions (ops/kv_codec.h), by a table of cosines and
// sines (ops/kv_turns.h). Needs of the parameters: turns, turn_pairs (0: the mean does not turn)
// and turn_columns.
const turn_positions = 128u;

fn turn_number(pair: u32, column: u32) -> vec2<f32> {
  let at = parameters.turns + pair * parameters.turn_columns + column;
  return vec2<f32>(read_f32(at), read_f32(at + parameters.turn_pairs * parameters.turn_columns));
}

// The cosine and sine of a pair's angle at a position.
fn turn_of(pair: u32, position: u32) -> vec2<f32> {
  let near = turn_number(pair, position % turn_positions);
  let far = turn_number(pair, turn_positions + position / turn_positions);
  return vec2<f32>(near.x * far.x - near.y * far.y, near.y * far.x + near.x * far.y);
}
