// A receiver for tests: a server on a loopback port that keeps every request and answers with the
// bytes it is told to, right or wrong.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::contract {

struct Captured {
  std::string method, target, head, body;
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct Answer {
  std::string bytes;
  bool close = false;    // afterwards
  bool endless = false;  // repeats `bytes` until the client goes away
  bool silent = false;   // nothing at all; the connection stays open
};

// A well-formed answer.
Answer http_answer(int status, const std::string& body, const std::string& more_headers = {});

class Server {
 public:
  using Handler = std::function<Answer(const Captured&)>;

  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void answer(Handler handler);
  void answer(const Answer& always) {
    answer([always](const Captured&) { return always; });
  }
  std::string url(const std::string& path) const;
  // Those since the last call.
  std::vector<Captured> take();

 private:
  void accept_all();
  void serve(int connection);
  bool respond(int connection, const Captured& request);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  Handler handler_;
  std::vector<Captured> captured_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace tocsin::contract
