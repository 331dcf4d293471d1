// The product of matmul_vector.wgsl in bytes: x is rounded to signed bytes with a scale for each 16
// columns, and bytes are multiplied and summed exactly, four at a time. Blocks of weights are
// brought into the workgroup's memory in the order they lie in, and a thread takes a block of 8
// rows x 32 columns from there; a workgroup takes chunk_groups groups of columns at a time, of as
// many panels as it has threads for. x is read and rounded once for all of them.
#include "numbers/nowhere.wgsl"
#include "activations/{access}.wgsl"
#include "vectors/{access}.wgsl"
#include "units/word.wgsl"
#include "matrices/{matrices}.wgsl"
#include "matrices/parameters.wgsl"
#include "bytes/part.wgsl"
#include "bytes/{weight}.wgsl"
#include "inputs/{input}.wgsl"
#include "tiles/{tile}.wgsl"

override workgroup_size: u32 = 64u;
override chunk_groups: u32 = 32u;

// Threads read blocks side by side: an odd stride spreads them over the memory's banks.
const staged_words = block_words + 1u - block_words % 2u;
// How many threads share the sum of four rows.
const sum_parts = 8u;

var<workgroup> staged: array<u32, workgroup_size * staged_words>;
var<workgroup> x_bytes: array<vec4<u32>, chunk_groups * 2u>;
var<workgroup> x_scales: array<vec2<f32>, chunk_groups * 2u>;
var<workgroup> own_sums: array<vec4<f32>, workgroup_size * 2u>;
var<workgroup> own_squares: array<f32, workgroup_size>;
var<workgroup> part_sums: array<vec4<f32>, workgroup_size>;
var<workgroup> part_squares: array<f32, sum_parts>;

fn staged_word(at: u32) -> u32 {
  return staged[at];
}

// Four columns of x as they are multiplied, and their squares as they are.
struct Quad {
  values: vec4<f32>,
  squares: f32,
}

fn read_quad(x_row: u32, column: u32) -> Quad {
  let count = min(4u, max(parameters.columns, column) - column);
  let values = read_up_to_4(x_row + column, count);
  if (!is_normed) {
    return Quad(values, 0.0);
  }
  return Quad(values * read_vector_up_to_4(parameters.norm + column, count), dot(values, values));
}

// Rounds 16 columns of x into the workgroup's memory; returns the sum of their squares. Halves of
// groups lie apart, so that threads read neighbours.
fn round_x(x_row: u32, first_column: u32, half_group: u32) -> f32 {
  let column = first_column + half_group * 16u;
  let a = read_quad(x_row, column);
  let b = read_quad(x_row, column + 4u);
  let c = read_quad(x_row, column + 8u);
  let d = read_quad(x_row, column + 12u);
  let largest = max(max(largest_of(a.values), largest_of(b.values)),
                    max(largest_of(c.values), largest_of(d.values)));
  let part = rounded(array<vec4<f32>, 4>(a.values, b.values, c.values, d.values), largest);
  let at = (half_group & 1u) * chunk_groups + (half_group >> 1u);
  x_bytes[at] = part.bytes;
  x_scales[at] = vec2<f32>(part.scale, part.sum);
  return (a.squares + b.squares) + (c.squares + d.squares);
}

fn part_at(at: u32) -> Part {
  return Part(x_bytes[at], x_scales[at].x, x_scales[at].y);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let sums = workgroup_size / chunk_groups;  // that the workgroup takes, sums_count for a tile
  let first_tile = (workgroup.x + workgroup.y * workgroups.x) * (sums / sums_count);
  if (tile_of(first_tile).matrix == matrix_count) {
    return;
  }
  let own_sum = thread / chunk_groups;
  let own_group = thread % chunk_groups;
  let tile = tile_of(first_tile + own_sum / sums_count);
  let is_used = tile.matrix != matrix_count;
  let matrix = tile_matrix(tile, own_sum % sums_count);
  let panel = tile_panel(tile, own_sum % sums_count);
  let x_row = parameters.x + workgroup.z * parameters.columns;
  let groups = (parameters.columns + 31u) / 32u;
  var own = Rows();
  var squares = 0.0;
  for (var first = 0u; first < groups; first += chunk_groups) {
    let words = select(0u, min(chunk_groups, groups - first) * block_words, is_used);
    let begin = block_of(panel, first);
    for (var i = own_group; i < words; i += chunk_groups) {
      staged[own_sum * chunk_groups * staged_words + i +
             i / block_words * (staged_words - block_words)] = load_weights_word(matrix, begin + i);
    }
    for (var half = thread; half < chunk_groups * 2u; half += workgroup_size) {
      squares += round_x(x_row, first * 32u, half);
    }
    workgroupBarrier();
    if (is_used && first + own_group < groups) {
      let products = block_dot(thread * staged_words, part_at(own_group),
                               part_at(chunk_groups + own_group));
      own.low += products.low;
      own.high += products.high;
    }
    workgroupBarrier();
  }
  own_sums[thread] = own.low;
  own_sums[workgroup_size + thread] = own.high;
  own_squares[thread] = squares;
  workgroupBarrier();
  if (thread < sums * 2u * sum_parts) {
    let at = thread / (2u * sum_parts) * chunk_groups +
             (thread / sum_parts % 2u) * workgroup_size + thread % sum_parts;
    var sum = vec4<f32>();
    for (var i = 0u; i < chunk_groups; i += sum_parts) {
      sum += own_sums[at + i];
    }
    part_sums[thread] = sum;
  }
  if (is_normed && thread < sum_parts) {
    var sum = 0.0;
    for (var i = 0u; i < workgroup_size; i += sum_parts) {
      sum += own_squares[thread + i];
    }
    part_squares[thread] = sum;
  }
  workgroupBarrier();
  if (thread < sums / sums_count * 2u) {
    write_sums(first_tile + thread / 2u, workgroup.z, thread % 2u,
               thread / 2u * sums_count * 2u + thread % 2u);
  }
}

// Writes four rows of a tile. `first`: where its first sum is, in units of sum_parts.
fn write_sums(tile_index: u32, token: u32, half_panel: u32, first: u32) {
  let tile = tile_of(tile_index);
  if (tile.matrix == matrix_count) {
    return;
  }
  var factor = 1.0;
  if (is_normed) {
    var squares = 0.0;
    for (var part = 0u; part < sum_parts; part++) {
      squares += part_squares[part];
    }
    factor = inverseSqrt(squares / f32(parameters.columns) + parameters.epsilon);
  }
  for (var i = 0u; i < sums_count; i++) {
    var sum = vec4<f32>();
    for (var part = 0u; part < sum_parts; part++) {
      sum += part_sums[(first + 2u * i) * sum_parts + part];
    }
    write_tile(tile, token, i, half_panel, sum * factor);
  }
}
