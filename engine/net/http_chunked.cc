#include "net/http_chunked.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <iterator>

namespace tocsin::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// A sender that writes single bytes needs five bytes of framing for each; extensions come on top.
constexpr std::size_t kFramingBytes = std::size_t{16} << 10;
constexpr std::size_t kFramingPerByte = 8;
// What follows an incomplete body has at least "0 CR LF CR LF". Beast asserts that it is not called
// again with less.
constexpr std::size_t kLeastFed = 5;

}  // namespace

struct ChunkedBody::Parser {
  Parser() {
    check_line = [](std::uint64_t, boost::beast::string_view extensions, error_code& problem) {
      const bool clean = std::all_of(extensions.begin(), extensions.end(), [](char c) {
        return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
      });
      if (!clean || extensions.size() >= kChunkLineBytes)
        problem = http::error::bad_chunk_extension;
    };
    beast.on_chunk_header(check_line);
  }

  http::request_parser<http::string_body> beast;
  std::function<void(std::uint64_t, boost::beast::string_view, error_code&)> check_line;
  std::ptrdiff_t fields = 0;  // of the head; more at the end are trailers
  std::size_t framing = 0;    // bytes that were not body
};

ChunkedBody::ChunkedBody(std::uint64_t limit) : parser_(std::make_unique<Parser>()) {
  parser_->beast.body_limit(limit);
}

ChunkedBody::~ChunkedBody() = default;

bool ChunkedBody::begin(std::string_view raw_head) {
  auto& beast = parser_->beast;
  beast.eager(false);
  beast.header_limit(static_cast<std::uint32_t>(raw_head.size() + 1));
  error_code problem;
  const std::size_t used = beast.put({raw_head.data(), raw_head.size()}, problem);
  if (problem || used != raw_head.size() || !beast.is_header_done() || !beast.chunked()) {
    return false;
  }
  beast.eager(true);
  const auto& fields = beast.get().base();
  parser_->fields = std::distance(fields.begin(), fields.end());
  return true;
}

ChunkedBody::Fed ChunkedBody::feed(std::string_view bytes) {
  auto& beast = parser_->beast;
  if (bytes.size() < kLeastFed) return {};
  const std::size_t before = body().size();
  error_code problem;
  const std::size_t used = beast.put({bytes.data(), bytes.size()}, problem);
  if (problem == http::error::body_limit) return {State::too_large, used};
  if (problem && problem != http::error::need_more) return {State::malformed, used};

  parser_->framing += used - (body().size() - before);
  if (parser_->framing > kFramingBytes + kFramingPerByte * body().size()) {
    return {State::malformed, used};
  }
  if (!beast.is_done()) {
    const bool stuck = bytes.size() - used >= kChunkLineBytes;
    return {stuck ? State::malformed : State::more, used};
  }
  const auto& fields = beast.get().base();
  const bool trailers = std::distance(fields.begin(), fields.end()) != parser_->fields;
  return {trailers ? State::malformed : State::complete, used};
}

std::string& ChunkedBody::body() {
  return parser_->beast.get().body();
}

}  // namespace tocsin::net
