#include "calico/ctl/node_system.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "sys/files.hpp"
#include "sys/process.hpp"

namespace catflap::calico::ctl {

namespace {

namespace fs = std::filesystem;

struct Module {
  std::string_view name;
  std::string_view setting;  ///< of the kernel's configuration, or a match of ip_tables
};

constexpr std::array kModules{
    Module{"ip6_tables", "CONFIG_IP6_NF_IPTABLES"},
    Module{"ip_set", "CONFIG_IP_SET"},
    Module{"ip_tables", "CONFIG_IP_NF_IPTABLES"},
    Module{"ipt_REJECT", "CONFIG_NFT_REJECT"},
    Module{"ipt_ipvs", "CONFIG_NETFILTER_XT_MATCH_IPVS"},
    Module{"ipt_rpfilter", "CONFIG_IP_NF_MATCH_RPFILTER"},
    Module{"ipt_set", "CONFIG_NET_EMATCH_IPSET"},
    Module{"nf_conntrack_netlink", "CONFIG_NF_CT_NETLINK"},
    Module{"vfio-pci", "CONFIG_VFIO"},
    Module{"xt_addrtype", "CONFIG_NETFILTER_XT_MATCH_ADDRTYPE"},
    Module{"xt_bpf", "CONFIG_BPF"},
    Module{"xt_conntrack", "CONFIG_NETFILTER_XT_MATCH_CONNTRACK"},
    Module{"xt_icmp", "icmp"},
    Module{"xt_icmp6", "icmp"},
    Module{"xt_mark", "CONFIG_IP_NF_TARGET_MARK"},
    Module{"xt_multiport", "CONFIG_NETFILTER_XT_MATCH_MULTIPORT"},
    Module{"xt_rpfilter", "CONFIG_IP_NF_MATCH_RPFILTER"},
    Module{"xt_set", "CONFIG_NETFILTER_XT_SET"},
    Module{"xt_u32", "CONFIG_NETFILTER_XT_MATCH_U32"},
};

void print_result(const World& world, std::string_view what, std::string_view result) {
  world.out(fmt::format("\t\t{:<20}\t\t\t\t\t{}\n", what, result));
}

/// "" where there is no such file.
std::string text_of(const fs::path& path) {
  return sys::read_file(path, std::size_t{64} << 20U).value_or("");
}

bool has_line(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin ||
         text.find("\n" + std::string(begin)) != std::string_view::npos;
}

std::string kernel_configuration(const World& world, const std::string& release, const std::string& given) {
  if (!given.empty()) {
    return text_of(given);
  }
  (void)world;
  for (const std::string& path :
       {std::string("/usr/src/linux/.config"), "/boot/config-" + release,
        "/usr/src/linux-" + release + "/.config", "/usr/src/linux-headers-" + release + "/.config",
        "/lib/modules/" + release + "/build/.config"}) {
    std::error_code error;
    if (fs::exists(path, error)) {
      return text_of(path);
    }
  }
  return "";
}

/// 2.6.24, which has network namespaces and veth pairs.
bool is_new_enough(std::string_view release) {
  constexpr std::array<int, 3> kLeast{2, 6, 24};
  std::array<int, 3> own{};
  const char* at = release.data();
  const char* const end = release.data() + release.size();
  for (int& part : own) {
    const auto read = std::from_chars(at, end, part);
    if (read.ec != std::errc()) {
      break;
    }
    at = read.ptr + (read.ptr != end && *read.ptr == '.' ? 1 : 0);
  }
  return own >= kLeast;
}

Status need_root(const World& world) {
  if (!world.is_root) {
    world.say("Need super user privileges: Operation not permitted");
    return refuse("");
  }
  return {};
}

bool check_modules(const World& world, const std::string& release, const std::string& configuration) {
  const std::string folder = "/lib/modules/" + release;
  const std::string loadable = text_of(folder + "/modules.dep");
  const std::string builtin = text_of(folder + "/modules.builtin");
  const std::string loaded = text_of("/proc/modules");
  const std::string matches = text_of("/proc/net/ip_tables_matches");
  std::size_t missing = 0;
  bool only_ipv6 = true;
  for (const Module& module : kModules) {
    const std::string file = fmt::format("/{}.ko", module.name);
    const bool there = loadable.find(file) != std::string::npos || builtin.find(file) != std::string::npos ||
                       loaded.find(module.name) != std::string::npos ||
                       has_line(configuration, fmt::format("{}=", module.setting)) ||
                       has_line(matches, fmt::format("{}\n", module.setting));
    if (!there) {
      world.say(fmt::format("WARNING: Unable to detect the {} module as Loaded/Builtin module or lsmod",
                            module.name));
      ++missing;
      only_ipv6 = only_ipv6 && module.name == "ip6_tables";
    }
    print_result(world, module.name, there ? "OK" : "FAIL");
  }
  if (missing > 0 && only_ipv6) {
    world.say("WARNING: IPv6 will be unavailable as ip6_tables kernel module is not found");
    return true;
  }
  return missing == 0;
}

/// What `node diags` runs, and the file that its output goes into.
struct Probe {
  std::string_view file;
  std::string_view title;
  std::vector<std::string> command;
};

std::vector<Probe> probes(const World& world) {
  std::vector<Probe> out{
      {"date", "", {"date"}},
      {"hostname", "", {"hostname"}},
      {"uname", "", {"uname", "-a"}},
      {"ip_addr", "addresses", {"ip", "addr"}},
      {"ip_link", "", {"ip", "-d", "link"}},
      {"ip_route", "routes", {"ip", "route", "show", "table", "all"}},
      {"ip6_route", "", {"ip", "-6", "route", "show", "table", "all"}},
      {"ip_rule", "", {"ip", "rule"}},
      {"ip_neigh", "", {"ip", "neigh"}},
      {"sockets", "sockets", {"ss", "-anop"}},
      {"nft_ruleset", "rules of the firewall", {"nft", "list", "ruleset"}},
      {"iptables_save", "", {"iptables-save"}},
      {"ipset", "", {"ipset", "list"}},
  };
  const auto socket = world.environment.find("CATFLAP_BIRD_SOCKET");
  const std::string bird = socket != world.environment.end() ? socket->second : "/var/run/calico/bird.ctl";
  out.push_back({"bird_protocols", "BIRD", {"birdc", "-s", bird, "show", "protocols", "all"}});
  out.push_back({"bird_routes", "", {"birdc", "-s", bird, "show", "route", "all"}});
  return out;
}

Status make_archive(const World& world, const fs::path& folder, const fs::path& archive) {
  sys::proc::Spawn tar;
  tar.program = "tar";
  tar.args = {"-czf", archive.string(), "-C", folder.parent_path().string(), folder.filename().string()};
  const Result<sys::proc::RunResult> done =
      sys::proc::run(tar, {std::chrono::milliseconds(60'000), 1U << 20U});
  if (!done || !done->status.ok()) {
    return refuse(fmt::format("error compressing diags: {}", done ? done->err : done.error().message));
  }
  world.say(fmt::format("\nDiags saved to {}", archive.string()));
  return {};
}

}  // namespace

Status node_checksystem(Call& call) {
  const World& world = call.world;
  if (Status root = need_root(world); !root) {
    return root;
  }
  utsname name{};
  (void)::uname(&name);  // cannot fail with a good buffer
  const std::string release = name.release;
  world.say("Checking kernel version...");
  const bool version = is_new_enough(release);
  print_result(world, release, version ? "OK" : "FAIL");
  if (!version) {
    world.say("Minimum kernel version to run Calico is 2.6.24. Detected kernel version: " + release);
  }
  world.say("Checking kernel modules...");
  const bool modules = check_modules(
      world, release, kernel_configuration(world, release, call.arguments.text("kernel-config")));
  if (!version || !modules) {
    return refuse("system doesn't meet one or more minimum systems requirements to run Calico");
  }
  world.say("System meets minimum system requirements to run Calico!");
  return {};
}

Status node_diags(Call& call) {
  const World& world = call.world;
  if (Status root = need_root(world); !root) {
    return root;
  }
  std::string pattern = "/tmp/calicoXXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    return refuse("error creating temp directory to collect diagnostics in /tmp");
  }
  const fs::path base = pattern;
  const fs::path folder = base / "diagnostics";
  if (Status made = sys::make_directories(folder); !made) {
    return made;
  }
  world.say("Collecting diagnostics");
  world.say("Using temp dir: " + base.string());
  for (const Probe& probe : probes(world)) {
    if (!probe.title.empty()) {
      world.say(fmt::format("Dumping {}", probe.title));
    }
    sys::proc::Spawn command;
    command.program = probe.command.front();
    command.args.assign(probe.command.begin() + 1, probe.command.end());
    const Result<sys::proc::RunResult> done =
        sys::proc::run(command, {std::chrono::milliseconds(10'000), 16U << 20U});
    // A program that is missing here is worth a line in the archive, not an error.
    const std::string text = done ? done->out + done->err : to_string(done.error()) + "\n";
    if (Status written = sys::write_file_atomic(folder / probe.file, text); !written) {
      return written;
    }
  }
  const fs::path logs = call.arguments.value("log-dir").value_or("/var/log/calico");
  std::error_code error;
  if (fs::is_directory(logs, error)) {
    world.say("Copying Calico logs");
    fs::copy(logs, folder / "logs", fs::copy_options::recursive | fs::copy_options::skip_symlinks, error);
    if (error) {
      world.err(fmt::format("error copying log files: {}\n", error.message()));
    }
  }
  return make_archive(world, folder, base / "diags.tar.gz");
}

Status node_run(Call& call) {
  return refuse(fmt::format(
      "node run starts a container, and there is none here: nodes are part of a lab.\n"
      "Start them with `catflap up LAB.yaml`, then see one with `catflap exec NODE -- {} node status`.",
      call.world.program));
}

}  // namespace catflap::calico::ctl
