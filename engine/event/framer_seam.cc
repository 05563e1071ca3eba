// Where the framer's text can be cut.
#include <algorithm>

#include "event/framer.h"
#include "event/json_text.h"

namespace tocsin::event {
namespace {

std::string_view opening(Container container) {
  switch (container) {
    case Container::none:
      break;
    case Container::records:
      return R"({"Records":[)";
    case Container::firehose:
      return R"({"records":[)";
    case Container::log_events:
      return R"({"logEvents":[)";
    case Container::control:
      return R"({"messageType":"CONTROL_MESSAGE","logEvents":[)";
  }
  return "[";
}

}  // namespace

std::string Framer::Seam::open() const {
  std::string text;
  for (std::size_t i = 0; i < context_count; ++i) text += opening(contexts[i]);
  return text;
}

std::string Framer::Seam::close() const {
  std::string text;
  for (std::size_t i = context_count; i-- > 0;) {
    text += contexts[i] == Container::none ? "]" : "]}";
  }
  return text;
}

std::optional<Framer::Seam> Framer::seam() const {
  static_assert(std::tuple_size_v<decltype(Seam::contexts)> == kContexts);
  if ((mode_ != Mode::between && mode_ != Mode::ended) || damaged_ || in_garbage_) {
    return std::nullopt;
  }
  Seam seam;
  seam.at = pos_;
  std::size_t next = pos_;
  if (context_count_ == 0) {
    while (next < window_.size() && is_blank(window_[next])) ++next;
    if (next < window_.size() && window_[next] == '\n') seam.at = next + 1;
    return seam;
  }
  for (std::size_t i = 0; i < context_count_; ++i) {
    const Context& context = contexts_[i];
    // A container stays whole while it can be a frame of its own, as what shows that may be behind
    // its array. No opening says that an array in an array of records was reported.
    const bool whole = context.in_object ? is_small(context) : context.kind != Container::none;
    if (whole) return std::nullopt;
    seam.contexts[i] = context.kind;
  }
  seam.context_count = context_count_;
  while (next < window_.size() && (is_space(window_[next]) || window_[next] == ',')) ++next;
  if (next == window_.size()) return std::nullopt;
  seam.at = next;
  return seam;
}

}  // namespace tocsin::event
