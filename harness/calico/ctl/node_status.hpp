#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ctl/command.hpp"

namespace catflap::calico::ctl {

struct BgpPeerRow {
  std::string address;
  std::string type;   ///< "node-to-node mesh", "node specific", "global"
  std::string state;  ///< "up", "start", "down"
  std::string since;
  std::string info;

  bool operator==(const BgpPeerRow&) const = default;
};

/// Reads what BIRD answers to `show protocols`, from the greeting to the code 0000: the headings of BIRD 1.x
/// (name proto table state since info) and of 2.x (Name Proto ...). Rows that are no peer of Calico's naming
/// (Global_, Node_, Mesh_ and the address), and those with fewer than six words, are passed over.
/// Errc::protocol.
Result<std::vector<BgpPeerRow>> read_bird_peers(std::string_view reply, bool ipv6);
/// Leaves only the peers of that family, of a daemon that speaks both: by the form of the address.
void keep_family(std::vector<BgpPeerRow>& peers, bool ipv6);

/// `node status`.
Status node_status(Call& call);

}  // namespace catflap::calico::ctl
