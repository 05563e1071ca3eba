// Hardening: rights that a service never needs, and gives up when it starts, for good. Whoever gets
// to run code in it can then start no program, trace or read no process, mount nothing and load
// nothing into the kernel; its memory, which holds secrets, is in no core file and cannot be read
// by other processes of its user.
#pragma once

#include <string>
#include <vector>

namespace tocsin {

// For all threads, running and to come. Returns what could not be done, each a sentence: the kernel
// lacks it, or a sandbox around the process forbids it. The service works either way.
//
// In builds with a sanitizer, which has to start a symbolizer and to trace its process, only
// privileges and core files are given up.
std::vector<std::string> harden_process();

}  // namespace tocsin
