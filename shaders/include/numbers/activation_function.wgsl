// The activation functions of ops/gated_activation.h, numbered as there.
fn tanh_of(x: f32) -> f32 {
  let e = exp(-2.0 * min(abs(x), 20.0));
  return sign(x) * (1.0 - e) / (1.0 + e);
}

// Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, 7.1.26: within 1.5e-7.
fn erf_of(x: f32) -> f32 {
  let a = min(abs(x), 9.0);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let series =
      t * (0.254829592 +
           t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - series * exp(-a * a));
}

fn activate(kind: u32, x: f32) -> f32 {
  switch (kind) {
    case 0u: {
      return x / (1.0 + exp(clamp(-x, -80.0, 80.0)));
    }
    case 1u: {
      return 0.5 * x * (1.0 + erf_of(x * 0.70710678118));
    }
    case 2u: {
      let inner = clamp(x, -1e4, 1e4);
      return 0.5 * x * (1.0 + tanh_of(0.79788456080 * (inner + 0.044715 * inner * inner * inner)));
    }
    default: {
      return max(x, 0.0);
    }
  }
}

fn activate_4(kind: u32, x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(activate(kind, x.x), activate(kind, x.y), activate(kind, x.z),
                   activate(kind, x.w));
}
