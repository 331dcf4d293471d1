# Compiler flags: what every target gets, and the two interface libraries that our own targets link.
#   tessera_options       warnings as errors; under TESSERA_SANITIZE also coverage for the fuzzers
#   tessera_core_options  the inference core: no exceptions, no RTTI
set(TESSERA_X86_LEVEL "x86-64-v3"
    CACHE STRING "The x86-64 level that native builds may use (-march)")
option(TESSERA_SANITIZE "Build with Address and UndefinedBehavior sanitizers, and the fuzzers" OFF)
set(TESSERA_WASM_VARIANT "simd"
    CACHE STRING "Which Wasm build this is: simd, simd-threads, or threads, with relaxed SIMD too")
set_property(CACHE TESSERA_WASM_VARIANT PROPERTY STRINGS simd simd-threads threads)

if(EMSCRIPTEN)
  set(CMAKE_CROSSCOMPILING_EMULATOR node)  # the first one on PATH when tests run
  add_compile_options(-msimd128 -flto)
  add_link_options(-flto -O3)
  if(NOT TESSERA_WASM_VARIANT MATCHES "^(simd|simd-threads|threads)$")
    message(FATAL_ERROR
      "TESSERA_WASM_VARIANT is '${TESSERA_WASM_VARIANT}'; use simd, simd-threads or threads")
  endif()
  if(TESSERA_WASM_VARIANT MATCHES "threads$")
    add_compile_options(-pthread)
    add_link_options(-pthread)
  endif()
  if(TESSERA_WASM_VARIANT STREQUAL "threads")
    add_compile_options(-mrelaxed-simd)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options("-march=${TESSERA_X86_LEVEL}")
endif()

if(TESSERA_SANITIZE)
  # vptr needs the type information that the core is built without.
  set(sanitizers -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all)
  add_compile_options(${sanitizers} -fno-omit-frame-pointer)
  add_link_options(${sanitizers})
endif()

add_library(tessera_options INTERFACE)
target_compile_options(tessera_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<BOOL:${TESSERA_SANITIZE}>:-fsanitize=fuzzer-no-link>)
add_library(tessera_core_options INTERFACE)
target_compile_options(tessera_core_options INTERFACE -fno-exceptions -fno-rtti)
