// A service whose paths behave in every way the server has to cope with, and a client that sends
// exactly the bytes it is given.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"

namespace tocsin::net {

// Most paths are answered with "METHOD path?query body". The others:
//   /small   bodies up to 100 bytes, with an own answer to larger ones
//   /none    no bodies
//   /refuse  401 by its head     /drop  the responder is destroyed    /throw, /throw-head
//   exceptions /hold    answered by release()      /large/N  an answer of N bytes /close   asks for
//   the end           /break-out  headers that try to end the head /empty   204 /client  peer and
//   name in the certificate
class TestService : public HttpService {
 public:
  Admission admit(const HttpHead& head) override;
  void handle(ServerRequest request, Responder responder) override;

  // Waits until `count` requests are held.
  bool wait_for_held(std::size_t count);
  void release();
  std::size_t handled() const;
  // All the paths that reached handle().
  std::vector<std::string> paths() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Responder> held_;
  std::vector<std::string> paths_;
};

struct Answer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
  bool has(std::string_view header_line) const {
    return head.find("\r\n" + std::string(header_line) + "\r\n") != std::string::npos;
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, const char* source = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the peer takes no more.
  bool send(std::string_view bytes);
  void finish_sending();
  // The next answer, 100 Continue too; waits ten seconds at most. `head_only`: to HEAD.
  Answer read_answer(bool head_only = false);
  // Whether the peer ends the connection, and sends nothing more before.
  bool ends();
  // Whether something can be read within `ms`.
  bool readable(int ms) const;

 private:
  bool receive();
  int socket_ = -1;
  std::string unread_;
};

std::unique_ptr<HttpServer> start_server(HttpService& service, ServerOptions options = {});

// Requests as bytes. `more`: header lines.
std::string get(std::string_view path, std::string_view more = "");
std::string post(std::string_view path, std::string_view body, std::string_view more = "");
std::string in_chunks(std::string_view path, std::string_view body, std::size_t size);

// Tries again until it holds, for ten seconds at most.
template <class Condition>
bool eventually(Condition condition);
void sleep_ms(int ms);

template <class Condition>
bool eventually(Condition condition) {
  for (int tries = 0; tries < 2000; ++tries) {
    if (condition()) return true;
    sleep_ms(5);
  }
  return false;
}

}  // namespace tocsin::net
