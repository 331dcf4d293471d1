// What this build of the runtime is.
#include "bindings/methods.h"

namespace tessera {

Result<void> capabilities(ModelTable&, const JsonObject&, JsonWriter& reply) {
#ifdef __wasm_relaxed_simd__
  constexpr bool kHasRelaxedSimd = true;
#else
  constexpr bool kHasRelaxedSimd = false;
#endif
#ifdef __EMSCRIPTEN_PTHREADS__
  constexpr bool kHasThreads = true;
#else
  constexpr bool kHasThreads = false;
#endif
  reply.begin_object();
  const char* threaded = kHasRelaxedSimd ? "threads" : "simd-threads";
  reply.key("variant").string(kHasThreads ? threaded : "simd");
  reply.key("simd").boolean(true);
  reply.key("relaxed_simd").boolean(kHasRelaxedSimd);
  reply.key("threads").boolean(kHasThreads);
  reply.key("version").string(TESSERA_VERSION);
  reply.end_object();
  return {};
}

}  // namespace tessera
