#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "calico/ctl/command.hpp"
#include "calico/ctl/ipam_help.hpp"
#include "calico/ctl/resource_action.hpp"
#include "calico/ipam/check.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/ipam/show.hpp"
#include "calico/ipam/split.hpp"
#include "calico/print/box_table.hpp"
#include "sys/files.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr Option kConfig{"config", 'c', true};
constexpr std::array kShowOptions{kConfig, Option{"ip", '\0', true}, Option{"show-blocks"},
                                  Option{"show-borrowed"}, Option{"show-configuration"}};
constexpr std::array kCheckOptions{kConfig, Option{"show-all-ips"}, Option{"show-problem-ips"},
                                   Option{"output", 'o', true}, Option{"kubeconfig", '\0', true}};
constexpr std::array kReleaseOptions{kConfig, Option{"ip", '\0', true}, Option{"from-report", '\0', true},
                                     Option{"force"}};
constexpr std::array kConfigureOptions{
    kConfig, Option{"strictaffinity", '\0', true}, Option{"max-blocks-per-host", '\0', true},
    Option{"ip-cooldown-seconds", '\0', true}, Option{"kubevirt-ip-persistence", '\0', true}};
constexpr std::array kSplitOptions{kConfig, Option{"cidr", '\0', true}, Option{"name", '\0', true}};

/// As argutils.ValidateIP: an old exit, on standard output.
Result<net::IpAddr> parse_address(const World& world, const std::string& text) {
  Result<net::IpAddr> address = net::IpAddr::parse(text);
  if (!address) {
    world.say("Error executing command: invalid IP address specified: " + text);
    return refuse("");
  }
  return address;
}

ipam::Edition edition_of(const World& world) {
  return world.style.release == Release::head ? ipam::Edition::head : ipam::Edition::v3_31;
}

ipam::Ipam ipam_of(Session& session) {
  const ClientWorld& world = session.client->world();
  return ipam::Ipam(*session.store, {[&world] { return static_cast<ipam::UnixNanos>(world.clock_ns()); }});
}

Result<Session> open_ipam(Call& call) {
  Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    return session;
  }
  if (Status same = check_versions(*session->client, call); !same) {
    return fail(same.error());
  }
  return session;
}

Status print_table(const World& world, ipam::Table table) {
  world.out(print::box_table({std::move(table.headings), std::move(table.rows), std::move(table.right)},
                             world.style.boxes));
  return {};
}

Status print_text(const World& world, const Result<std::string>& text, std::string_view prefix = "") {
  if (!text) {
    return refuse(std::string(prefix) + text.error().message);
  }
  world.out(*text);
  return {};
}

Status show_borrowed(const World& world, Session& session) {
  Result<ipam::Borrowed> borrowed = ipam::read_borrowed(*session.store, edition_of(world));
  if (!borrowed) {
    return fail(borrowed.error());
  }
  if (Status printed = print_table(world, std::move(borrowed->table)); !printed) {
    return printed;
  }
  if (!borrowed->note.empty()) {
    world.say("\n" + borrowed->note);
  }
  return {};
}

Status show(Call& call) {
  const Arguments& arguments = call.arguments;
  const World& world = call.world;
  Result<Session> session = open_ipam(call);
  if (!session) {
    return fail(session.error());
  }
  ipam::Ipam ipam = ipam_of(*session);
  if (const auto text = arguments.value("ip")) {
    const Result<net::IpAddr> address = parse_address(world, *text);
    return address ? print_text(world, ipam::show_ip(ipam, *address, edition_of(world)))
                   : Status(fail(address.error()));
  }
  if (arguments.flag("show-borrowed")) {
    return show_borrowed(world, *session);
  }
  if (arguments.flag("show-configuration")) {
    const Result<ipam::Config> config = ipam.config();
    return config ? print_table(world, ipam::configuration_table(*config, edition_of(world)))
                  : Status(fail(config.error()));
  }
  const Result<std::vector<ipam::PoolUsage>> usage = ipam::read_usage(*session->store);
  return usage
             ? print_table(world, ipam::usage_table(*usage, arguments.flag("show-blocks"), edition_of(world)))
             : Status(fail(usage.error()));
}

/// Files separated by commas.
Result<std::vector<ipam::ReportFile>> read_reports(const std::string& names) {
  std::vector<ipam::ReportFile> out;
  for (std::size_t from = 0; from <= names.size();) {
    const std::size_t comma = std::min(names.find(',', from), names.size());
    const std::string name = names.substr(from, comma - from);
    Result<std::string> text = sys::read_file(name, std::size_t{256} << 20U);
    if (!text) {
      return fail(text.error());
    }
    out.push_back({name, std::move(*text)});
    from = comma + 1;
  }
  return out;
}

Status release(Call& call) {
  const Arguments& arguments = call.arguments;
  const auto address_text = arguments.value("ip");
  const auto report = arguments.value("from-report");
  if (address_text.has_value() == report.has_value()) {
    return refuse(
        fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                    "one of --ip and --from-report is required",
                    call.line));
  }
  Result<Session> session = open_ipam(call);
  if (!session) {
    return fail(session.error());
  }
  ipam::Ipam ipam = ipam_of(*session);
  if (!report) {
    const Result<net::IpAddr> address = parse_address(call.world, *address_text);
    return address ? print_text(call.world, ipam::release_ip(ipam, *address)) : Status(fail(address.error()));
  }
  Result<std::vector<ipam::ReportFile>> reports = read_reports(*report);
  if (!reports) {
    return fail(reports.error());
  }
  return print_text(call.world,
                    ipam::release_from_reports(*session->store, ipam,
                                               {std::move(*reports), arguments.flag("force"),
                                                std::string(client_version(call.world.style.release))}));
}

Status configure(Call& call) {
  const Arguments& arguments = call.arguments;
  Result<Session> session = open_ipam(call);
  if (!session) {
    return fail(session.error());
  }
  ipam::Ipam ipam = ipam_of(*session);
  return print_text(call.world, ipam::configure(ipam, {arguments.value("strictaffinity"),
                                                       arguments.value("max-blocks-per-host"),
                                                       arguments.value("kubevirt-ip-persistence"),
                                                       arguments.value("ip-cooldown-seconds")}));
}

Status check(Call& call) {
  const Arguments& arguments = call.arguments;
  const World& world = call.world;
  Result<Session> session = open_ipam(call);
  if (!session) {
    return fail(session.error());
  }
  const Result<ipam::CheckResult> result =
      ipam::check(*session->store,
                  {arguments.flag("show-all-ips"), arguments.flag("show-problem-ips"), edition_of(world)});
  if (!result) {
    return fail(result.error());
  }
  world.out(result->text);
  if (const auto file = arguments.value("output")) {
    return sys::write_file_atomic(*file, ipam::to_json(result->report, client_version(world.style.release)));
  }
  return {};
}

Status split(Call& call) {
  const Arguments& arguments = call.arguments;
  if (arguments.value("cidr").has_value() == arguments.value("name").has_value()) {
    return refuse(
        fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                    "one of --cidr and --name is required",
                    call.line));
  }
  Result<Session> session = open_ipam(call);
  if (!session) {
    return fail(session.error());
  }
  const std::string& count = arguments.positional[0];
  ipam::Split request;
  const auto read = std::from_chars(count.data(), count.data() + count.size(), request.parts);
  if (read.ec != std::errc() || read.ptr != count.data() + count.size()) {
    return refuse("number to split CIDR into is not a valid power of 2: " + count);
  }
  request.name = arguments.text("name");
  request.cidr = arguments.text("cidr");
  request.make_uid = call.world.client.new_uid;
  request.now = static_cast<ipam::UnixNanos>(call.world.client.clock_ns());
  const Status printed = print_text(call.world, ipam::split_pool(*session->store, request));
  if (printed) {
    call.world.say("");
  }
  return printed;
}

constexpr std::array kCommands{
    Command{"ipam show", "Show details of Calico's IPAM: usage, one address, borrowed ones.",
            "[--ip=<IP> | --show-blocks | --show-borrowed | --show-configuration] [--config=<CONFIG>]",
            kShowHelp, kShowOptions, 0, 0, show},
    Command{"ipam check", "Check the integrity of the IPAM data.",
            "[--show-all-ips] [--show-problem-ips] [--output=<FILE>] [--config=<CONFIG>]", kCheckHelp,
            kCheckOptions, 0, 0, check},
    Command{"ipam release", "Release addresses that are assigned.",
            "(--ip=<IP> | --from-report=<REPORT> [--force]) [--config=<CONFIG>]", kReleaseHelp,
            kReleaseOptions, 0, 0, release},
    Command{"ipam configure", "Configure IPAM.",
            "[--strictaffinity=<true|false>] [--max-blocks-per-host=<N>] [--ip-cooldown-seconds=<N>] "
            "[--kubevirt-ip-persistence=<Enabled|Disabled>] [--config=<CONFIG>]",
            kConfigureHelp, kConfigureOptions, 0, 0, configure},
    Command{"ipam split", "Split an IP pool into smaller ones.",
            "<NUMBER> (--cidr=<CIDR> | --name=<POOL>) [--config=<CONFIG>]", kSplitHelp, kSplitOptions, 1, 1,
            split},
};

}  // namespace

std::span<const Command> ipam_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
