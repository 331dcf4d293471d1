// Logits as sampling sees them. The vocabulary is cut into chunks of neighbouring ids, one for each
// workgroup of sample_chunks.wgsl, which leaves this of each in partials:
//   | word | content                                                                       |
//   | 0, 1 | the highest logit after the penalty, and its id                               |
//   | 2    | sum of weights relative to that: exp((logit - highest) / temperature)         |
//   | 3, 4 | the highest logit before the penalty, and its id                              |
//   | 5    | sum of exp(logit - highest) before the penalty, if it is to be reported       |
struct Parameters {
  vocabulary_size: u32,
  chunk_size: u32,
  logits: u32,
  parameters: u32,
  seen: u32,
  token: u32,
  report: u32,
  partials: u32,
  candidates: u32,  // words for vocabulary_size ids
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const chunk_count = 64u;
const partial_words = 8u;
const lowest = -3.0e38;
const scaled_min = -45.0;  // what lies further below the highest logit has no weight

// The words of SampleParameters in ops/sample.h.
struct Request {
  temperature: f32,
  top_k: i32,
  top_p: f32,
  min_p: f32,
  penalty: f32,
  uniform_number: f32,
  logprobs: i32,
}

fn read_request() -> Request {
  let at = parameters.parameters;
  return Request(read_f32(at), read_i32(at + 1u), read_f32(at + 2u), read_f32(at + 3u),
                 read_f32(at + 4u), read_f32(at + 5u), read_i32(at + 6u));
}

// A finite number in any case; what is none counts as lowest.
fn raw_logit(id: u32) -> f32 {
  let bits = activations[parameters.logits + id];
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return lowest;
  }
  return clamp(bitcast<f32>(bits), lowest, 3.0e38);
}

fn penalized_logit(id: u32, penalty: f32) -> f32 {
  let logit = raw_logit(id);
  if (penalty == 1.0) {
    return logit;
  }
  let is_seen = ((activations[parameters.seen + (id >> 5u)] >> (id & 31u)) & 1u) == 1u;
  return select(logit, clamp(select(logit * penalty, logit / penalty, logit > 0.0), lowest, 3.0e38),
                is_seen);
}

fn weight_of(logit: f32, highest: f32, temperature: f32) -> f32 {
  let scaled = max((logit - highest) / temperature, -100.0);
  return select(exp(scaled), 0.0, scaled < scaled_min);
}
