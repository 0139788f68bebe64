# SPDX-License-Identifier: Apache-2.0
# One INTERFACE target carries the language level, the warnings and the sanitizers; everything links it.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_library(studio_flags INTERFACE)
target_include_directories(studio_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(studio_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  # SPEC.md fixes the arithmetic: no reassociation, no contraction the source does not ask for.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes "text" + std::string for overlapping memory and for a read past the end (its bugs 105651 and 105329),
  # and takes what comes from a precompiled header for our own code.
  target_compile_options(studio_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ takes a group's files for headers, whose types should not have members out of anonymous namespaces.
  target_compile_options(studio_flags INTERFACE -Wno-subobject-linkage)
endif()
if(DISTILLIX_WERROR)
  target_compile_options(studio_flags INTERFACE -Werror)
endif()
if(DISTILLIX_SANITIZE)
  target_compile_options(studio_flags INTERFACE -fsanitize=${DISTILLIX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(studio_flags INTERFACE -fsanitize=${DISTILLIX_SANITIZE})
endif()
