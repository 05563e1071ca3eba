# Compile and link flags that every target of the project uses (target tocsin_flags).
add_library(tocsin_flags INTERFACE)
target_compile_options(tocsin_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Werror -pthread -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
# g++ 12 reports string concatenation as overlapping copies (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tocsin_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(tocsin_flags INTERFACE -Wthread-safety)
endif()
# An unnamed namespace of a source that is included by another one looks like a header's to g++.
if(TOCSIN_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tocsin_flags INTERFACE -Wno-subobject-linkage)
endif()
target_include_directories(tocsin_flags INTERFACE ${PROJECT_SOURCE_DIR}/engine)

if(TOCSIN_HARDENING)
  target_compile_options(tocsin_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fPIE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2> -D_GLIBCXX_ASSERTIONS)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(tocsin_flags INTERFACE -fcf-protection=full)
  endif()
  target_link_options(tocsin_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(TOCSIN_SANITIZE)
  # Instrumented code confuses g++'s flow analysis, so its warnings there are no errors; the plain
  # builds of both compilers judge the same code.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tocsin_flags INTERFACE -Wno-error -Wno-maybe-uninitialized)
  endif()
  target_compile_options(tocsin_flags INTERFACE
    -fsanitize=${TOCSIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tocsin_flags INTERFACE -fsanitize=${TOCSIN_SANITIZE})
  # clang's check of an object's type opens a pipe; there are tests that run out of descriptors.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND TOCSIN_SANITIZE MATCHES "undefined")
    target_compile_options(tocsin_flags INTERFACE -fno-sanitize=vptr)
  endif()
endif()

if(TOCSIN_FUZZ)
  target_compile_options(tocsin_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(tocsin_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
