#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bgp/rib/table.hpp"
#include "bgp/speaker/out_blocks.hpp"
#include "bgp/speaker/slot_set.hpp"
#include "bgp/wire/codec.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

class UpdateGroup;

void add(observe::ChangeCounters& to, const observe::ChangeCounters& more);

/// What an update group needs of a peer in one family, and what it keeps for
/// it.
class UpdateMember {
 public:
  virtual ~UpdateMember() = default;

  virtual rib::ProtocolId protocol_id() const = 0;
  virtual const net::IpAddr& neighbor() const = 0;
  /// What to tell of a path: kRejected, kFiltered, or a use of a block. Asked
  /// of one member for the whole group, so the answer may depend on what all
  /// have in common only: not on who the peer is (split horizon is the
  /// group's). `told`: there is something already, so no limit is passed.
  virtual BlockId evaluate(const net::Prefix& prefix, const rib::Path& path, bool told,
                           std::size_t standing) = 0;
  /// False: wait, whatever room there is.
  virtual bool may_send() const = 0;
  /// Octets that the connection takes now; whoever has any room gets whole
  /// messages.
  virtual std::size_t room() const = 0;
  virtual void send(std::shared_ptr<const Bytes> bytes, std::uint64_t updates) = 0;
  /// Told at the end of each round: something waits for room.
  virtual void blocked(bool waits) = 0;

  bool end_of_rib_due = false;
  bool begin_refresh_due = false, end_refresh_due = false;

 private:
  friend class UpdateGroup;
  bool behind_ = false;  ///< goes its own way until `owed_` is empty
  SlotSet owed_;         ///< what it must be told besides what is pending for all
  observe::ChangeCounters updates_before_,
      withdraws_before_;  ///< of the group, when it came
  observe::ChangeCounters own_updates_before_, own_withdraws_before_;
};

/// Peers of one family that are told the same: one evaluation of the export
/// rules, one Adj-RIB-Out, one encoding. RFC 4271 §9.1.3, §9.2.
///
/// Slots are the prefixes of the table, or with ADD-PATH pairs of a prefix and
/// a path number. `out_` says for each slot what everybody shall have; but a
/// peer never gets what it brought itself, or what leads to itself. `pending_`
/// are the slots that changed since they were last sent to all. Who cannot keep
/// up falls behind: it is owed what the others are sent, as a set of slots, and
/// catches up from `out_`, the newest state, when it has room.
///
/// Invariant: what a member has been told is `out_`, except for the slots in
/// `pending_` and in its `owed_`. Slots that anybody still waits for stay
/// pinned in the table. Memory is bounded: a change of a slot that waits
/// already takes none.
class UpdateGroup {
 public:
  struct Options {
    wire::AfiSafi family;
    wire::EncodeContext context;
    bool all_paths = false;  ///< ADD-PATH
    /// Numbers a path for ADD-PATH, the same for all groups.
    std::function<std::uint32_t(const rib::Path&)> path_number;
    /// A verdict may be used again for another prefix with the same attributes
    /// from the same protocol, with the same path id.
    bool attributes_only = false;
  };
  /// `table` and `blocks` must outlive the group.
  UpdateGroup(rib::Table& table, OutBlocks& blocks, Options options);
  ~UpdateGroup();
  UpdateGroup(const UpdateGroup&) = delete;
  UpdateGroup& operator=(const UpdateGroup&) = delete;

  /// A member that has been told nothing; it gets everything.
  void add(UpdateMember& member);
  /// A member that has been told what `from` says; it gets the difference. It
  /// leaves `from`.
  void take_over(UpdateMember& member, UpdateGroup& from);
  /// A group of its own for a member, with all that it has been told, however
  /// the rules judge it by now; they are asked for changes only. It leaves this
  /// group.
  std::unique_ptr<UpdateGroup> split_off(UpdateMember& member);
  void remove(UpdateMember& member);
  /// Then it must be destroyed: nobody tells it what changes.
  bool empty() const { return members_.empty(); }
  const std::vector<UpdateMember*>& members() const { return members_; }

  /// Everything again for one member (ROUTE-REFRESH).
  void resend(UpdateMember& member);
  /// The rules may judge otherwise by now: everything is looked at again.
  void reevaluate();
  void route_changed(const rib::Change& change);
  bool wants(const rib::Change& change) const { return change.best_changed || options_.all_paths; }
  /// Verdicts that were kept for use again are wrong: a next hop moved.
  void forget_verdicts();

  /// Looks at a part of the table, if that is still to be done, and sends what
  /// there is and fits. True if there is more to do at once.
  bool flush();

  /// Paths that a member has been told of or will be.
  std::size_t exported(const UpdateMember& member) const;
  std::size_t exported() const { return live_; }
  /// What was evaluated and sent for a member since it came.
  observe::ChangeCounters updates(const UpdateMember& member) const;
  observe::ChangeCounters withdraws(const UpdateMember& member) const;
  std::size_t waiting() const { return pending_.size() - pending_begin_; }
  bool is_behind(const UpdateMember& member) const { return member.behind_; }

  bool scheduled = false;  ///< of whoever calls flush()

 private:
  using Slot = std::uint32_t;
  static constexpr Slot kNoSlot = 0xFFFFFFFF;
  struct PathSlot {
    rib::PrefixId prefix = 0;
    std::uint32_t path_number = 0;
    Slot next = kNoSlot;  ///< of the same prefix, or free
  };
  struct Pending {
    Slot slot = 0;
    BlockId before = kNothing;  ///< what all were last told; counted
    BlockId now = kNothing;     ///< while it is being sent
  };
  struct Counters {
    observe::ChangeCounters updates, withdraws;
    std::size_t live = 0;
  };
  struct Verdict {
    std::uint64_t serial = 0;
    rib::ProtocolId protocol = 0;
    rib::PathId path_id = 0;
    BlockId block = kNothing;
  };
  /// Octets of whole messages and who must not get them.
  struct Piece {
    std::size_t begin = 0, end = 0;
    UpdateMember* not_for = nullptr;
    UpdateMember* nor_for = nullptr;
  };
  struct Stream {
    ByteSink octets;
    std::vector<Piece> pieces;
  };
  /// Slots of one block; or without one withdrawals of what came from one
  /// source.
  struct Bucket {
    BlockId block = kNothing;
    BlockId before = kNothing;
    std::size_t begin = 0, end = 0;  ///< in `order_`: what is not sent yet
  };
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

  // Slots and members (update_group.cpp).
  net::Prefix prefix_of(Slot slot) const;
  std::uint32_t path_number_of(Slot slot) const { return options_.all_paths ? slots_[slot].path_number : 0; }
  Slot find_slot(rib::PrefixId prefix, std::uint32_t path_number) const;
  Slot slot_for(rib::PrefixId prefix, std::uint32_t path_number);
  void pin(Slot slot);
  void try_release(Slot slot);
  void set_out(Slot slot, BlockId now);
  void count_standing(BlockId block, bool comes);
  Counters& counters_of(BlockId block);
  void evaluate(rib::PrefixId id, const net::Prefix& prefix, const rib::Entry* entry, const rib::Path* best);
  BlockId judge(const net::Prefix& prefix, const rib::Path& path, BlockId told);
  void build(std::size_t steps);
  bool is_for(const UpdateMember& member, BlockId block) const;
  void owe_everything(UpdateMember& member);
  void start_counters(UpdateMember& member);
  void enter(UpdateMember& member);
  void set_behind(UpdateMember& member, bool behind);
  void leave(UpdateMember& member);
  void forget_pending();
  template <class F>
  static void for_each_of(const SlotSet& slots, F&& visit) {
    Slot from = 0;
    for (std::size_t left = slots.size(); left > 0; --left) {
      const Slot slot = slots.next(from);
      visit(slot);
      from = slot + 1;
    }
  }

  // Sending (update_group_send.cpp).
  UpdateMember* member_of_source(BlockId block) const;
  UpdateMember* member_of_next_hop(BlockId block) const;
  std::vector<Bucket> sort(std::span<const Pending> entries);
  /// Appends one message with the next entries of a bucket; returns these.
  std::span<const Slot> put_message(Bucket& bucket, ByteSink& out);
  std::size_t ready_room();
  void ship(Stream& stream);
  void owe(UpdateMember* member, Slot slot);
  bool settle_special(const Pending& entry);
  void done(Slot slot);
  void send_pending();
  bool send_buckets(std::vector<Bucket> buckets, std::size_t room);
  void take_off_pending(std::size_t count);
  bool send_owed(UpdateMember& member);
  void catch_up(UpdateMember& member);
  void say(UpdateMember& member, const wire::RouteRefresh& message);
  void finish(UpdateMember& member);

  rib::Table& table_;
  OutBlocks& blocks_;
  Options options_;
  std::vector<UpdateMember*> members_;  ///< in the order in which they came
  std::map<rib::ProtocolId, UpdateMember*> by_protocol_;
  std::map<net::IpAddr, UpdateMember*> by_neighbor_;
  std::vector<BlockId> out_;     ///< by slot
  std::vector<PathSlot> slots_;  ///< ADD-PATH only
  std::vector<Slot> heads_;      ///< by prefix; ADD-PATH only
  Slot free_slot_ = kNoSlot;
  std::vector<UpdateMember*> behind_;  ///< those of members_
  SlotSet pinned_, is_pending_;
  std::vector<Pending> pending_;
  std::size_t pending_begin_ = 0;
  rib::PrefixId built_ = 0;  ///< prefixes below have been looked at
  bool building_ = true;
  Counters all_;  ///< of evaluations, whoever they are for; `accepted` counts blocks
  std::size_t live_ = 0, filtered_ = 0, rejected_ = 0;
  std::map<rib::ProtocolId, Counters> of_source_;
  Counters* last_counters_ = nullptr;
  rib::ProtocolId last_source_ = 0;
  std::vector<Verdict> verdicts_;
  std::vector<Slot> order_;       ///< scratch: slots by bucket
  std::vector<wire::Nlri> nlri_;  ///< scratch
};

}  // namespace catflap::bgp::internal
