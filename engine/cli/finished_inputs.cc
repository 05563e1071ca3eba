#include "cli/finished_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "aws/canonical.h"
#include "base/text.h"

namespace tocsin::cli {
namespace {

Blake2b::Digest digest_of(std::string_view line) {
  Blake2b hash;
  hash.add(line);
  return hash.digest();
}

}  // namespace

Status FinishedInputs::open(const std::string& path) {
  // A last line that was cut off is not an input; what follows must not become part of it.
  bool is_cut = false;
  std::ifstream before(path, std::ios::binary);
  for (std::string line; std::getline(before, line);) {
    is_cut = before.eof();
    if (!is_cut) known_.push_back(digest_of(line));
  }
  std::sort(known_.begin(), known_.end());
  file_.reset(std::fopen(path.c_str(), "ab"));
  if (file_ == nullptr || (is_cut && std::fputc('\n', file_.get()) == EOF)) {
    return fail(Code::io, fmt::format("cannot write --resume to {}: {}", text::printable(path),
                                      std::strerror(errno)));
  }
  return {};
}

bool FinishedInputs::contains(const std::string& name) const {
  return std::binary_search(known_.begin(), known_.end(), digest_of(aws::encode_path(name)));
}

bool FinishedInputs::add(const std::string& name) {
  const std::string line = aws::encode_path(name) + '\n';
  return std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
         std::fflush(file_.get()) == 0;
}

}  // namespace tocsin::cli
