#include "bgp/wire/framer.hpp"

namespace catflap::bgp::wire {

void Framer::push(BytesView bytes) {
  // What was taken out goes away before the buffer grows, at most once per octet pushed: what is left over is
  // less than one message, unless the caller does not take out what is complete.
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  } else if (begin_ >= buffer_.size() - begin_) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

tl::expected<std::optional<BytesView>, DecodeError> Framer::next() {
  if (error_) {
    return tl::unexpected(*error_);
  }
  const BytesView left = BytesView(buffer_).subspan(begin_);
  if (left.size() < kHeaderOctets) {
    return std::nullopt;
  }
  const auto length = check_header(left.first(kHeaderOctets), extended_);
  if (!length) {
    error_ = length.error();
    return tl::unexpected(*error_);
  }
  if (left.size() < *length) {
    return std::nullopt;
  }
  begin_ += *length;
  return left.first(*length);
}

}  // namespace catflap::bgp::wire
