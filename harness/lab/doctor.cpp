#include "lab/doctor.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemons/adapter.hpp"
#include "daemons/find.hpp"
#include "lab/options.hpp"
#include "netlink/socket.hpp"
#include "sys/files.hpp"
#include "sys/netns.hpp"
#include "sys/process.hpp"

namespace catflap::lab {
namespace {

using Findings = std::vector<Finding>;

/// A namespace, a veth pair in it, and the file system for state: without these there is no lab.
std::optional<sys::netns::Handle> check_basics(Findings& findings) {
  auto& executor = sys::netns::Executor::shared();
  auto ns = executor.create();
  findings.push_back(
      {"network namespaces", true, ns.has_value(),
       ns ? "" : to_string(ns.error()) + ": run as root, or in a container with --privileged"});
  if (!ns) {
    return std::nullopt;
  }
  auto socket = netlink::Socket::open(executor, *ns);
  netlink::Batch batch;
  batch.add_veth({.name = "probe0"}, {.name = "probe1"});
  const Status veth = socket ? socket->commit_all(batch) : fail(socket.error());
  findings.push_back({"veth", true, veth.has_value(), veth ? "" : to_string(veth.error())});
  const auto root = Options::default_run_root();
  const Status folder = sys::make_directories(root);
  findings.push_back(
      {"state in " + root.string(), true, folder && ::access(root.c_str(), W_OK) == 0,
       folder ? "" : to_string(folder.error()) + "; set CATFLAP_RUN_DIR to a folder you can write"});
  return std::move(*ns);
}

void check_links(const sys::netns::Handle& ns, Findings& findings) {
  // iproute2 knows every kind of link; each is made in the scratch namespace only.
  static constexpr std::pair<const char*, const char*> kKinds[] = {
      {"bridge", ""},   {"vxlan", "id 4096 dstport 4789"},
      {"dummy", ""},    {"vrf", "table 100"},
      {"ipip", ""},     {"gre", ""},
      {"wireguard", ""}};
  for (const auto& [kind, options] : kKinds) {
    sys::proc::Spawn spawn;
    spawn.program = "sh";
    spawn.netns = &ns;
    spawn.args = {"-c", fmt::format("ip link add probe-{0} type {0} {1}", kind, options)};
    const auto result = sys::proc::run(spawn);
    findings.push_back({kind, false, result && result->status.ok(), "links of this kind"});
  }
  sys::proc::Spawn spawn;
  spawn.program = "tc";
  spawn.netns = &ns;
  spawn.args = {"qdisc", "add", "dev", "probe0", "root", "netem", "delay", "1ms"};
  const auto netem = sys::proc::run(spawn);
  findings.push_back({"netem", false, netem && netem->status.ok(), "delay and loss on links"});
  spawn.program = "nft";
  spawn.args = {"add", "table", "inet", "probe"};
  const auto nft = sys::proc::run(spawn);
  findings.push_back({"nftables", false, nft && nft->status.ok(), "package nftables and kernel support"});
}

void check_md5(const sys::netns::Handle& ns, Findings& findings) {
  const auto socket = sys::netns::Executor::shared().socket_in(ns, AF_INET, SOCK_STREAM, 0);
  tcp_md5sig key{};
  auto* const peer = reinterpret_cast<sockaddr_in*>(&key.tcpm_addr);
  peer->sin_family = AF_INET;
  peer->sin_addr.s_addr = htonl(0x0A000001);
  key.tcpm_keylen = 1;
  key.tcpm_key[0] = 'x';
  const bool good = socket && ::setsockopt(socket->get(), IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) == 0;
  findings.push_back({"TCP MD5", false, good, "passwords of BGP sessions (RFC 2385)"});
}

void check_programs(Findings& findings) {
  for (const std::string_view name : daemons::adapter_names()) {
    auto adapter = daemons::make_adapter(name);
    if (!adapter) {
      continue;
    }
    const auto program = (*adapter)->detect();
    findings.push_back(
        {"speaker " + std::string(name), name == "self", program.has_value(),
         program ? program->version + "  " + program->path.string() : to_string(program.error())});
  }
  // Daemons that labs do not run, but the tests of interoperability do.
  const auto speakers = daemons::adapter_names();
  for (const std::string_view name : daemons::daemon_names()) {
    if (std::find(speakers.begin(), speakers.end(), name) != speakers.end()) {
      continue;
    }
    const auto program = daemons::find_daemon(name);
    findings.push_back(
        {"daemon " + std::string(name), false, program.has_value(),
         program ? program->version + "  " + program->path.string() : to_string(program.error())});
  }
}

void check_limits(Findings& findings) {
  rlimit files{};
  constexpr rlim_t kEnough = 16384;
  ::getrlimit(RLIMIT_NOFILE, &files);
  findings.push_back(
      {"open files", false, files.rlim_cur >= kEnough,
       fmt::format("{}{}", files.rlim_cur,
                   files.rlim_cur >= kEnough ? "" : "; large labs need more: ulimit -n 16384")});
}

}  // namespace

Findings examine() {
  Findings findings;
  if (const auto ns = check_basics(findings)) {
    check_links(*ns, findings);
    check_md5(*ns, findings);
  }
  check_programs(findings);
  check_limits(findings);
  return findings;
}

std::string format_findings(const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += fmt::format("  {} {:<28} {}{}\n",
                       finding.good       ? "✔"
                       : finding.required ? "✘"
                                          : "–",
                       finding.what, finding.good || finding.required ? "" : "not there: ", finding.detail);
  }
  return out;
}

std::string findings_json(const Findings& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"what", finding.what},
                    {"required", finding.required},
                    {"good", finding.good},
                    {"detail", finding.detail}});
  }
  return list.dump(2) + "\n";
}

}  // namespace catflap::lab
