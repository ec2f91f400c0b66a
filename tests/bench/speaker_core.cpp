// Speed and size of the pure speaker core: bgp::Speaker driven directly with encoded UPDATEs, without
// sockets.
//
//   catflap-bench-speaker-core SCENARIO [PREFIXES [PEERS]]
//
// Scenarios: transit (1 feed, 1 sink), feeds (PEERS feeds of the same table, 1 sink), reflector (1 feed,
// PEERS clients), withdraw (transit, then the feed's session is lost), peers (PEERS feeds, no sink). Only the
// time spent inside the speaker is counted; the feed is made while it is fed, so that memory is the
// speaker's.

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bgp/speaker/speaker.hpp"
#include "bgp/wire/codec.hpp"
#include "intent/router.hpp"

namespace {

using namespace catflap;
using bgp::ConnId;

constexpr std::size_t kReadOctets = 64 * 1024;
constexpr std::uint32_t kLocalAs = 64500;
constexpr std::uint32_t kPrefixesOfSet = 8;

/// Processor time and user instructions of the regions between start() and stop().
class Meter {
 public:
  Meter() {
    perf_event_attr attr{};
    attr.type = PERF_TYPE_HARDWARE;
    attr.size = sizeof(attr);
    attr.config = PERF_COUNT_HW_INSTRUCTIONS;
    attr.exclude_kernel = 1;
    attr.exclude_hv = 1;
    fd_ = static_cast<int>(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
  }
  ~Meter() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  void start() {
    began_ = now();
    instructions_began_ = counter();
  }
  void stop() {
    seconds_ += now() - began_;
    instructions_ += counter() - instructions_began_;
  }
  double seconds() const { return seconds_; }
  double instructions() const { return static_cast<double>(instructions_); }
  void reset() {
    seconds_ = 0;
    instructions_ = 0;
  }

 private:
  static double now() {
    timespec at{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
  }
  std::uint64_t counter() const {
    std::uint64_t value = 0;
    return fd_ >= 0 && ::read(fd_, &value, sizeof(value)) == sizeof(value) ? value : 0;
  }
  int fd_ = -1;
  double began_ = 0, seconds_ = 0;
  std::uint64_t instructions_began_ = 0, instructions_ = 0;
};

long status_kib(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (std::string_view(line).substr(0, key.size()) == key) {
      return std::strtol(line.c_str() + key.size(), nullptr, 10);
    }
  }
  return 0;
}

std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ value >> 30U) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ value >> 27U) * 0x94D049BB133111EBULL;
  return value ^ value >> 31U;
}

/// Three of four prefixes are /24, the others /16 to /23; all different, in an order that jumps.
bgp::wire::Nlri nlri_of(std::uint64_t index, std::uint64_t count) {
  const auto i = static_cast<std::uint32_t>(index * 1'000'003 % count);
  if (i % 4 != 3) {
    return {net::Prefix(net::IpAddr::v4(0x01000000U + (i << 8U)), 24), 0};
  }
  const std::uint32_t step = i / 4;
  const auto length = static_cast<std::uint8_t>(16 + step % 8);
  return {net::Prefix(net::IpAddr::v4((0x2000U + step / 8) << (32U - length)), length), 0};
}

bgp::wire::Attributes attributes_of(std::uint64_t set, std::uint32_t feed_as, net::IpAddr next_hop) {
  bgp::wire::Attributes attributes;
  attributes.origin = bgp::wire::Origin::igp;
  net::AsSegment path;
  path.asns.push_back(feed_as == kLocalAs ? 64999 : feed_as);
  const std::uint64_t hops = 1 + set % 5;
  for (std::uint64_t hop = 0; hop < hops; ++hop) {
    path.asns.push_back(static_cast<std::uint32_t>(1 + mixed(set * 8 + hop) % 60000));
  }
  attributes.as_path = net::AsPath{{path}};
  attributes.next_hop = next_hop;
  if (set % 3 == 0) {
    attributes.communities = {feed_as << 16U | 100U, static_cast<std::uint32_t>(mixed(set))};
  }
  return attributes;
}

/// Makes the UPDATEs of a feed a read buffer at a time.
class Feed {
 public:
  Feed(std::uint64_t prefixes, std::uint32_t asn, net::IpAddr next_hop, bool internal)
      : prefixes_(prefixes), asn_(asn), next_hop_(next_hop) {
    context_.internal = internal;
  }
  bool done() const { return at_ >= prefixes_; }
  Bytes next() {
    bgp::wire::EncodeContext context = context_;
    ByteSink sink;
    sink.reserve(kReadOctets + 4096);
    while (!done() && sink.size() < kReadOctets) {
      std::vector<bgp::wire::Nlri> nlri;
      const std::uint64_t set = at_ / kPrefixesOfSet;
      for (; !done() && at_ / kPrefixesOfSet == set; ++at_) {
        nlri.push_back(nlri_of(at_, prefixes_));
      }
      auto attributes = attributes_of(set, asn_, next_hop_);
      if (context.internal) {
        attributes.local_pref = 100;
      }
      bgp::wire::encode_announce(attributes, bgp::wire::kIpv4Unicast, nlri, context, sink);
    }
    return sink.release();
  }

 private:
  std::uint64_t prefixes_;
  std::uint64_t at_ = 0;
  std::uint32_t asn_;
  net::IpAddr next_hop_;
  bgp::wire::EncodeContext context_;
};

struct Options {
  std::uint32_t feeds = 1, sinks = 1;
  bool internal = false;
};

class Bench {
 public:
  explicit Bench(Options options) : options_(options), speaker_(1) {
    bgp::ev::Interface link;
    link.index = 2;
    link.name = "eth0";
    link.up = true;
    link.addresses = {*net::InterfaceAddress::parse("10.255.255.254/8")};
    ingest(link);
    auto router = std::make_shared<intent::RouterIntent>();
    router->router_id = 0x0A0000FE;
    router->tables = {{"master4", net::Family::ipv4}, {"master6", net::Family::ipv6}};
    intent::ProtocolIntent direct;
    direct.name = "direct1";
    direct.body = intent::DirectIntent{};
    intent::ChannelIntent channel;
    channel.table = "master4";
    direct.channels = {channel};
    router->protocols.push_back(direct);
    for (std::uint32_t i = 0; i < options.feeds + options.sinks; ++i) {
      router->protocols.push_back(peer(i));
    }
    ingest(bgp::ev::Configure{router, false, false});
    ingest(bgp::ev::KernelScanDone{});
    settle();
    for (std::uint32_t i = 0; i < options.feeds + options.sinks; ++i) {
      establish(i);
    }
    settle();
    meter.reset();
    updates = announced = withdrawn = octets = 0;
  }

  std::uint32_t asn(std::uint32_t index) const { return options_.internal ? kLocalAs : 65001 + index; }
  static net::IpAddr address(std::uint32_t index) { return net::IpAddr::v4(0x0A000100U + index); }
  ConnId conn(std::uint32_t index) const { return 2 * index + 1; }

  void feed(std::uint64_t prefixes) {
    std::vector<Feed> feeds;
    for (std::uint32_t i = 0; i < options_.feeds; ++i) {
      feeds.emplace_back(prefixes, asn(i), address(i), options_.internal);
    }
    for (bool more = true; more;) {
      more = false;
      for (std::uint32_t i = 0; i < options_.feeds; ++i) {
        if (!feeds[i].done()) {
          more = true;
          ingest(bgp::ev::TcpBytes{conn(i), feeds[i].next()});
          run();
        }
      }
    }
    settle();
  }
  void lose_feed() {
    ingest(bgp::ev::TcpClosed{conn(0), {0, false, "Connection closed"}});
    settle();
  }

  Meter meter;
  std::uint64_t updates = 0, announced = 0, withdrawn = 0, octets = 0;

 private:
  intent::ProtocolIntent peer(std::uint32_t index) const {
    intent::ProtocolIntent protocol;
    protocol.name = "peer" + std::to_string(index);
    intent::BgpIntent body;
    body.local_as = kLocalAs;
    body.remote_as = asn(index);
    body.neighbor = address(index);
    body.passive = true;
    body.rr_client = options_.internal && index >= options_.feeds;
    intent::ChannelIntent channel;
    channel.table = "master4";
    channel.export_filter = index < options_.feeds ? intent::FilterRef::none() : intent::FilterRef::all();
    protocol.channels = {channel};
    protocol.body = body;
    return protocol;
  }
  void establish(std::uint32_t index) {
    const ConnId id = conn(index);
    const net::Endpoint local{net::IpAddr::v4(0x0AFFFFFE), 179, 0};
    ingest(bgp::ev::TcpOpened{id, local, {address(index), 40000, 0}, true});
    ByteSink sink;
    bgp::wire::Open open;
    open.as2 = static_cast<std::uint16_t>(asn(index));
    open.hold_time_s = 0;
    open.router_id = address(index).v4_value();
    open.capabilities.multiprotocol = {bgp::wire::kIpv4Unicast};
    open.capabilities.as4 = asn(index);
    bgp::wire::encode(open, {}, sink);
    bgp::wire::encode(bgp::wire::Keepalive{}, {}, sink);
    ingest(bgp::ev::TcpBytes{id, sink.release()});
    run();
  }
  void ingest(const bgp::Event& event) {
    meter.start();
    speaker_.ingest(now_, event);
    meter.stop();
  }
  /// One round; what was sent is taken at once.
  void run() {
    meter.start();
    speaker_.run(now_);
    auto actions = speaker_.take_actions();
    meter.stop();
    std::map<ConnId, bool> sent;
    for (const bgp::Action& action : actions) {
      if (const auto* send = std::get_if<bgp::act::TcpSend>(&action)) {
        count(*send->bytes);
        sent[send->conn] = true;
      } else if (const auto* note = std::get_if<bgp::act::Note>(&action);
                 note != nullptr && note->level >= bgp::act::NoteLevel::warning) {
        std::fprintf(stderr, "%s: %s\n", note->protocol.c_str(), note->text.c_str());
      }
    }
    for (const auto& [id, unused] : sent) {
      ingest(bgp::ev::TcpWritable{id, 1U << 20U});
    }
    busy_ = !sent.empty();
    actions.clear();
  }
  void settle() {
    do {
      run();
    } while (busy_ || speaker_.deadline() <= now_);
  }
  void count(const Bytes& bytes) {
    octets += bytes.size();
    for (std::size_t at = 0; at + bgp::wire::kHeaderOctets <= bytes.size();) {
      const auto length =
          bgp::wire::check_header(BytesView(bytes).subspan(at, bgp::wire::kHeaderOctets), false);
      if (!length || at + *length > bytes.size()) {
        std::fprintf(stderr, "broken message sent\n");
        std::exit(1);
      }
      bgp::wire::DecodeContext context;
      context.as4 = true;
      context.internal = options_.internal;
      const auto message = bgp::wire::decode(BytesView(bytes).subspan(at, *length), context);
      if (message && std::holds_alternative<bgp::wire::Update>(*message)) {
        const auto& update = std::get<bgp::wire::Update>(*message);
        ++updates;
        announced += update.announced.size();
        withdrawn += update.withdrawn.size();
      }
      at += *length;
    }
  }

  Options options_;
  bgp::Speaker speaker_;
  Instant now_{std::chrono::seconds(1000)};
  bool busy_ = false;
};

void report(const char* what, const Bench& bench, std::uint64_t paths, long rss_before_kib) {
  const long peak = status_kib("VmHWM:");
  const long now = status_kib("VmRSS:");
  std::printf(
      "%-10s cpu %.3f s  instructions %.0f M  rss peak %.1f MiB now %.1f MiB  %.1f B/path  "
      "sent %llu updates, %llu announced, %llu withdrawn, %.1f MB\n",
      what, bench.meter.seconds(), bench.meter.instructions() / 1e6, static_cast<double>(peak) / 1024,
      static_cast<double>(now) / 1024,
      static_cast<double>(now - rss_before_kib) * 1024 / static_cast<double>(paths),
      static_cast<unsigned long long>(bench.updates), static_cast<unsigned long long>(bench.announced),
      static_cast<unsigned long long>(bench.withdrawn), static_cast<double>(bench.octets) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view scenario = argc > 1 ? argv[1] : "transit";
  const auto number = [&](int at, std::uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  Options options;
  std::uint64_t prefixes = number(2, 1'000'000);
  if (scenario == "feeds") {
    prefixes = number(2, 100'000);
    options.feeds = static_cast<std::uint32_t>(number(3, 20));
  } else if (scenario == "reflector") {
    prefixes = number(2, 10'000);
    options.sinks = static_cast<std::uint32_t>(number(3, 200));
    options.internal = true;
  } else if (scenario == "peers") {
    prefixes = number(2, 500'000);
    options.feeds = static_cast<std::uint32_t>(number(3, 10));
    options.sinks = 0;
  } else if (scenario != "transit" && scenario != "withdraw") {
    std::fprintf(stderr, "usage: %s transit|feeds|reflector|withdraw|peers [PREFIXES [PEERS]]\n", argv[0]);
    return 2;
  }
  Bench bench(options);
  const long before = status_kib("VmRSS:");
  bench.feed(prefixes);
  report(argc > 1 ? argv[1] : "transit", bench, prefixes * options.feeds, before);
  if (scenario == "withdraw") {
    bench.meter.reset();
    bench.lose_feed();
    report("  lost", bench, prefixes, before);
  }
  return 0;
}
