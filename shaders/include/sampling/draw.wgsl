// Draws a token: the first, in order of id, at which the running sum of the kept tokens' weights
// exceeds uniform * sum. chunk_sums must hold each chunk's sum of kept weights.
var<workgroup> chunk_sums: array<f32, chunk_count>;
var<workgroup> piece_sums: array<f32, workgroup_size>;
const pieces_per_group = 32u;
var<workgroup> group_sums: array<f32, workgroup_size / pieces_per_group>;

struct Place {
  index: u32,
  rest: f32,  // of the target, without what comes before
}

var<workgroup> shared_place: Place;

fn kept_weight(id: u32, request: Request, highest: f32, cut: Cut) -> f32 {
  let logit = penalized_logit(id, request.penalty);
  let weight = weight_of(logit, highest, request.temperature);
  return select(0.0, weight, keeps(cut, key_of(logit), id) && weight >= request.min_p);
}

// Rounding may leave the target just above all sums: then the last chunk with a weight has it.
fn place_of_chunk(uniform_number: f32) -> Place {
  var sum = 0.0;
  for (var chunk = 0u; chunk < chunk_count; chunk++) {
    sum += chunk_sums[chunk];
  }
  var place = Place(0u, uniform_number * sum);
  var rest = place.rest;
  for (var chunk = 0u; chunk < chunk_count; chunk++) {
    let own = chunk_sums[chunk];
    if (own > 0.0) {
      place = Place(chunk, rest);
      if (own > rest) {
        break;
      }
      rest -= own;
    }
  }
  return place;
}

fn place_of_piece(target_sum: f32) -> Place {
  var place = Place(0u, target_sum);
  var rest = target_sum;
  var group = 0u;
  while (group + 1u < workgroup_size / pieces_per_group && group_sums[group] <= rest) {
    rest -= group_sums[group];
    group++;
  }
  for (var piece = group * pieces_per_group; piece < workgroup_size; piece++) {
    let own = piece_sums[piece];
    if (own > 0.0) {
      place = Place(piece, rest);
      if (own > rest) {
        break;
      }
      rest -= own;
    }
  }
  return place;
}

fn draw(thread: u32, request: Request, highest: f32, cut: Cut) -> u32 {
  workgroupBarrier();
  if (thread == 0u) {
    shared_place = place_of_chunk(request.uniform_number);
  }
  let chunk = workgroupUniformLoad(&shared_place);
  let begin = chunk.index * parameters.chunk_size;
  let end = min(begin + parameters.chunk_size, parameters.vocabulary_size);
  let piece_size = (parameters.chunk_size + workgroup_size - 1u) / workgroup_size;
  let piece_begin = begin + thread * piece_size;
  var sum = 0.0;
  for (var id = piece_begin; id < min(piece_begin + piece_size, end); id++) {
    sum += kept_weight(id, request, highest, cut);
  }
  piece_sums[thread] = sum;
  workgroupBarrier();
  if (thread < workgroup_size / pieces_per_group) {
    var group_sum = 0.0;
    for (var i = 0u; i < pieces_per_group; i++) {
      group_sum += piece_sums[thread * pieces_per_group + i];
    }
    group_sums[thread] = group_sum;
  }
  workgroupBarrier();
  if (thread == 0u) {
    shared_place = place_of_piece(chunk.rest);
  }
  let piece = workgroupUniformLoad(&shared_place);
  var token = begin + piece.index * piece_size;
  var rest = piece.rest;
  for (var id = token; id < min(begin + (piece.index + 1u) * piece_size, end); id++) {
    let own = kept_weight(id, request, highest, cut);
    if (own > 0.0) {
      token = id;
      if (own > rest) {
        break;
      }
      rest -= own;
    }
  }
  return token;
}
