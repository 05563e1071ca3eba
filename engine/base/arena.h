// Arena: bytes with stable addresses that all die together. Blocks are kept over reset(), so a
// warm arena allocates nothing. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin {

class Arena {
 public:
  // Room for `size` bytes, valid until reset().
  char* allocate(std::size_t size) {
    while (current_ < blocks_.size()) {
      Block& block = blocks_[current_];
      if (block.size - used_ >= size) {
        char* result = block.bytes.get() + used_;
        used_ += size;
        return result;
      }
      ++current_;
      used_ = 0;
    }
    const std::size_t block_size = std::max(size, kBlockBytes);
    blocks_.push_back({std::make_unique<char[]>(block_size), block_size});
    held_ += block_size;
    used_ = size;
    return blocks_.back().bytes.get();
  }

  // Gives back the unused tail of the newest allocation.
  void shrink_last(std::size_t unused) { used_ -= unused; }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* bytes = allocate(text.size());
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  // Forgets everything. Memory beyond kKeepBytes, which only a freak record needs, is returned.
  void reset() {
    if (held_ > kKeepBytes) give_back();
    current_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
  static constexpr std::size_t kKeepBytes = std::size_t{1} << 20;

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  void give_back() {
    held_ = 0;
    std::erase_if(blocks_, [&](const Block& block) {
      if (held_ + block.size > kKeepBytes) return true;
      held_ += block.size;
      return false;
    });
  }

  std::vector<Block> blocks_;
  std::size_t held_ = 0;     // bytes in all blocks
  std::size_t current_ = 0;  // block that allocate() tries first
  std::size_t used_ = 0;     // bytes used in it
};

}  // namespace tocsin
