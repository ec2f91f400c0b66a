#include "runtime/event_recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sys/error.hpp"

namespace catflap::runtime {

Result<std::unique_ptr<EventRecorder>> EventRecorder::create(const std::filesystem::path& file,
                                                             const replay::LogHeader& header) {
  sys::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    return fail(sys::last_error("record to " + file.string()));
  }
  return std::unique_ptr<EventRecorder>(new EventRecorder(std::move(fd), file.string(), header));
}

EventRecorder::~EventRecorder() {
  if (!broken_) {
    recorder_.end();
    (void)flush();  // nobody is there to be told
  }
}

Status EventRecorder::events(Instant now, std::span<const bgp::Event> events) {
  if (broken_) {
    return {};
  }
  for (const bgp::Event& event : events) {
    recorder_.event(now, event);
  }
  return flush();
}

void EventRecorder::run(Instant now, std::span<const bgp::Action> actions) {
  if (!broken_) {
    recorder_.run(now, actions);
  }
}

Status EventRecorder::flush() {
  BytesView left = out_.view();
  const std::size_t all = left.size();
  while (!left.empty()) {
    const ssize_t count = ::write(fd_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      const int error = count < 0 ? errno : ENOSPC;
      broken_ = true;
      // Back to the last whole record. If that fails, too, a reader finds the cut by itself.
      (void)!::ftruncate(fd_.get(), static_cast<off_t>(written_));
      out_ = ByteSink();
      return fail(sys::system_error("recording to " + name_ + " ends", error));
    }
    left = left.subspan(static_cast<std::size_t>(count));
  }
  written_ += all;
  out_.truncate(0);
  return {};
}

}  // namespace catflap::runtime
