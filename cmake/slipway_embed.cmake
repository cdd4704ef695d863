# slipway_embed(TARGET SYMBOL files...)
#
# Links the bytes of files into a static library through .incbin, so that they cost no compile time, and a table named
# SYMBOL for src/api/embedded_file.h. The assembly is written at build time: a changed file links anew, nothing else.
set(SLIPWAY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/write_embedding.cmake)

function(slipway_embed target symbol)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  list(JOIN ARGN "|" files)
  add_custom_command(
    OUTPUT ${assembly}
    COMMAND ${CMAKE_COMMAND} -D "FILES=${files}" -D SYMBOL=${symbol} -D OUT=${assembly} -P ${SLIPWAY_EMBED_SCRIPT}
    DEPENDS ${ARGN} ${SLIPWAY_EMBED_SCRIPT}
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  target_sources(${target} PRIVATE ${assembly})
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${ARGN}")
endfunction()
