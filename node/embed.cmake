# Writes a file as a C array: cmake -DINPUT=... -DOUTPUT=... -DNAME=... -P embed.cmake
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "/* Made from ${NAME}.json by embed.cmake. */\n#include <stddef.h>\n\
extern const unsigned char ${NAME}_json[];\nextern const size_t ${NAME}_json_size;\n\
const unsigned char ${NAME}_json[] = {${bytes}};\n\
const size_t ${NAME}_json_size = sizeof(${NAME}_json);\n")
