#include "event/gzip.h"

#include <catch2/catch.hpp>

#include "base/limits.h"
#include "samples.h"

namespace tocsin::event {
namespace {

struct Read {
  std::string text;
  std::string error;
  std::uint64_t consumed = 0;
};

Read read_through(std::string_view bytes, std::size_t step) {
  const auto source = decompress(memory_source(bytes));
  Read result;
  std::string buffer(step, '\0');
  for (;;) {
    const auto got = source->read(buffer.data(), buffer.size());
    if (!got) result.error = got.error().message;
    if (!got || *got == 0) break;
    result.text.append(buffer, 0, *got);
  }
  result.consumed = source->consumed();
  return result;
}

std::string sample_text() {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "{\"eventID\":\"" + std::to_string(i * 7919) + "\"}\n";
  return text;
}

TEST_CASE("gzip: one member, many members, none, zero padding") {
  const std::string text = sample_text();
  const std::string member = gzipped(text);
  const std::string many = gzipped("ab") + gzipped("") + gzipped("cd", 0) + gzipped(text);
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{1} << 20}) {
    CHECK(read_through(member, step).text == text);
    CHECK(read_through(many, step).text == "abcd" + text);
    CHECK(read_through(many, step).error.empty());
    CHECK(read_through(many, step).consumed == many.size());
    CHECK(read_through(text, step).text == text);
    CHECK(read_through("", step).text.empty());
    CHECK(read_through("\x1f", step).text == "\x1f");
    const Read padded = read_through(member + std::string(1000, '\0'), step);
    CHECK(padded.text == text);
    CHECK(padded.error.empty());
  }
}

TEST_CASE("gzip: each layer has its limit, and members without text count, too") {
  const auto error_of = [](const std::string& bytes, std::uint64_t limit) {
    const auto source = decompress(memory_source(bytes), limit);
    std::string text;
    const Status read = read_all(*source, std::size_t{100} << 20, text);
    return read ? std::string() : read.error().message;
  };
  const std::string text(100'000, 'x');
  CHECK(error_of(gzipped(text), 101'024).empty());
  CHECK(error_of(gzipped(text), 99'999) == inflates_too_much(99'999).message);
  CHECK(error_of(text, 10).empty());  // only what is compressed can be more than it seems

  std::string empties;
  for (int i = 0; i < 10'000; ++i) empties += gzipped("");
  CHECK(error_of(empties, 10'000 * kMemberBytes).empty());
  CHECK(!error_of(empties, 9'999 * kMemberBytes).empty());
  // Much text in an inner layer, none in the outermost.
  const std::string nested = gzipped(empties);
  CHECK(error_of(nested, 10'000 * kMemberBytes).empty());
  CHECK(!error_of(nested, empties.size() / 2).empty());
}

TEST_CASE("gzip: a truncation at any byte is an error after the data before it") {
  const std::string text = sample_text().substr(0, 2000);
  const std::string bytes = gzipped(text.substr(0, 1000)) + gzipped(text.substr(1000));
  const std::size_t first = gzipped(text.substr(0, 1000)).size();
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    INFO("size " << size);
    const Read got = read_through(std::string_view(bytes).substr(0, size), 4096);
    CHECK(text.starts_with(got.text));
    CHECK(got.error.empty() == (size == first));
    if (size >= first) CHECK(got.text.size() >= 1000);
  }
}

TEST_CASE("gzip: a flipped bit is never read as other text") {
  const std::string text = sample_text().substr(0, 1500);
  const std::string bytes = gzipped(text);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const Read got = read_through(damaged, 4096);
    INFO("bit " << bit);
    // The first 16 bits say that it is gzip; some others have no effect.
    if (got.error.empty() && bit >= 16) CHECK(got.text == text);
  }
}

TEST_CASE("gzip: bytes after a member") {
  const std::string member = gzipped("{}");
  CHECK(read_through(member + "{}", 64).text == "{}");
  CHECK(read_through(member + "{}", 64).error == "bytes that are not gzip after gzip member 1");
  CHECK(read_through(member + "\x1f{", 64).error == "incorrect header check in gzip member 2");
  CHECK(read_through(member + std::string(3, '\0') + member, 64).error ==
        "bytes that are not gzip after gzip member 1");
}

TEST_CASE("gzip: layers are peeled up to the limit") {
  std::string bytes = "{}";
  for (std::size_t i = 0; i < limits::kEnvelopeDepth; ++i) bytes = gzipped(bytes);
  CHECK(read_through(bytes, 64).text == "{}");
  CHECK(read_through(gzipped(bytes), 64).error == "gzip within gzip more than 6 times");
}

TEST_CASE("gzip: other compressed formats are named") {
  CHECK(read_through("PK\3\4....", 64).error == "zip data; decompress it first");
  CHECK(read_through("\x28\xb5\x2f\xfd..", 64).error == "zstd data; decompress it first");
}

TEST_CASE("gzip: read_all stops at its limit") {
  const std::string bytes = gzipped(std::string(300'000, ' '));
  std::string out;
  CHECK(read_all(*decompress(memory_source(bytes)), 300'000, out));
  CHECK(out.size() == 300'000);
  out.clear();
  const Status status = read_all(*decompress(memory_source(bytes)), 299'999, out);
  REQUIRE(!status);
  CHECK(status.error().code == Code::limit);
  CHECK(out.size() == 299'999);
}

}  // namespace
}  // namespace tocsin::event
