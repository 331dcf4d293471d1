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

if(EMSCRIPTEN)
  # One kernel is all that Wasm can use; the others would only be downloaded.
  target_compile_definitions(simdjson PUBLIC SIMDJSON_IMPLEMENTATION_FALLBACK=1)
  target_compile_options(simdjson PRIVATE -fno-exceptions)
else()
  find_package(Catch2 3 REQUIRED PATHS "${TESSERA_DEPS}/catch2/usr/lib/cmake" NO_DEFAULT_PATH)
endif()
