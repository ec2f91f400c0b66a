#include "runtime/mrt_service.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "trace/mrt.hpp"

namespace catflap::runtime {

namespace mrt = trace::mrt;

namespace {

mrt::Time wall_time() {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(sys::wall_now().time_since_epoch()).count();
  return {static_cast<std::uint32_t>(us / 1000000), static_cast<std::uint32_t>(us % 1000000)};
}

mrt::Session to_mrt(const bgp::act::MrtSession& session) {
  return {session.peer_as, session.local_as, static_cast<std::uint16_t>(session.peer.scope),
          session.peer.addr,
          session.local.addr.family() == session.peer.addr.family()
              ? session.local.addr
              : net::IpAddr::any(session.peer.addr.family())};
}

}  // namespace

MrtService::~MrtService() {
  flush();
  for (const auto& [name, periodic] : periodic_) {
    loop_.cancel(periodic->timer);
  }
}

void MrtService::configure(const intent::RouterIntent& intent) {
  const std::string wanted = intent.mrtdump_file.value_or("");
  if (wanted != file_name_ || (!wanted.empty() && !file_)) {
    flush();
    file_.reset();
    file_name_ = wanted;
    if (!wanted.empty()) {
      file_.reset(::open(wanted.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
      if (!file_) {
        tell_(sys::system_error("unable to open MRT file '" + wanted + "'", errno));
      }
    }
  }
  std::map<std::string, std::unique_ptr<Periodic>> kept;
  for (const intent::ProtocolIntent& protocol : intent.protocols) {
    const auto* body = std::get_if<intent::MrtIntent>(&protocol.body);
    if (body == nullptr || protocol.disabled) {
      continue;
    }
    auto& slot = kept[protocol.name];
    const auto old = periodic_.find(protocol.name);
    if (old != periodic_.end()) {
      slot = std::move(old->second);
    } else {
      slot = std::make_unique<Periodic>();
    }
    const bool same_period = slot->intent.period_s == body->period_s;
    slot->intent = *body;
    if (!same_period) {
      arm(*slot);
    }
  }
  std::swap(kept, periodic_);
  for (const auto& [name, gone] : kept) {
    if (gone != nullptr) {
      loop_.cancel(gone->timer);
    }
  }
}

void MrtService::arm(Periodic& periodic) {
  loop_.cancel(periodic.timer);
  periodic.timer = loop_.after(std::chrono::seconds(periodic.intent.period_s), [this, &periodic] {
    periodic.timer = sys::EventLoop::TimerId::none;
    periodic.due = true;
    arm(periodic);
  });
}

void MrtService::message(const bgp::act::MrtMessage& message) {
  if (file_) {
    mrt::Message record;
    record.session = to_mrt(message.session);
    record.as4 = message.as4;
    record.add_path = message.add_path;
    record.octets = message.octets;
    mrt::write(wall_time(), record, out_);
  }
}

void MrtService::state(const bgp::act::MrtState& change) {
  if (file_) {
    mrt::write(wall_time(), mrt::StateChange{to_mrt(change.session), true, change.from, change.to}, out_);
  }
}

void MrtService::flush() {
  for (BytesView left = out_.view(); file_ && !left.empty();) {
    const ssize_t count = ::write(file_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      tell_(sys::system_error("write MRT file '" + file_name_ + "'; nothing more is written", errno));
      file_.reset();
      break;
    }
    left = left.subspan(static_cast<std::size_t>(count));
  }
  out_.truncate(0);
}

void MrtService::step(const std::string& name, Periodic& periodic, const bgp::Speaker& speaker) {
  if (std::exchange(periodic.due, false)) {
    const auto protocols = speaker.snapshot(sys::monotonic_now()).protocols;
    const bool up = std::any_of(protocols.begin(), protocols.end(), [&](const auto& protocol) {
      return protocol.name == name && protocol.state == observe::ProtocolState::up;
    });
    if (periodic.dump != nullptr) {
      tell_({Errc::conflict, name + ": the table dump before this one is not finished; skipped"});
    } else if (up) {
      periodic.dump = std::make_unique<MrtTableDump>(
          MrtTableDump::Options{periodic.intent.table, periodic.intent.filename, periodic.intent.filter,
                                periodic.intent.always_add_path});
    }
  }
  if (periodic.dump == nullptr) {
    return;
  }
  const auto more = periodic.dump->step(speaker);
  if (!more) {
    tell_(Error(more.error()).context(name));
  }
  if (!more || !*more) {
    periodic.dump.reset();
  } else {
    loop_.post([] {});
  }
}

void MrtService::round(const bgp::Speaker& speaker) {
  flush();
  for (const auto& [name, periodic] : periodic_) {
    step(name, *periodic, speaker);
  }
}

}  // namespace catflap::runtime
