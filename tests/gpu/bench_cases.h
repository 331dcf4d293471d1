// Ops of the sizes of real models, to be timed: nothing is computed with them but zeros.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/op_case.h"

namespace tessera::testing {

struct BenchCase {
  std::string name;
  // What one pass over the ops must read of weights and caches, and multiplies and adds.
  double bytes = 0.0;
  double operations = 0.0;
  int copies = 1;  // of the ops, each with its own weights, so that no cache holds them
  std::function<std::vector<Op>(Backend&)> make;
};

std::vector<BenchCase> bench_cases();

}  // namespace tessera::testing
