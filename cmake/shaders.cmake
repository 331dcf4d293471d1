# tessera_embed_shaders(target): compiles the folder shaders into a library, as shader_sources().
function(tessera_embed_shaders target)
  set(script "${CMAKE_SOURCE_DIR}/shaders/embed.py")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/shader_sources.cpp")
  file(GLOB_RECURSE shaders CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/shaders/*.wgsl")
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${Python3_EXECUTABLE}" "${script}" "${output}"
    DEPENDS "${script}" ${shaders}
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
