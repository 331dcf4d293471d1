#include "support/op_case.h"

namespace tessera::testing {

OpCases op_cases() {
  OpCases cases;
  add_elementwise_cases(cases);
  add_matmul_cases(cases);
  add_attention_cases(cases);
  add_packed_kv_cases(cases);
  add_sample_cases(cases);
  add_fused_cases(cases);
  return cases;
}

}  // namespace tessera::testing
