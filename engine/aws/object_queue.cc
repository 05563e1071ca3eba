#include "aws/object_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace tocsin::aws {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);  // how late `stop` may be seen

// An object of which the beginning is in memory.
class FetchedObject final : public event::ByteSource {
 public:
  explicit FetchedObject(std::unique_ptr<S3Object> rest) : rest_(std::move(rest)) {}

  // Reads the beginning. What goes wrong is said by read(), after what came before it.
  void fetch() {
    head_.resize(ObjectQueue::kHeadBytes);
    std::size_t size = 0;
    while (size < head_.size()) {
      const Result<std::size_t> got = rest_->read(head_.data() + size, head_.size() - size);
      if (!got) break;
      if (*got == 0) {
        rest_.reset();  // its connection is free for the next object
        break;
      }
      size += *got;
    }
    head_.resize(size);
    head_.shrink_to_fit();
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    if (at_ < head_.size()) {
      const std::size_t taken = std::min(size, head_.size() - at_);
      std::memcpy(out, head_.data() + at_, taken);
      at_ += taken;
      consumed_ += taken;
      return taken;
    }
    if (rest_ == nullptr) return std::size_t{0};
    Result<std::size_t> got = rest_->read(out, size);
    if (got) consumed_ += *got;
    return got;
  }

  std::uint64_t consumed() const override { return consumed_; }

  bool would_block(int milliseconds) const override {
    return at_ == head_.size() && rest_ != nullptr && rest_->would_block(milliseconds);
  }

 private:
  std::unique_ptr<S3Object> rest_;
  std::string head_;
  std::size_t at_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace

ObjectQueue::ObjectQueue(S3 s3, ObjectName bucket, unsigned threads, const std::atomic<bool>& stop)
    : s3_(s3), bucket_(std::move(bucket)), window_(threads * kAhead), stop_(stop) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { fetch_all(); });
}

void ObjectQueue::close() {
  is_closing_ = true;
  changed_.notify_all();
}

ObjectQueue::~ObjectQueue() {
  close();
  for (std::thread& thread : threads_) thread.join();
}

std::string ObjectQueue::input_name(const std::string& key) const {
  return fmt::format("s3://{}/{}", bucket_.bucket, key);
}

bool ObjectQueue::add(std::string key) {
  const MutexLock lock(mutex_);
  while (slots_.size() - taken_ >= kNamed) {
    if (stop_.load(std::memory_order_relaxed) || is_closing_) return false;
    changed_.wait_for(mutex_, kLook);
  }
  slots_.push_back(std::make_shared<Slot>());
  slots_.back()->key = std::move(key);
  changed_.notify_all();
  return !stop_.load(std::memory_order_relaxed) && !is_closing_;
}

void ObjectQueue::finish(std::optional<Error> failure) {
  const MutexLock lock(mutex_);
  is_finished_ = true;
  failure_ = std::move(failure);
  changed_.notify_all();
}

// The next object that nobody fetches, or nullptr at the end.
std::shared_ptr<ObjectQueue::Slot> ObjectQueue::take_slot() {
  const MutexLock lock(mutex_);
  for (;;) {
    if (stop_.load(std::memory_order_relaxed) || is_closing_) return nullptr;
    if (taken_ < slots_.size() && taken_ < window_) {
      return slots_[taken_++];
    }
    if (is_finished_ && taken_ == slots_.size()) return nullptr;
    changed_.wait_for(mutex_, kLook);
  }
}

void ObjectQueue::fetch_all() {
  while (const std::shared_ptr<Slot> slot = take_slot()) {
    ObjectName object = bucket_;
    object.key = slot->key;
    Result<std::unique_ptr<event::ByteSource>> source = nullptr;
    Outcome<std::unique_ptr<S3Object>> opened = s3_.get(object, stop_);
    if (!opened) {
      source = tl::unexpected(to_error(opened.error()));
    } else {
      auto fetched = std::make_unique<FetchedObject>(std::move(*opened));
      fetched->fetch();
      source = std::move(fetched);
    }
    const MutexLock lock(mutex_);
    slot->source = std::move(source);
    slot->is_ready = true;
    changed_.notify_all();
  }
}

bool ObjectQueue::would_wait() const {
  const MutexLock lock(mutex_);
  return slots_.empty() ? !is_finished_ : !slots_.front()->is_ready;
}

std::optional<event::InputQueue::Input> ObjectQueue::next() {
  const MutexLock lock(mutex_);
  for (;;) {
    if (stop_.load(std::memory_order_relaxed)) return std::nullopt;
    if (!slots_.empty() && slots_.front()->is_ready) {
      const std::shared_ptr<Slot> slot = std::move(slots_.front());
      slots_.pop_front();
      --taken_;
      changed_.notify_all();
      return Input{input_name(slot->key), std::move(slot->source)};
    }
    if (slots_.empty() && is_finished_) {
      if (!failure_) return std::nullopt;
      return Input{input_name(""), tl::unexpected(*std::exchange(failure_, std::nullopt))};
    }
    changed_.wait_for(mutex_, kLook);
  }
}

}  // namespace tocsin::aws
