// Sums of rows over a workgroup, by subgroups of any size from 4 on and then through the
// workgroup's memory, at one barrier; every thread must take part, threads 0 and 1 get the result.
enable subgroups;

// The sizes that subgroups may have; what is the same on a device all the time costs no time.
override lanes_min: u32 = 4u;
override lanes_max: u32 = 128u;

struct Totals {
  rows: array<Rows, sums_count>,
  squares: f32,
}

// Of each subgroup and each of its sums rows 0 and 1, 4 and 5, 2 and 3, 6 and 7.
var<workgroup> partial_rows: array<vec2<f32>, workgroup_size * sums_count>;
var<workgroup> partial_squares: array<f32, workgroup_size / 4u>;

fn subgroup_lanes() -> u32 {
  if (lanes_min == lanes_max) {
    return min(lanes_max, workgroup_size);
  }
  return subgroupAdd(1u);
}

fn exchanged(two: vec2<f32>, distance: u32, lanes: u32) -> vec2<f32> {
  if (distance >= lanes_max) {
    return two;
  }
  return two + select(vec2<f32>(), subgroupShuffleXor(two, distance), distance < lanes);
}

// Two rows of a subgroup's sum: as long as lanes have many rows, two of them exchange halves
// instead of adding up the whole twice. Without a loop, for which drivers keep arrays in memory.
fn subgroup_rows(lane: u32, lanes: u32, own: Rows) -> vec2<f32> {
  let is_odd = (lane & 1u) != 0u;
  let four = select(own.low, own.high, is_odd) +
             subgroupShuffleXor(select(own.high, own.low, is_odd), 1u);
  let is_second = (lane & 2u) != 0u;
  let two = select(four.xy, four.zw, is_second) +
            subgroupShuffleXor(select(four.zw, four.xy, is_second), 2u);
  let of_16 = exchanged(exchanged(two, 4u, lanes), 8u, lanes);
  return exchanged(exchanged(exchanged(of_16, 16u, lanes), 32u, lanes), 64u, lanes);
}

fn workgroup_totals(thread: u32, own: Totals) -> Totals {
  let lanes = subgroup_lanes();
  let lane = thread % lanes;
  let subgroup = thread / lanes;
  for (var i = 0u; i < sums_count; i++) {
    let rows = subgroup_rows(lane, lanes, own.rows[i]);
    if (lane < 4u) {
      partial_rows[(subgroup * sums_count + i) * 4u + lane] = rows;
    }
  }
  if (is_normed) {
    let squares = subgroupAdd(own.squares);
    if (lane == 0u) {
      partial_squares[subgroup] = squares;
    }
  }
  workgroupBarrier();
  var totals = Totals();
  if (thread < 2u) {
    for (var other = 0u; other < (workgroup_size + lanes - 1u) / lanes; other++) {
      for (var i = 0u; i < sums_count; i++) {
        let at = (other * sums_count + i) * 4u + thread;
        let half_panel = vec4<f32>(partial_rows[at], partial_rows[at + 2u]);
        totals.rows[i].low += half_panel;
        totals.rows[i].high += half_panel;
      }
      totals.squares += partial_squares[other];
    }
  }
  return totals;
}
