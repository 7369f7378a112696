# Turns the files of FOLDER into `troupe::sandbox::FUNCTION(name)`; strings are split because compilers limit
# the length of one literal.
file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
set(code "// Generated from the files of a folder.\n#include <string>\nnamespace troupe::sandbox {\nstd::string ${FUNCTION}(const std::string& name) {\n")
foreach(name ${files})
  file(READ ${FOLDER}/${name} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
  string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f]))" "\\1\"\n\"" bytes "${bytes}")
  file(SIZE ${FOLDER}/${name} size)
  string(APPEND code "  if (name == \"${name}\") return std::string(\"${bytes}\", ${size});\n")
endforeach()
string(APPEND code "  return {};\n}\n}\n")
file(WRITE ${OUTPUT} "${code}")
