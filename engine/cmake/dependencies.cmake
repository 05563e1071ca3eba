# Third-party libraries: Debian 12 packages, found on the system, never downloaded.
# Their headers are system headers, so that our warnings are about our code only.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# Optional: finds many literals at once. Hyperscan, or Vectorscan where that does not exist (arm64).
pkg_check_modules(HYPERSCAN IMPORTED_TARGET libhs)
