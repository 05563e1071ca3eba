# Third-party libraries: Debian 12 packages, found on the system, never downloaded.
# Their headers are system headers, so that our warnings are about our code only.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

# What inflates gzip: zlib, and ISA-L where it exists (amd64 and arm64), which is twice as fast.
find_package(ZLIB REQUIRED)
pkg_check_modules(ISAL IMPORTED_TARGET libisal)
option(TOCSIN_ISAL "Inflate with ISA-L" ${ISAL_FOUND})
add_library(tocsin_inflating INTERFACE)
target_link_libraries(tocsin_inflating INTERFACE ZLIB::ZLIB)
if(TOCSIN_ISAL)
  target_link_libraries(tocsin_inflating INTERFACE PkgConfig::ISAL)
  target_compile_definitions(tocsin_inflating INTERFACE TOCSIN_HAS_ISAL)
endif()

# Optional: finds many literals at once. Hyperscan, or Vectorscan where that does not exist (arm64).
pkg_check_modules(HYPERSCAN IMPORTED_TARGET libhs)

# The service: HTTP in (Beast) and out (libcurl), AWS's XML (expat), TLS, the store, metrics, logs, templates.
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL REQUIRED)
find_package(EXPAT REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(CTEMPLATE REQUIRED IMPORTED_TARGET libctemplate)
