#include "runtime/mrt_dump.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "bgp/wire/path_attributes.hpp"
#include "sys/clock.hpp"
#include "sys/error.hpp"
#include "trace/mrt.hpp"

namespace catflap::runtime {

namespace mrt = trace::mrt;

std::string mrt_file_name(const std::string& pattern, const std::string& table, std::time_t now) {
  std::string format;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.compare(i, 2, "%N") == 0) {
      for (const char c : table) {
        format += c == '%' ? "%%" : std::string(1, c);
      }
      ++i;
    } else {
      format += pattern[i];
      if (pattern[i] == '%' && i + 1 < pattern.size()) {
        format += pattern[++i];  // so that the N of "%%N" stays
      }
    }
  }
  std::tm local{};
  std::array<char, 4096> name{};
  if (::localtime_r(&now, &local) == nullptr) {
    return "";
  }
  return {name.data(), std::strftime(name.data(), name.size(), format.c_str(), &local)};
}

Status MrtTableDump::begin(const bgp::Speaker& speaker) {
  begun_ = true;
  now_ = sys::monotonic_now();
  if (speaker.intent() != nullptr) {
    for (const intent::TableIntent& table : speaker.intent()->tables) {
      if (::fnmatch(options_.table.c_str(), table.name.c_str(), 0) == 0) {
        tables_.push_back(table.name);
      }
    }
  }
  if (tables_.empty()) {
    return fail(Errc::not_found, "there is no table " + options_.table);
  }
  std::reverse(tables_.begin(), tables_.end());
  return {};
}

Status MrtTableDump::open(const bgp::Speaker& speaker, const std::string& table) {
  const std::time_t now = std::time(nullptr);
  time_s_ = static_cast<std::uint32_t>(now);
  table_ = table;
  path_ = mrt_file_name(options_.filename, table, now);
  if (path_.empty()) {
    return fail(Errc::invalid, "invalid filename '" + options_.filename + "'");
  }
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_) {
    return fail(sys::system_error("unable to open MRT file '" + path_ + "'", errno));
  }
  sequence_ = 0;
  after_.reset();
  write_peers(speaker, table);
  return {};
}

void MrtTableDump::write_peers(const bgp::Speaker& speaker, const std::string& table) {
  constexpr std::size_t kPeersMax = 0xFFFF;
  mrt::PeerIndexTable index;
  index.collector_id = speaker.router_id();
  index.view = table;
  index.peers.push_back({});
  peers_.clear();
  for (const observe::ProtocolView& protocol : speaker.snapshot(now_).protocols) {
    if (protocol.session && index.peers.size() < kPeersMax) {
      peers_[protocol.name] = static_cast<std::uint16_t>(index.peers.size());
      index.peers.push_back({protocol.session->peer_id, protocol.session->peer, protocol.session->peer_as});
    }
  }
  mrt::write({time_s_, std::nullopt}, index, out_);
}

void MrtTableDump::write_prefix() {
  for (const bool add_path : {false, true}) {
    mrt::Rib rib;
    rib.prefix = prefix_;
    rib.add_path = add_path;
    for (const Path& path : paths_) {
      if ((options_.always_add_path || path.path_id != 0) == add_path && rib.entries.size() < 0xFFFF) {
        rib.entries.push_back({path.peer, path.originated_s, path.path_id, path.attributes});
      }
    }
    if (!rib.entries.empty()) {
      rib.sequence = sequence_++;
      mrt::write({time_s_, std::nullopt}, rib, out_);
    }
  }
  paths_.clear();
}

Status MrtTableDump::flush() {
  const Bytes octets = std::exchange(out_, {}).release();
  for (BytesView left = octets; !left.empty();) {
    const ssize_t written = ::write(file_.get(), left.data(), left.size());
    if (written < 0 && errno != EINTR) {
      return fail(sys::system_error("write MRT file '" + path_ + "'", errno));
    }
    left = left.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return {};
}

Result<bool> MrtTableDump::step(const bgp::Speaker& speaker) {
  if (!begun_) {
    if (auto done = begin(speaker); !done) {
      return fail(std::move(done.error()));
    }
  }
  if (!file_) {
    if (tables_.empty()) {
      return false;
    }
    const std::string table = std::move(tables_.back());
    tables_.pop_back();
    if (auto done = open(speaker, table); !done) {
      return fail(std::move(done.error()));
    }
  }
  const auto visit = [&](const bgp::TablePath& path) {
    if (!paths_.empty() && path.prefix != prefix_) {
      write_prefix();
    }
    prefix_ = path.prefix;
    Path entry;
    const auto peer = peers_.find(path.protocol);
    if (peer != peers_.end()) {
      entry.peer = peer->second;
      entry.path_id = path.path_id;
    }
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now_ - path.since).count();
    entry.originated_s = time_s_ - static_cast<std::uint32_t>(std::max<std::int64_t>(age, 0));
    ByteSink attributes;
    if (bgp::wire::encode_attribute_list(path.attributes, path.prefix.family(), attributes) &&
        attributes.size() <= 0xFFFF) {
      entry.attributes = attributes.release();
    }
    paths_.push_back(std::move(entry));
  };
  auto last = speaker.walk({table_, after_, kPrefixesPerStep, &options_.filter}, visit);
  if (!last) {
    return fail(std::move(last.error()));
  }
  if (!paths_.empty()) {
    write_prefix();
  }
  if (auto done = flush(); !done) {
    return fail(std::move(done.error()));
  }
  after_ = *last;
  if (!after_) {
    file_.reset();
  }
  return file_ || !tables_.empty();
}

Status MrtTableDump::run(const bgp::Speaker& speaker) {
  while (true) {
    const auto more = step(speaker);
    if (!more) {
      return fail(more.error());
    }
    if (!*more) {
      return {};
    }
  }
}

}  // namespace catflap::runtime
