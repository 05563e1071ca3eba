// AckToken: the right to answer one submission, once. Whoever holds it commits it when everything
// that the submission causes is on disk; a token that is destroyed without that refuses the
// submission, so that no path through the pipeline acknowledges by accident or answers nobody.
//
// Move-only. The callback is called exactly once, from any thread; it must neither block nor throw.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "source/receipt.h"

namespace tocsin::source {

class AckToken {
 public:
  AckToken() = default;  // nobody waits for the answer
  template <class Callback>
  requires std::invocable<Callback&, Receipt> &&
      (!std::same_as<std::remove_cvref_t<Callback>, AckToken>)
          AckToken(Callback callback)  // NOLINT: a function is given where a token is asked for
      : listener_(std::make_unique<Calling<Callback>>(std::move(callback))) {}
  AckToken(AckToken&&) noexcept = default;
  AckToken& operator=(AckToken&& other) noexcept {
    AckToken moved(std::move(other));
    std::swap(listener_, moved.listener_);
    return *this;
  }
  ~AckToken() {
    Receipt receipt;
    receipt.status = fail(Code::busy, "dropped without an answer");
    answer(std::move(receipt));
  }

  // Everything that must be of the submission is on disk, or it is set aside.
  void commit(Receipt receipt) {
    receipt.status = {};
    answer(std::move(receipt));
  }
  // Nothing is promised. The submission itself, where it is at hand, goes back to its source.
  void refuse(Error why, std::optional<Submission> submission = {}) {
    Receipt receipt;
    receipt.status = tl::unexpected(std::move(why));
    receipt.returned = std::move(submission);
    answer(std::move(receipt));
  }
  // What another token was answered.
  void answer(Receipt receipt) {
    if (const auto listener = std::move(listener_)) listener->answer(std::move(receipt));
  }

 private:
  struct Listener {
    virtual ~Listener() = default;
    virtual void answer(Receipt receipt) = 0;
  };
  // Unlike std::function, it can hold what cannot be copied: another token, a promise.
  template <class Callback>
  struct Calling final : Listener {
    explicit Calling(Callback given) : callback(std::move(given)) {}
    void answer(Receipt receipt) override { callback(std::move(receipt)); }
    Callback callback;
  };

  std::unique_ptr<Listener> listener_;
};

}  // namespace tocsin::source
