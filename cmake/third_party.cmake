# The libraries that are compiled with us; their warnings are theirs.
find_package(Threads)

add_library(simdjson STATIC "${TESSERA_DEPS}/simdjson/simdjson.cpp")
target_include_directories(simdjson SYSTEM PUBLIC "${TESSERA_DEPS}/simdjson")
target_compile_definitions(simdjson PUBLIC SIMDJSON_EXCEPTIONS=0)
target_compile_options(simdjson PRIVATE -w)

add_library(utf8proc STATIC "${TESSERA_DEPS}/utf8proc/utf8proc.c")
target_include_directories(utf8proc SYSTEM PUBLIC "${TESSERA_DEPS}/utf8proc")
target_compile_definitions(utf8proc PUBLIC UTF8PROC_STATIC)
target_compile_options(utf8proc PRIVATE -w)

set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
set(CATCH_DEVELOPMENT_BUILD OFF)
add_subdirectory("${TESSERA_DEPS}/catch2" catch2 EXCLUDE_FROM_ALL SYSTEM)
target_compile_options(Catch2 PRIVATE -w)

if(EMSCRIPTEN)
  # One kernel is all that Wasm can use; the others would only be downloaded.
  target_compile_definitions(simdjson PUBLIC SIMDJSON_IMPLEMENTATION_FALLBACK=1)
  target_compile_options(simdjson PRIVATE -fno-exceptions -Oz)
  target_compile_options(utf8proc PRIVATE -Oz)
  # Only the tests throw, and only to each other.
  target_compile_options(Catch2 PRIVATE -fwasm-exceptions)
  target_compile_options(Catch2WithMain PRIVATE -fwasm-exceptions)
endif()
