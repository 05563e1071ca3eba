#include "event/inflater.h"

#include <zlib.h>
#ifdef TOCSIN_HAS_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include <algorithm>
#include <cstring>
#include <string>

namespace tocsin::event {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // the libraries count in 32 bits

template <typename Slice>
unsigned step_size(const Slice& slice) {
  return static_cast<unsigned>(std::min(slice.size(), kMaxStep));
}

tl::unexpected<Error> damaged(std::string_view what) {
  return fail(Code::invalid_input, std::string(what));
}

class ZlibStream {
 public:
  ZlibStream() : ready_(::inflateInit2(&stream_, kGzipOnly) == Z_OK) {}
  ~ZlibStream() {
    if (ready_) ::inflateEnd(&stream_);
  }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  void reset() {
    if (ready_) ::inflateReset(&stream_);
  }

  // True at the end of the member, or where `flush` says.
  Result<bool> run(std::string_view& in, std::span<char>& out, int flush) {
    if (!ready_) return fail(Code::io, "cannot inflate: out of memory");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = step_size(in);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = step_size(out);
    const int result = ::inflate(&stream_, flush);
    in.remove_prefix(step_size(in) - stream_.avail_in);
    out = out.subspan(step_size(out) - stream_.avail_out);
    if (result == Z_STREAM_END) return true;
    if (result == Z_OK) return flush == Z_BLOCK && (stream_.data_type & kAtBlock) != 0;
    if (result == Z_BUF_ERROR) return false;
    if (result == Z_MEM_ERROR) return fail(Code::io, "cannot inflate: out of memory");
    return damaged(stream_.msg != nullptr ? stream_.msg : "damaged data");
  }

 private:
  static constexpr int kAtBlock = 128;

  z_stream stream_{};
  bool ready_;
};

class ZlibInflater final : public Inflater {
 public:
  void start() override { stream_.reset(); }
  Result<State> inflate(std::string_view& in, std::span<char>& out) override {
    return stream_.run(in, out, Z_NO_FLUSH).map([](bool ended) {
      return ended ? State::ended : State::inside;
    });
  }

 private:
  ZlibStream stream_;
};

#ifdef TOCSIN_HAS_ISAL
// zlib reads the header: ISA-L 2.30 forgets its flags when it comes in slices.
class IsalInflater final : public Inflater {
 public:
  void start() override {
    header_.reset();
    in_header_ = true;
    result_ = ISAL_DECOMP_OK;
    ::isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;  // checks the trailer
  }

  Result<State> inflate(std::string_view& in, std::span<char>& out) override {
    if (in_header_) {
      const auto complete = header_.run(in, out, Z_BLOCK);
      if (!complete) return tl::unexpected<Error>(complete.error());
      in_header_ = !*complete;
      return State::inside;
    }
    if (result_ != ISAL_DECOMP_OK) return give_rest(out);

    const auto* in_begin = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* out_begin = reinterpret_cast<std::uint8_t*>(out.data());
    state_.next_in = const_cast<std::uint8_t*>(in_begin);
    state_.avail_in = step_size(in);
    state_.next_out = out_begin;
    state_.avail_out = step_size(out);
    result_ = ::isal_inflate(&state_);
    // After an error only the pointers are right, not the sizes.
    const auto taken = static_cast<std::size_t>(state_.next_in - in_begin);
    const auto given = static_cast<std::size_t>(state_.next_out - out_begin);
    const bool stuck = taken == 0 && given == 0 && !in.empty() && !out.empty();
    in.remove_prefix(taken);
    out = out.subspan(given);
    if (result_ != ISAL_DECOMP_OK) return give_rest(out);
    if (state_.block_state == ISAL_BLOCK_FINISH) return State::ended;
    if (stuck) return damaged("damaged data");
    return State::inside;
  }

  bool pending() const override {
    return !in_header_ && state_.tmp_out_processed < state_.tmp_out_valid;
  }

 private:
  // What ISA-L had inflated when it met the damage, then the error.
  Result<State> give_rest(std::span<char>& out) {
    const auto rest = static_cast<std::size_t>(state_.tmp_out_valid - state_.tmp_out_processed);
    const std::size_t size = std::min(rest, out.size());
    if (size != 0) {
      std::memcpy(out.data(), state_.tmp_out_buffer + state_.tmp_out_processed, size);
      state_.tmp_out_processed += static_cast<std::int32_t>(size);
      out = out.subspan(size);
    }
    if (size < rest) return State::inside;
    switch (result_) {
      case ISAL_INVALID_BLOCK:
        return damaged("invalid block");
      case ISAL_INVALID_SYMBOL:
        return damaged("invalid code");
      case ISAL_INVALID_LOOKBACK:
        return damaged("invalid distance too far back");
      case ISAL_INCORRECT_CHECKSUM:
        return damaged("incorrect data check");
      default:
        return damaged("damaged data");
    }
  }

  ZlibStream header_;
  bool in_header_ = true;
  int result_ = ISAL_DECOMP_OK;
  inflate_state state_;
};
#endif

}  // namespace

std::unique_ptr<Inflater> zlib_inflater() {
  return std::make_unique<ZlibInflater>();
}

std::unique_ptr<Inflater> fast_inflater() {
#ifdef TOCSIN_HAS_ISAL
  return std::make_unique<IsalInflater>();
#else
  return zlib_inflater();
#endif
}

}  // namespace tocsin::event
