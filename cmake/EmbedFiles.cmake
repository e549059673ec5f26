# embed_web_files(NAME OUTPUT ROOT FILE...): a custom command that writes OUTPUT, a C file defining
# NAME, a struct web_files of server/web/web_files.h, again whenever one of the files changes. A file's
# path is that below ROOT, pages without their ".html", index.html without its name.
# The same file is the script that the command runs (cmake -P), so no tool but CMake is needed.

function(embed_web_files name output root)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DNAME=${name}" "-DOUTPUT=${output}" "-DROOT=${root}" "-DFILES=${ARGN}"
      -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${ARGN} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding ${name}"
    VERBATIM)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
  return()
endif()

set(type_.html "text/html; charset=utf-8")
set(type_.css "text/css; charset=utf-8")
set(type_.js "text/javascript; charset=utf-8")
set(type_.svg "image/svg+xml")

set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  file(RELATIVE_PATH name ${ROOT} ${file})
  get_filename_component(extension ${file} LAST_EXT)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "no content type is known for ${file}")
  endif()
  string(REGEX REPLACE "(^index)?\\.html$" "" name ${name})
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 etag)
  file(READ ${file} bytes HEX)
  # Sixteen bytes a line: compilers dislike lines of a hundred kilobytes.
  string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const uint8_t file_${count}[] = {\n    ${bytes}\n};\n")
  string(APPEND rows "    {\"/${name}\", \"${type_${extension}}\", \"\\\"${etag}\\\"\", "
    "file_${count}, sizeof(file_${count})},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT} "/* Written by cmake/EmbedFiles.cmake. */
#include \"web/web_files.h\"

${arrays}
static const struct web_file files[] = {
${rows}};
const struct web_files ${NAME} = {files, ${count}};
")
