# Flags that hold for every target: warnings are errors, mold links, ccache compiles, sanitizers by preset.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
                    -fno-omit-frame-pointer)
if(NOT SLIPWAY_ALLOW_WARNINGS)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports maybe-uninitialized and dangling false positives deep in std::variant and std::optional.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-tsan $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
else()
  add_compile_options(-Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
endif()

find_program(ccache_program ccache)
if(ccache_program)
  # base_dir and hash_dir=false let every build folder share one cache.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
               CCACHE_SLOPPINESS=pch_defines,time_macros ${ccache_program})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

find_program(mold_program mold)
if(mold_program)
  add_link_options(-fuse-ld=mold)
endif()

if(SLIPWAY_SANITIZE)
  add_compile_options(-fsanitize=${SLIPWAY_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLIPWAY_SANITIZE})
endif()

# Named kill -9 points for tests (base/crash_point.h) exist in every build but the release.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(SLIPWAY_CRASH_POINTS=1)
else()
  add_compile_definitions(SLIPWAY_CRASH_POINTS=0)
endif()
