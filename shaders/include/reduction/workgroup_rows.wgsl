// Sums of rows over a workgroup, through its memory; every thread gets the result, and every
// thread must take part.
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
