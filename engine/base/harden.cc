#include "base/harden.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOCSIN_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOCSIN_SANITIZED
#endif

namespace tocsin {
namespace {

std::string reason(const char* what) {
  return fmt::format("{}: {}", what, std::generic_category().message(errno));
}

#ifndef TOCSIN_SANITIZED

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;  // not known: no filter
#endif

#ifdef __x86_64__
constexpr std::uint32_t kX32 = 0x40000000;  // numbers from here on are of another ABI
#endif

// Each answers EPERM. A list of what is allowed would be stricter, and break with the next libc.
constexpr std::uint32_t kDenied[] = {
    // Other programs and processes.
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    // File systems and namespaces.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_setns,
    SYS_unshare,
    SYS_open_by_handle_at,
    SYS_quotactl,
    SYS_swapon,
    SYS_swapoff,
    SYS_fanotify_init,
    // The kernel.
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_syslog,
    SYS_acct,
    SYS_personality,
    // The machine.
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
#endif
};

std::vector<sock_filter> make_filter() {
  constexpr auto kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr auto kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr auto kReturn = BPF_RET | BPF_K;
  constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> filter = {
      BPF_STMT(kLoad, offsetof(seccomp_data, arch)),
      BPF_JUMP(kIfEqual, kArchitecture, 1, 0),
      BPF_STMT(kReturn, kDeny),  // numbers mean other calls there
      BPF_STMT(kLoad, offsetof(seccomp_data, nr)),
#ifdef __x86_64__
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1),
      BPF_STMT(kReturn, kDeny),
#endif
  };
  for (const std::uint32_t number : kDenied) {
    filter.push_back(BPF_JUMP(kIfEqual, number, 0, 1));
    filter.push_back(BPF_STMT(kReturn, kDeny));
  }
  filter.push_back(BPF_STMT(kReturn, SECCOMP_RET_ALLOW));
  return filter;
}

// Needs PR_SET_NO_NEW_PRIVS.
void deny_system_calls(std::vector<std::string>& problems) {
  if (kArchitecture == 0) {
    problems.emplace_back("no system call is denied: this processor is not known");
    return;
  }
  std::vector<sock_filter> filter = make_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    problems.push_back(reason("no system call is denied (seccomp)"));
  }
}

#endif

}  // namespace

std::vector<std::string> harden_process() {
  std::vector<std::string> problems;
  constexpr rlimit kNone{0, 0};
  if (::setrlimit(RLIMIT_CORE, &kNone) != 0) problems.push_back(reason("core files are allowed"));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    problems.push_back(reason("new privileges can be gained (PR_SET_NO_NEW_PRIVS)"));
  }
#ifdef TOCSIN_SANITIZED
  problems.emplace_back("this build has a sanitizer: memory can be read, no system call is denied");
#else
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    problems.push_back(reason("memory can be read by processes of this user (PR_SET_DUMPABLE)"));
  }
  deny_system_calls(problems);
#endif
  return problems;
}

}  // namespace tocsin
