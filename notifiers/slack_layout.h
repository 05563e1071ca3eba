// How levels look in Slack, and the two shapes of a message: a card and a list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deliver/notifier.h"

namespace tocsin::notifiers::slack {

struct LevelLook {
  std::string_view emoji, color;
};
// By alert::severity_rank().
const LevelLook& look_of(int rank);

int rank_of(const alert::Alert& alert);
// Of its level; of a resolved alert, a check mark.
std::string_view emoji_of(const alert::Alert& alert);
// "HIGH".
std::string level_word(int rank);

// blocks and details are arrays of blocks; details stand beside a bar of that colour.
struct Message {
  std::string fallback, blocks, color, details;
};
Message card(const deliver::Item& item);
// What does not fit of an entry is cut; every alert has one, up to a hundred.
Message digest(const std::vector<deliver::Item>& items);

}  // namespace tocsin::notifiers::slack
