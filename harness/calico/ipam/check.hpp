#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ipam/ipam.hpp"
#include "calico/ipam/show.hpp"
#include "calico/store/datastore.hpp"
#include "net/addr.hpp"

/// `calicoctl ipam check` and `ipam release --from-report`: what IPAM holds against what nodes, workloads and
/// services use.
namespace catflap::calico::ipam {

/// One assigned address.
struct Allocation {
  net::IpAddr address;
  std::string handle{};
  std::uint64_t sequence = 0;
  std::string pod{}, name_space{}, node{}, type{}, created{};
  std::string attributes{};  ///< "Main:<handle> Extra:k=v,k=v"
  bool in_use = false;
  bool borrowed = false;  ///< of a block that is not its node's
  bool cooling = false;
  std::vector<std::string> owners{};  ///< "Node(a)", "Workload(ns/name)"
};

struct HandleInfo {
  std::string id{};
  std::string revision{};

  bool operator==(const HandleInfo&) const = default;
};

/// What was found. Everything is sorted, where Calico prints in the order of Go's maps.
struct CheckReport {
  std::string cluster_guid{}, cluster_revision{}, cluster_type{};
  bool locked = false;
  std::map<net::IpAddr, std::vector<Allocation>> allocations{};  ///< two for one address: blocks overlap
  std::map<net::IpAddr, std::vector<std::string>> in_use{};      ///< by whom
  std::vector<net::IpAddr> leaked{};                             ///< assigned, and nobody uses it
  std::vector<net::IpAddr> outside{};                            ///< in use, in no enabled pool
  std::vector<net::IpAddr> unallocated{};                        ///< in use, in a pool, not assigned
  std::vector<HandleInfo> idle_handles{};                        ///< without any address
  std::vector<std::string> missing_handles{};  ///< that addresses have and the store has not
  std::vector<std::string> invalid_blocks{};   ///< "10.0.0.0/26: what is wrong"

  /// Missing handles are none.
  std::size_t problems() const {
    return leaked.size() + outside.size() + unallocated.size() + idle_handles.size() + invalid_blocks.size();
  }
};

struct CheckOptions {
  bool show_all = false;       ///< --show-all-ips
  bool show_problems = false;  ///< --show-problem-ips; show_all implies it
  Edition edition = Edition::v3_31;
};

struct CheckResult {
  CheckReport report{};
  std::string text{};  ///< all lines
};

Result<CheckResult> check(Datastore& store, const CheckOptions& options);

/// The file of `-o`: JSON, indented by two. `version` is that of the program.
std::string to_json(const CheckReport& report, std::string_view version);

/// A report file's name and content.
struct ReportFile {
  std::string name{};
  std::string text{};
};
struct ReleaseFromReports {
  std::vector<ReportFile> reports{};
  bool force = false;
  std::string version{};  ///< of the program
};
/// Releases what every report calls leaked, as the last one describes it. The text that is printed; errors as
/// Calico words them.
Result<std::string> release_from_reports(Datastore& store, Ipam& ipam, const ReleaseFromReports& request);

}  // namespace catflap::calico::ipam
