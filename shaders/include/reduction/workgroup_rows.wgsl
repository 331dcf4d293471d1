// Sums of rows over a workgroup, through its memory, one after the other since it is small; every
// thread gets the result, and every thread must take part.
#include "reduction/workgroup.wgsl"

struct Totals {
  rows: array<Rows, sums_count>,
  squares: f32,
}

var<workgroup> partial_rows: array<Rows, workgroup_size>;

fn workgroup_sum_rows(thread: u32, value: Rows) -> Rows {
  partial_rows[thread] = value;
  var count = workgroup_size;
  while (count > 1u) {
    let width = (count + 3u) / 4u;
    workgroupBarrier();
    if (thread < width) {
      var sum = partial_rows[thread];
      for (var other = thread + width; other < count; other += width) {
        sum.low += partial_rows[other].low;
        sum.high += partial_rows[other].high;
      }
      partial_rows[thread] = sum;
    }
    count = width;
  }
  return workgroupUniformLoad(&partial_rows[0]);
}

fn workgroup_totals(thread: u32, own: Totals) -> Totals {
  var totals = own;
  if (is_normed) {
    totals.squares = workgroup_sum(thread, own.squares);
  }
  for (var i = 0u; i < sums_count; i++) {
    totals.rows[i] = workgroup_sum_rows(thread, own.rows[i]);
  }
  return totals;
}
