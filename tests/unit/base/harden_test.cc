// In a child: what is given up is given up for good.
#include "base/harden.h"

#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <thread>

namespace tocsin {
namespace {

// The exit status of a child that does `work`; -1: it was ended by a signal.
template <class Work>
int in_child(Work&& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_denied(long result) {
  return result == -1 && errno == EPERM;
}

bool starts_no_program() {
  char name[] = "/bin/true";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  return is_denied(::execve(name, arguments, environment)) &&
         is_denied(::syscall(SYS_execveat, AT_FDCWD, name, arguments, environment, 0));
}

// The build has a sanitizer, which needs what would be given up.
bool is_sanitized() {
  return in_child([] {
           for (const std::string& problem : harden_process()) {
             if (problem.find("sanitizer") != std::string::npos) return 1;
           }
           return 0;
         }) != 0;
}

TEST_CASE("without hardening a process may do these things") {
  CHECK(in_child([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1; }) == 0);
  CHECK(in_child([] { return starts_no_program() ? 1 : 2; }) == 0);  // that of the program
}

TEST_CASE("a process that was hardened has given up what it does not need") {
  if (is_sanitized()) {
    WARN("skipped: this build has a sanitizer");
    return;
  }
  CHECK(in_child([] { return harden_process().empty() ? 0 : 1; }) == 0);
  CHECK(in_child([] {
          harden_process();
          rlimit core{};
          ::getrlimit(RLIMIT_CORE, &core);
          if (core.rlim_max != 0) return 1;
          if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 2;
          if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 3;
          return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? 0 : 4;
        }) == 0);
  CHECK(in_child([] {
          harden_process();
          if (!starts_no_program()) return 1;
          if (!is_denied(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr))) return 2;
          if (!is_denied(::mount("none", "/", "none", MS_REMOUNT, nullptr))) return 3;
          if (!is_denied(::unshare(CLONE_NEWUSER))) return 4;
          if (!is_denied(::syscall(SYS_bpf, 0, nullptr, 0))) return 5;
          if (!is_denied(::syscall(SYS_io_uring_setup, 1, nullptr))) return 6;
          if (!is_denied(::syscall(SYS_keyctl, 0, 0, 0, 0, 0))) return 7;
          bool in_thread = false;
          std::thread([&] { in_thread = starts_no_program(); }).join();
          return in_thread ? 0 : 8;
        }) == 0);
#ifdef __x86_64__
  // The same call by its number in another ABI, where the kernel may have it.
  CHECK(in_child([] {
          harden_process();
          constexpr long kX32Execve = 0x40000000 | 520;
          return is_denied(::syscall(kX32Execve, nullptr, nullptr, nullptr)) ? 0 : 1;
        }) == 0);
#endif
}

TEST_CASE("a thread that runs already gives up the same") {
  if (is_sanitized()) return;
  CHECK(in_child([] {
          std::atomic<bool> hardened{false};
          bool denied = false;
          std::thread thread([&] {
            while (!hardened) std::this_thread::yield();
            denied = starts_no_program();
          });
          harden_process();
          hardened = true;
          thread.join();
          return denied ? 0 : 1;
        }) == 0);
}

TEST_CASE("files, names and connections still work in a process that was hardened") {
  CHECK(in_child([] {
          harden_process();
          const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
          addrinfo* found = nullptr;
          const int resolved = ::getaddrinfo("localhost", "80", nullptr, &found);
          const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
          return file >= 0 && resolved == 0 && socket >= 0 ? 0 : 1;
        }) == 0);
}

}  // namespace
}  // namespace tocsin
