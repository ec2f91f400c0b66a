#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bgp/speaker/out_blocks.hpp"
#include "bgp/speaker/update_group.hpp"
#include "intent/router.hpp"

namespace catflap::bgp::internal {

struct Core;
struct TableState;

/// Everything that the export rules of a peer look at, and how it is spoken to.
/// Peers with equal keys share an update group. A rule that looks at something
/// else must put it in here; `bgp` is the peer's configuration without what
/// says only who and where it is, so a new setting is in here by itself.
struct ExportKey {
  TableState* table = nullptr;
  wire::AfiSafi family;
  intent::BgpIntent bgp;
  intent::FilterRef filter;
  intent::BgpChannelIntent channel;
  bool internal = false, as4 = false, extended_message = false, any_next_hop_family = false,
       all_paths = false;
  bool llgr_aware = false;
  std::optional<net::IpAddr> next_hop, link_local;  ///< what "self" is
  std::optional<std::uint32_t> interface;           ///< of a peer that is one hop away
  std::uint32_t cluster_id = 0;
  std::uint64_t alone = 0;  ///< not 0: shared with nobody

  bool operator==(const ExportKey& other) const;
};
/// The settings of a peer without what tells peers apart that are told the
/// same.
intent::BgpIntent export_settings(intent::BgpIntent bgp);

/// The update groups of a router. Must be destroyed before the tables.
class ExportGroups {
 public:
  explicit ExportGroups(Core& core) : core_(core) {}
  ~ExportGroups();
  ExportGroups(const ExportGroups&) = delete;
  ExportGroups& operator=(const ExportGroups&) = delete;

  /// Puts a member into the group of this key, making it if there is none.
  /// `from`: where it is now, then it is told the difference; nullptr: it is
  /// told everything.
  UpdateGroup* join(ExportKey key, UpdateMember& member, UpdateGroup* from);
  /// Gives a member a group of its own with all that it was told (see
  /// UpdateGroup::split_off).
  UpdateGroup* split_off(UpdateGroup& group, UpdateMember& member);
  void leave(UpdateGroup& group, UpdateMember& member);
  void schedule(UpdateGroup& group);
  bool scheduled() const { return !queue_.empty(); }
  /// Flushes those that were scheduled. Those that have more to do are
  /// scheduled again.
  void flush();
  /// A next hop moved.
  void forget_verdicts();
  OutBlocks& blocks() { return blocks_; }
  std::size_t size() const { return groups_.size(); }

 private:
  struct Group {
    ExportKey key;
    std::unique_ptr<UpdateGroup> group;
  };
  void drop_if_empty(UpdateGroup& group);
  static void drop_from_table(TableState& table, UpdateGroup& group);
  UpdateGroup* adopt(ExportKey key, std::unique_ptr<UpdateGroup> group);

  Core& core_;
  OutBlocks blocks_;
  std::vector<Group> groups_;  ///< in the order in which they were made
  std::vector<UpdateGroup*> queue_;
  std::uint64_t split_ = 0;
};

}  // namespace catflap::bgp::internal
