# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE=DIR -DOUT=FILE -P Commit.cmake: writes the source's commit as a C string, "+" behind it where files
# differ from it; "" where the source is no git repository. The file is touched only when that changes.
find_package(Git QUIET)
set(commit "")
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty=+ --exclude=*
    OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
set(text "\"${commit}\"\n")
set(before "")
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUT} ${text})
endif()
