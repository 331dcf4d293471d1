// Sums and maxima over a workgroup, through its memory; every thread gets the result, and every
// thread must take part.
var<workgroup> partials: array<f32, workgroup_size>;

fn workgroup_sum(thread: u32, value: f32) -> f32 {
  partials[thread] = value;
  var count = workgroup_size;
  while (count > 1u) {
    let width = (count + 3u) / 4u;
    workgroupBarrier();
    if (thread < width) {
      var sum = partials[thread];
      for (var other = thread + width; other < count; other += width) {
        sum += partials[other];
      }
      partials[thread] = sum;
    }
    count = width;
  }
  return workgroupUniformLoad(&partials[0]);
}

fn workgroup_max(thread: u32, value: f32) -> f32 {
  partials[thread] = value;
  var count = workgroup_size;
  while (count > 1u) {
    let width = (count + 3u) / 4u;
    workgroupBarrier();
    if (thread < width) {
      var largest = partials[thread];
      for (var other = thread + width; other < count; other += width) {
        largest = max(largest, partials[other]);
      }
      partials[thread] = largest;
    }
    count = width;
  }
  return workgroupUniformLoad(&partials[0]);
}
