// The blocks of a Slack message, written as JSON. Empty texts and empty blocks are left out; texts
// are escaped already (slack_text.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"

namespace tocsin::notifiers::slack {

class Blocks {
 public:
  Blocks() { json_.begin_array(); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void header(std::string_view plain);
  void plain_section(std::string_view plain);
  void section(std::string_view mrkdwn);
  void fields(const std::vector<std::string>& mrkdwn);
  void context(const std::vector<std::string>& mrkdwn);
  void plain_context(std::string_view plain);

  // The array. No more blocks can be added.
  std::string take() &&;

 private:
  JsonWriter& begin(std::string_view type);
  void text(std::string_view text, bool is_plain);

  std::string out_;
  JsonWriter json_{out_};
};

}  // namespace tocsin::notifiers::slack
