// FunctionRef: a parameter for a function object (a lambda) that is called only before the function
// returns. It owns nothing and allocates nothing, unlike std::function.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace tocsin {

template <class Signature>
class FunctionRef;

template <class Returned, class... Arguments>
class FunctionRef<Returned(Arguments...)> {
 public:
  // `callable` must outlive it. The constraint leaves copying alone, which clang-tidy does not see.
  // NOLINTBEGIN(bugprone-forwarding-reference-overload)
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef>)
      FunctionRef(Callable&& callable)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Returned {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(
              std::forward<Arguments>(arguments)...);
        }) {}
  // NOLINTEND(bugprone-forwarding-reference-overload)

  Returned operator()(Arguments... arguments) const {
    return call_(callable_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* callable_;
  Returned (*call_)(void*, Arguments...);
};

}  // namespace tocsin
