#include "source/sequence.h"

namespace tocsin::source {

std::string Sequence::reach(const Done& more) const {
  const std::string* reached = nullptr;
  for (std::uint64_t number = first_;; ++number) {
    auto at = more.find(number);
    if (at == more.end()) {
      at = done_.find(number);
      if (at == done_.end()) break;
    }
    if (!at->second.empty()) reached = &at->second;
  }
  return reached == nullptr ? std::string() : *reached;
}

void Sequence::add(Done more) {
  done_.merge(more);
  while (!done_.empty() && done_.begin()->first <= first_) {
    if (done_.begin()->first == first_) ++first_;
    done_.erase(done_.begin());
  }
}

}  // namespace tocsin::source
