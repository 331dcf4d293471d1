// The highest value of a workgroup, with the lowest id among equals; every thread gets it, and
// every thread must take part.
struct Best {
  value: f32,
  id: u32,
}

var<workgroup> bests: array<Best, workgroup_size>;

fn better(a: Best, b: Best) -> Best {
  if (b.value > a.value || (b.value == a.value && b.id < a.id)) {
    return b;
  }
  return a;
}

fn workgroup_best(thread: u32, own: Best) -> Best {
  bests[thread] = own;
  var count = workgroup_size;
  while (count > 1u) {
    let width = (count + 3u) / 4u;
    workgroupBarrier();
    if (thread < width) {
      var best = bests[thread];
      for (var other = thread + width; other < count; other += width) {
        best = better(best, bests[other]);
      }
      bests[thread] = best;
    }
    count = width;
  }
  return workgroupUniformLoad(&bests[0]);
}
