// ChaosReceiver: runs chaos_receiver.py for a test, on ports of the loopback interface.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "source_dir.h"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace tocsin::testing {

class ChaosReceiver {
 public:
  enum class Tls : bool { no, yes };

  // Ends with the test, or with its process.
  explicit ChaosReceiver(Tls tls = Tls::no) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::string program = "python3";
    std::string script = TOCSIN_SOURCE_DIR "/tests/tools/chaos_receiver.py";
    std::string lifetime = "--lifetime=600", no_tls = "--no-tls";
    char* arguments[] = {program.data(), script.data(), lifetime.data(),
                         tls == Tls::yes ? nullptr : no_tls.data(), nullptr};
    if (posix_spawnp(&child_, "python3", &actions, nullptr, arguments, environ) != 0) child_ = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';) said_ += c;
    close(out[0]);
  }
  ~ChaosReceiver() {
    close(input_);
    if (child_ != 0) waitpid(child_, nullptr, 0);
  }
  ChaosReceiver(const ChaosReceiver&) = delete;
  ChaosReceiver& operator=(const ChaosReceiver&) = delete;

  // False: there is no python3, or (with TLS) no openssl.
  bool runs() const { return said_.starts_with('{'); }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + value("http") + path;
  }
  std::string control(const std::string& path) const {
    return "http://127.0.0.1:" + value("control") + path;
  }
  // `name` as in the script: good, expired, …
  std::string https(const std::string& name, const std::string& path) const {
    return "https://localhost:" + value(name) + path;
  }
  // Of what was said at the start: "refused", "ca_file", …
  std::string value(const std::string& name) const { return member(said_, name); }

  // The number or text of the first member `name` anywhere in `json`; "" when there is none.
  static std::string member(std::string_view json, const std::string& name) {
    const std::size_t key = json.find('"' + name + "\": ");
    if (key == std::string_view::npos) return {};
    json.remove_prefix(key + name.size() + 4);
    if (json.starts_with('"')) return std::string(json.substr(1, json.find('"', 1) - 1));
    return std::string(json.substr(0, json.find_first_of(",}")));
  }

 private:
  pid_t child_ = 0;
  int input_ = -1;
  std::string said_;
};

}  // namespace tocsin::testing
