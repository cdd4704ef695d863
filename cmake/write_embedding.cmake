# Writes OUT: FILES ("|" separated) as bytes, and a table SYMBOL of {name, begin, end} rows between SYMBOL_begin and
# SYMBOL_end. The checksum makes the text change with the content, so that a compiler cache cannot return stale bytes.
string(REPLACE "|" ";" files "${FILES}")
set(bytes "")
set(rows "")
set(index 0)
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  file(SHA256 ${file} checksum)
  string(APPEND bytes
    ".Lname${index}: .asciz \"${name}\"\n.Lbegin${index}: .incbin \"${file}\"\n.Lend${index}: .byte 0\n"
    ".Lchecksum${index}: .asciz \"${checksum}\"\n")
  string(APPEND rows "  .quad .Lname${index}, .Lbegin${index}, .Lend${index}\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT} "  .section .rodata
${bytes}  .section .data.rel.ro, \"aw\"
  .balign 8
  .global ${SYMBOL}_begin, ${SYMBOL}_end
  .hidden ${SYMBOL}_begin, ${SYMBOL}_end
${SYMBOL}_begin:
${rows}${SYMBOL}_end:
  .section .note.GNU-stack, \"\"
")
