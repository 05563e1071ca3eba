#include "event/input_queue.h"

#include <utility>

namespace tocsin::event {
namespace {

class FileQueue final : public InputQueue {
 public:
  explicit FileQueue(std::vector<std::string> files) : files_(std::move(files)) {}

  std::optional<Input> next() override {
    if (at_ == files_.size()) return std::nullopt;
    std::string name = files_[at_++];
    auto source = open_file(name);
    return Input{std::move(name), std::move(source)};
  }

 private:
  const std::vector<std::string> files_;
  std::size_t at_ = 0;
};

class Chain final : public InputQueue {
 public:
  explicit Chain(std::vector<std::unique_ptr<InputQueue>> queues) : queues_(std::move(queues)) {}

  std::optional<Input> next() override {
    for (; at_ < queues_.size(); ++at_) {
      if (std::optional<Input> input = queues_[at_]->next()) return input;
    }
    return std::nullopt;
  }

  bool would_wait() const override { return at_ < queues_.size() && queues_[at_]->would_wait(); }

 private:
  std::vector<std::unique_ptr<InputQueue>> queues_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<InputQueue> file_queue(std::vector<std::string> files) {
  return std::make_unique<FileQueue>(std::move(files));
}

std::unique_ptr<InputQueue> chain(std::vector<std::unique_ptr<InputQueue>> queues) {
  return std::make_unique<Chain>(std::move(queues));
}

}  // namespace tocsin::event
