// The framer in containers: the members of the objects around arrays of records.
#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "event/framer.h"
#include "event/line_check.h"
#include "event/raw_json.h"

namespace tocsin::event {
namespace {

using Status = JsonScanner::Status;

// Beside the records of CloudWatch Logs: whether they are records.
constexpr std::string_view kMessageType = "messageType";

// Members that transports put beside their records.
constexpr std::string_view kTransportKeys[] = {kMessageType,
                                               "owner",
                                               "logGroup",
                                               "logStream",
                                               "subscriptionFilters",
                                               "policyLevel",
                                               "requestId",
                                               "timestamp",  // Firehose
                                               "invocationId",
                                               "deliveryStreamArn",
                                               "sourceKinesisStreamArn",
                                               "region"};  // and its Lambda

bool is_transport_key(std::string_view key) {
  return std::find(std::begin(kTransportKeys), std::end(kTransportKeys), key) !=
         std::end(kTransportKeys);
}

}  // namespace

// At the value of a member of the object that is read, in mode record or tail.
Framer::Outcome Framer::member() {
  Context& object = mode_ == Mode::tail ? contexts_[context_count_ - 1] : object_;
  const std::string_view key = scanner_.key();
  if (is_container_key(key) && window_[pos_] == '[') {
    const bool hides = sabotage::on("hide_after_null") && window_.substr(pos_).starts_with("[null");
    object.is_closed = mode_ == Mode::record && !damaged_ && context_count_ == kContexts;
    if (!object.is_closed && !hides) {
      enter_container(key);
      return std::nullopt;
    }
  } else if (key == kMessageType) {
    if (lacks_lookahead()) return Step::more;
    const bool control = begins_with_string(window_.substr(pos_), "CONTROL_MESSAGE");
    (control ? object.says_control : object.says_other) = true;
  } else if (!is_transport_key(key)) {
    object.is_event = true;
  }
  scanner_.pass_member();
  return std::nullopt;
}

// At the '[' of an array of records.
void Framer::enter_container(std::string_view key) {
  if (mode_ == Mode::record) {
    if (damaged_) context_count_ = 0;
    damaged_ = false;
    count_lines(begin_);
    object_.offset = base_ + begin_;
    object_.line = line_;
    contexts_[context_count_++] = object_;
  }
  Context& object = contexts_[context_count_ - 1];
  object.in_object = true;
  if (key == "Records") {
    object.kind = Container::records;
  } else if (key == "records") {
    object.kind = Container::firehose;
  } else {
    const bool control = object.says_control && !object.says_other;
    object.kind = control ? Container::control : Container::log_events;
  }
  ++pos_;
  mode_ = Mode::between;
}

// Whether the text from the object's beginning to pos_ can be a frame.
bool Framer::is_small(const Context& object) const {
  return base_ + pos_ - object.offset <= kContainerEventBytes;
}

// Behind the '}' of a container.
Framer::Outcome Framer::close_object() {
  const Context object = contexts_[--context_count_];
  mode_ = Mode::between;
  if (!object.is_event) return std::nullopt;
  const bool small = is_small(object);
  frame_ = Frame();
  frame_.begin = small ? static_cast<std::size_t>(object.offset - base_) : pos_;
  frame_.end = pos_;
  frame_.line = object.line;
  frame_.offset = object.offset;
  frame_.container = context_count_ == 0 ? Container::none : contexts_[context_count_ - 1].kind;
  frame_.opened = true;
  if (small) return Step::frame;
  error_ = Error{Code::limit, fmt::format("an object with an array of records and other members is "
                                          "larger than {} bytes: only the array was read",
                                          kContainerEventBytes)};
  return Step::error;
}

Framer::Outcome Framer::tail() {
  const std::size_t from = pos_;
  const Status status = scanner_.scan(window_, pos_);
  worked(from);
  if (status == Status::member) return member();
  if (status == Status::complete) return close_object();
  if (status == Status::more && !at_end_) return Step::more;
  --context_count_;
  damaged_ = true;
  mode_ = Mode::seek;
  previous_ = 0;
  if (status == Status::more) {
    return emit_input_error(Code::invalid_input, "the input ends inside an object with records");
  }
  return emit_error(pos_, Code::invalid_input,
                    fmt::format("{} after an array of records", byte_at(pos_)));
}

}  // namespace tocsin::event
