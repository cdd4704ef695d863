# slipway_small_program(TARGET)
#
# Links TARGET so that it stays small in memory while it idles: OpenSSL, fmt and the C++ library inside the program
# instead of four shared libraries with their relocations. Measured with an idle mutual-TLS websocket client: 9.4 MB
# resident with shared libraries, 7.5 MB so. Needs mold, which takes the first definition whatever the order; without
# it, and under sanitizers, the program links as any other.
function(slipway_small_program target)
  if(NOT mold_program OR SLIPWAY_SANITIZE OR NOT EXISTS ${OPENSSL_INCLUDE_DIR}/openssl/ssl.h)
    return()
  endif()
  find_library(slipway_static_ssl NAMES libssl.a)
  find_library(slipway_static_crypto NAMES libcrypto.a)
  if(NOT slipway_static_ssl OR NOT slipway_static_crypto)
    return()
  endif()
  target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/embedded_fmt.cpp)
  target_link_options(${target} PRIVATE ${slipway_static_ssl} ${slipway_static_crypto} -static-libstdc++ -static-libgcc
                      -Wl,--as-needed -Wl,--gc-sections)
endfunction()
