#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/options.hpp"
#include "topology/topology.hpp"

/// The verbs of `catflap`. Each returns the exit code.
namespace catflap::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitCheckFailed = 1;
inline constexpr int kExitBadInput = 2;
inline constexpr int kExitEnvironment = 3;
inline constexpr int kExitSkipped = 77;
inline constexpr int kExitSignal = 128;  ///< plus the number of the signal, as shells have it

/// What every verb knows.
struct Common {
  bool json = false;
  std::string lab;  ///< --lab: which running lab; "": the only one
};

/// A topology file with what the command line changes of it.
struct Input {
  std::string file;
  std::vector<std::string> speakers;  ///< "NODE=self|bird", or "self|bird" for all
  std::string name;                   ///< of the running lab; "": the topology's
  std::string record;                 ///< folder for event logs; "": none
};

int validate(const Common& common, const std::vector<std::string>& files);
int plan(const Common& common, const Input& input, bool configs);
int up(const Common& common, const Input& input, bool wait);
int test(const Common& common, const std::vector<std::string>& files,
         const std::vector<std::string>& speakers, bool matrix, const std::string& junit,
         const std::string& record);
int status(const Common& common);
int exec(const Common& common, const std::string& node, const std::vector<std::string>& command);
int shell(const Common& common, const std::string& node);
/// `ctl WORDS...`, `kubectl WORDS...`: catflap-ctl on the store of a lab. "LAB -- WORDS" names it.
int ctl(const Common& common, std::vector<std::string> words, bool kubectl);
/// What commands inside a node find by environment: the node's name, its speaker's socket, the lab's store,
/// and our programs, calicoctl among them.
void set_node_environment(const Common& common, const std::string& node);
int expect(const Common& common, const std::string& check, const std::string& within);
int act(const Common& common, const std::string& action);
int down(const Common& common, const std::vector<std::string>& labs, bool all);
int gc(const Common& common);
int doctor(const Common& common);
int schema();

/// `replay FILE`: exit code 1 if the speaker now does something else.
int replay(const Common& common, const std::string& file, std::optional<std::uint64_t> until, bool show);
/// `mrt show FILE`: the one-line text of bgpdump -m.
int mrt_show(const Common& common, const std::string& file);
/// Speaks BGP as the peer that a collector saw.
struct MrtSend {
  std::string file, to, local, id;
  std::uint32_t as = 0;
  int peer = -1;            ///< only routes of this peer of the file's index; -1: all
  std::uint64_t limit = 0;  ///< routes; 0: all
  double hold_s = 0;        ///< how long the session stays after the last route; < 0: until it ends
};
int mrt_send(const Common& common, const MrtSend& options);

/// `bgp [NODE] VERB ...`: questions to a speaker.
struct BgpOptions {
  std::vector<std::string> words;  ///< node (without --socket), verb, its arguments
  std::string socket;              ///< events socket of a catflap-bgpd outside of labs
  std::string table, in, protocol, exported, where;
  bool exact = false, primary = false, filtered = false, why = false;
  bool only_routes = false, only_sessions = false;
  std::string mrt;          ///< malformed: the file for the messages
  std::uint64_t count = 0;  ///< of changes to watch; 0: all
};
int bgp(const Common& common, const BgpOptions& options);

/// `calico selector EXPRESSION`: prints true or false for the labels, a JSON object of texts ("": none).
int calico_selector(const Common& common, const std::string& expression, const std::string& labels);
/// `calico validate FILE...`: every mistake in files of resources, with file:line:column and the field.
int calico_validate(const Common& common, const std::vector<std::string>& files);
/// `calico convert FILE`: v1 resources and Kubernetes NetworkPolicies as YAML (--json: JSON) of the v3 API.
int calico_convert(const Common& common, const std::string& file, bool ignore_validation);
/// `calico schema [KIND]`: the JSON schema of one kind, or of all.
int calico_schema(const Common& common, const std::string& kind);

/// Prints "catflap: error", or {"error": ...} with --json, and returns the exit code that fits.
int report_error(const Common& common, const Error& error);
/// Reads a topology; prints all its diagnostics to standard error. Errc::invalid if it cannot be used: told
/// already.
Result<topology::Topology> load_topology(const Common& common, const std::string& file);
/// Applies "NODE=self|bird" and "self|bird".
Result<topology::Topology> with_speakers(topology::Topology topology,
                                         const std::vector<std::string>& speakers);
/// Makes FOLDER/NAME for event logs; the absolute path.
Result<std::filesystem::path> record_folder(const std::string& folder, const std::string& name);
/// The lab that --lab names, or the only one that is up.
Result<std::string> chosen_lab(const Common& common);

}  // namespace catflap::app
