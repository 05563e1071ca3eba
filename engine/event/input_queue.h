// InputQueue: inputs one after the other, each opened when its turn has come.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/byte_source.h"

namespace tocsin::event {

class InputQueue {
 public:
  struct Input {
    std::string name;
    Result<std::unique_ptr<ByteSource>> source;  // as stored: what is compressed stays so
  };

  virtual ~InputQueue() = default;

  // Nothing: there are no more. May wait for a network. One thread at a time calls it.
  virtual std::optional<Input> next() = 0;

  // Whether next() would wait now.
  virtual bool would_wait() const { return false; }
};

std::unique_ptr<InputQueue> file_queue(std::vector<std::string> files);

// One queue after the other.
std::unique_ptr<InputQueue> chain(std::vector<std::unique_ptr<InputQueue>> queues);

}  // namespace tocsin::event
