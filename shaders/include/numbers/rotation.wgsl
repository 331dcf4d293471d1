// Cosine and sine of position * frequency, accurate for large angles, which the built-in functions
// need not be.
const quarter_turn_1 = 1.5625;  // the first bits of pi / 2, the next, the next, and the rest
const quarter_turn_2 = 0.008056640625;
const quarter_turn_3 = 0.00023651123046875;
const quarter_turn_4 = 3.1749393656355096e-06;

struct Angle {
  quarters: f32,  // whole quarter turns
  rest: f32,      // radians, at most an eighth of a turn either way
}

// (Cody and Waite, "Software Manual for the Elementary Functions", 1980)
fn reduce_angle(radians: f32) -> Angle {
  let quarters = round(radians * 0.63661977236758);
  let rest = ((radians - quarters * quarter_turn_1) - quarters * quarter_turn_2) -
             quarters * quarter_turn_3;
  return Angle(quarters, rest - quarters * quarter_turn_4);
}

// The product is taken of pieces so short that each is exact.
fn product_angle(position: i32, frequency: f32) -> Angle {
  let high = bitcast<f32>(bitcast<u32>(frequency) & 0xfffff000u);
  let low = frequency - high;
  let small = f32(position & 2047);
  let large = f32(position - (position & 2047));
  let a = reduce_angle(large * high);
  let b = reduce_angle(small * high);
  let c = reduce_angle(a.rest + b.rest + (large * low + small * low));
  return Angle(a.quarters + b.quarters + c.quarters, c.rest);
}

// (cosine, sine)
fn rotation(position: i32, frequency: f32) -> vec2<f32> {
  let angle = product_angle(position, frequency);
  let x = angle.rest;
  let s = x * x;
  let sine = x + x * s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362880.0)));
  let cosine = 1.0 + s * (-0.5 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s / 40320.0)));
  switch (i32(angle.quarters) & 3) {
    case 0: {
      return vec2<f32>(cosine, sine);
    }
    case 1: {
      return vec2<f32>(-sine, cosine);
    }
    case 2: {
      return vec2<f32>(-cosine, -sine);
    }
    default: {
      return vec2<f32>(sine, -cosine);
    }
  }
}
