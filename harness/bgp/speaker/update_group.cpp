#include "bgp/speaker/update_group.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

/// Slots and members of an update group; sending is in update_group_send.cpp.
namespace catflap::bgp::internal {
namespace {

constexpr std::size_t kVerdictsKept = 256;

observe::ChangeCounters minus(const observe::ChangeCounters& a, const observe::ChangeCounters& b) {
  return {a.received - b.received, a.rejected - b.rejected, a.filtered - b.filtered, a.ignored - b.ignored,
          a.accepted - b.accepted};
}

}  // namespace

void add(observe::ChangeCounters& to, const observe::ChangeCounters& more) {
  to.received += more.received;
  to.rejected += more.rejected;
  to.filtered += more.filtered;
  to.ignored += more.ignored;
  to.accepted += more.accepted;
}

UpdateGroup::UpdateGroup(rib::Table& table, OutBlocks& blocks, Options options)
    : table_(table), blocks_(blocks), options_(std::move(options)) {}

UpdateGroup::~UpdateGroup() {
  forget_verdicts();
  while (!members_.empty()) {
    remove(*members_.back());
  }
  for (std::size_t i = pending_begin_; i < pending_.size(); ++i) {
    blocks_.release(pending_[i].before);
  }
  for (Slot slot = 0; slot < out_.size(); ++slot) {
    blocks_.release(out_[slot]);
    if (pinned_.contains(slot)) {
      table_.unpin(options_.all_paths ? slots_[slot].prefix : slot);
    }
  }
}

void UpdateGroup::forget_verdicts() {
  for (Verdict& verdict : verdicts_) {
    blocks_.release(verdict.block);
    verdict = {};
  }
}

net::Prefix UpdateGroup::prefix_of(Slot slot) const {
  return table_.prefix_of(options_.all_paths ? slots_[slot].prefix : slot);
}

UpdateGroup::Slot UpdateGroup::find_slot(rib::PrefixId prefix, std::uint32_t path_number) const {
  if (!options_.all_paths) {
    return prefix < out_.size() ? prefix : kNoSlot;
  }
  Slot slot = prefix < heads_.size() ? heads_[prefix] : kNoSlot;
  while (slot != kNoSlot && slots_[slot].path_number != path_number) {
    slot = slots_[slot].next;
  }
  return slot;
}

UpdateGroup::Slot UpdateGroup::slot_for(rib::PrefixId prefix, std::uint32_t path_number) {
  if (!options_.all_paths) {
    if (prefix >= out_.size()) {
      constexpr std::size_t kStep = 1U << 16U;
      const std::size_t wanted = std::max<std::size_t>(prefix + 1U, table_.id_limit());
      if (out_.capacity() < wanted) {
        out_.reserve(wanted < kStep ? wanted + wanted / 2 : (wanted / kStep + 1) * kStep);
      }
      out_.resize(wanted, kNothing);
    }
    return prefix;
  }
  const Slot found = find_slot(prefix, path_number);
  if (found != kNoSlot) {
    return found;
  }
  Slot slot = free_slot_;
  if (slot == kNoSlot) {
    slot = static_cast<Slot>(slots_.size());
    slots_.emplace_back();
    out_.push_back(kNothing);
  } else {
    free_slot_ = slots_[slot].next;
  }
  if (heads_.size() <= prefix) {
    heads_.resize(std::max<std::size_t>(prefix + 1U, table_.id_limit()), kNoSlot);
  }
  slots_[slot] = {prefix, path_number, heads_[prefix]};
  heads_[prefix] = slot;
  pin(slot);
  return slot;
}

void UpdateGroup::pin(Slot slot) {
  if (pinned_.insert(slot)) {
    table_.pin(options_.all_paths ? slots_[slot].prefix : slot);
  }
}

/// Lets go of a slot that nobody waits for.
void UpdateGroup::try_release(Slot slot) {
  const bool in_use = options_.all_paths ? out_[slot] != kNothing : is_block(out_[slot]);
  if (in_use || !pinned_.contains(slot) || is_pending_.contains(slot) ||
      std::any_of(members_.begin(), members_.end(), [&](const UpdateMember* member) {
        return member->behind_ && member->owed_.contains(slot);
      })) {
    return;
  }
  pinned_.erase(slot);
  rib::PrefixId prefix = slot;
  if (options_.all_paths) {
    prefix = slots_[slot].prefix;
    Slot* at = &heads_[prefix];
    while (*at != slot) {
      at = &slots_[*at].next;
    }
    *at = slots_[slot].next;
    slots_[slot].next = free_slot_;
    free_slot_ = slot;
  }
  table_.unpin(prefix);
}

UpdateGroup::Counters& UpdateGroup::counters_of(BlockId block) {
  const rib::ProtocolId source = blocks_.source(block);
  if (last_counters_ == nullptr || last_source_ != source) {
    last_counters_ = &of_source_[source];
    last_source_ = source;
  }
  return *last_counters_;
}

void UpdateGroup::count_standing(BlockId block, bool comes) {
  const std::size_t step = comes ? 1 : static_cast<std::size_t>(-1);
  if (is_block(block)) {
    live_ += step;
    counters_of(block).live += step;
  } else if (block != kNothing) {
    (block == kFiltered ? filtered_ : rejected_) += step;
  }
}

/// Takes over one use of `now`.
void UpdateGroup::set_out(Slot slot, BlockId now) {
  const BlockId before = out_[slot];
  if (before == now) {
    blocks_.release(now);
    return;
  }
  count_standing(before, false);
  out_[slot] = now;
  if (is_block(now)) {
    ++live_;
    ++all_.updates.accepted;
    Counters& counters = counters_of(now);
    ++counters.live;
    ++counters.updates.accepted;
  } else {
    count_standing(now, true);
    if (is_block(before)) {
      ++all_.withdraws.accepted;
      ++counters_of(before).withdraws.accepted;
    }
  }
  if (!is_block(before) && !is_block(now)) {
    return;
  }
  pin(slot);
  if (is_pending_.insert(slot)) {
    pending_.push_back({slot, before});
  } else {
    blocks_.release(before);
  }
}

BlockId UpdateGroup::judge(const net::Prefix& prefix, const rib::Path& path, BlockId told) {
  ++all_.updates.received;
  BlockId block = kRejected;
  if (!options_.attributes_only) {
    block = members_.front()->evaluate(prefix, path, is_block(told), live_);
  } else {
    const std::uint64_t serial = path.attrs.serial();
    if (verdicts_.empty()) {
      verdicts_.resize(kVerdictsKept);
    }
    // (protocol, path id) say where it came from first, behind pipes, too.
    Verdict& known = verdicts_[serial % kVerdictsKept];
    if (known.serial != serial || known.protocol != path.protocol || known.path_id != path.path_id) {
      blocks_.release(known.block);
      known = {serial, path.protocol, path.path_id,
               members_.front()->evaluate(prefix, path, is_block(told), live_)};
    }
    block = known.block;
    blocks_.retain(block);
  }
  all_.updates.rejected += block == kRejected ? 1U : 0U;
  all_.updates.filtered += block == kFiltered ? 1U : 0U;
  return block;
}

void UpdateGroup::evaluate(rib::PrefixId id, const net::Prefix& prefix, const rib::Entry* entry,
                           const rib::Path* best) {
  if (best == nullptr) {
    ++all_.withdraws.received;
  }
  if (!options_.all_paths) {
    const Slot slot = slot_for(id, 0);
    set_out(slot, best == nullptr ? kNothing : judge(prefix, *best, out_[slot]));
    return;
  }
  std::vector<Slot> there;
  if (entry != nullptr) {
    for (const rib::Path& path : entry->paths()) {
      if (!path.flags.filtered && !path.flags.unusable) {
        const Slot slot = slot_for(id, options_.path_number(path));
        set_out(slot, judge(prefix, path, out_[slot]));
        there.push_back(slot);
      }
    }
  }
  for (Slot slot = id < heads_.size() ? heads_[id] : kNoSlot; slot != kNoSlot;) {
    const Slot next = slots_[slot].next;
    if (std::find(there.begin(), there.end(), slot) == there.end()) {
      set_out(slot, kNothing);
      try_release(slot);
    }
    slot = next;
  }
}

void UpdateGroup::route_changed(const rib::Change& change) {
  if (members_.empty() || (building_ && change.id >= built_ && change.entry != nullptr)) {
    return;  // what has not been looked at yet will be
  }
  evaluate(change.id, change.prefix, change.entry, change.best);
}

void UpdateGroup::build(std::size_t steps) {
  if (!building_ || members_.empty()) {
    return;
  }
  for (; steps > 0 && built_ < table_.id_limit(); --steps, ++built_) {
    const rib::Entry* entry = table_.entry_of(built_);
    if (entry != nullptr && (entry->best() != nullptr || options_.all_paths)) {
      evaluate(built_, table_.prefix_of(built_), entry, entry->best());
    }
  }
  building_ = built_ < table_.id_limit();
}

void UpdateGroup::reevaluate() {
  forget_verdicts();
  building_ = true;
  built_ = 0;
}

bool UpdateGroup::is_for(const UpdateMember& member, BlockId block) const {
  return blocks_.is_said(block) && blocks_.source(block) != member.protocol_id() &&
         !(blocks_.next_hop(block) == member.neighbor());
}

void UpdateGroup::set_behind(UpdateMember& member, bool behind) {
  if (member.behind_ != behind) {
    member.behind_ = behind;
    if (behind) {
      behind_.push_back(&member);
    } else {
      behind_.erase(std::remove(behind_.begin(), behind_.end(), &member), behind_.end());
    }
  }
}

void UpdateGroup::owe_everything(UpdateMember& member) {
  set_behind(member, true);
  for (Slot slot = 0; slot < out_.size(); ++slot) {
    if (is_block(out_[slot]) && is_for(member, out_[slot])) {
      member.owed_.insert(slot);
    }
  }
}

/// As if all that stands had been evaluated for it just now.
void UpdateGroup::start_counters(UpdateMember& member) {
  const Counters& own = of_source_[member.protocol_id()];
  member.updates_before_ = all_.updates;
  member.updates_before_.received -= live_ + filtered_ + rejected_;
  member.updates_before_.filtered -= filtered_;
  member.updates_before_.rejected -= rejected_;
  member.updates_before_.accepted -= live_;
  member.withdraws_before_ = all_.withdraws;
  member.own_updates_before_ = own.updates;
  member.own_updates_before_.accepted -= own.live;
  member.own_withdraws_before_ = own.withdraws;
}

void UpdateGroup::enter(UpdateMember& member) {
  members_.push_back(&member);
  by_protocol_[member.protocol_id()] = &member;
  by_neighbor_[member.neighbor()] = &member;
  member.behind_ = false;
  start_counters(member);
}

void UpdateGroup::add(UpdateMember& member) {
  enter(member);
  if (live_ > 0 || waiting() > 0) {
    owe_everything(member);
  }
}

void UpdateGroup::leave(UpdateMember& member) {
  members_.erase(std::remove(members_.begin(), members_.end(), &member), members_.end());
  by_protocol_.erase(member.protocol_id());
  by_neighbor_.erase(member.neighbor());
  set_behind(member, false);
}

void UpdateGroup::remove(UpdateMember& member) {
  leave(member);
  const SlotSet owed = std::exchange(member.owed_, {});
  for_each_of(owed, [&](Slot slot) { try_release(slot); });
}

void UpdateGroup::forget_pending() {
  for (; pending_begin_ < pending_.size(); ++pending_begin_) {
    const Pending& entry = pending_[pending_begin_];
    is_pending_.erase(entry.slot);
    blocks_.release(entry.before);
    try_release(entry.slot);
  }
  pending_ = {};
  pending_begin_ = 0;
}

void UpdateGroup::take_over(UpdateMember& member, UpdateGroup& from) {
  SlotSet unsettled = std::exchange(member.owed_, {});
  for (std::size_t i = from.pending_begin_; i < from.pending_.size(); ++i) {
    unsettled.insert(from.pending_[i].slot);
  }
  const bool alone = members_.empty();
  from.leave(member);
  enter(member);
  build(static_cast<std::size_t>(-1));
  if (alone) {
    forget_pending();  // nobody has been told anything by this group
    start_counters(member);
  }
  set_behind(member, true);
  for (std::size_t i = pending_begin_; i < pending_.size(); ++i) {
    member.owed_.insert(pending_[i].slot);  // `before` is not what this member was told
  }
  for (Slot theirs = 0; theirs < from.out_.size(); ++theirs) {
    if (!is_block(from.out_[theirs]) && !unsettled.contains(theirs)) {
      continue;
    }
    const rib::PrefixId prefix = from.options_.all_paths ? from.slots_[theirs].prefix : theirs;
    const Slot ours = slot_for(prefix, from.path_number_of(theirs));
    const BlockId now = out_[ours];
    if (unsettled.contains(theirs) || !is_block(now) || !blocks_.same_octets(now, from.out_[theirs]) ||
        !is_for(member, now) || !is_for(member, from.out_[theirs])) {
      pin(ours);
      member.owed_.insert(ours);
    }
  }
  for (Slot ours = 0; ours < out_.size(); ++ours) {
    if (!is_block(out_[ours]) || !is_for(member, out_[ours])) {
      continue;
    }
    const Slot theirs = from.find_slot(options_.all_paths ? slots_[ours].prefix : ours, path_number_of(ours));
    if (theirs == kNoSlot || !is_block(from.out_[theirs])) {
      member.owed_.insert(ours);
    }
  }
  for_each_of(unsettled, [&](Slot slot) { from.try_release(slot); });
}

std::unique_ptr<UpdateGroup> UpdateGroup::split_off(UpdateMember& member) {
  build(static_cast<std::size_t>(-1));
  auto fresh = std::make_unique<UpdateGroup>(table_, blocks_, options_);
  SlotSet owed = std::exchange(member.owed_, {});
  for (std::size_t i = pending_begin_; i < pending_.size(); ++i) {
    owed.insert(pending_[i].slot);
  }
  fresh->out_ = out_;
  fresh->slots_ = slots_;
  fresh->heads_ = heads_;
  fresh->free_slot_ = free_slot_;
  fresh->building_ = false;
  fresh->built_ = built_;
  for (Slot slot = 0; slot < out_.size(); ++slot) {
    blocks_.retain(out_[slot]);
    fresh->count_standing(out_[slot], true);
    if (pinned_.contains(slot)) {
      fresh->pin(slot);
    }
  }
  leave(member);
  fresh->enter(member);
  fresh->set_behind(member, true);
  member.owed_ = owed;
  for (Slot slot = 0; slot < fresh->out_.size(); ++slot) {
    fresh->try_release(slot);
  }
  for_each_of(owed, [&](Slot slot) { try_release(slot); });
  return fresh;
}

void UpdateGroup::resend(UpdateMember& member) {
  owe_everything(member);
}

std::size_t UpdateGroup::exported(const UpdateMember& member) const {
  const auto own = of_source_.find(member.protocol_id());
  return live_ - (own == of_source_.end() ? 0 : own->second.live);
}

observe::ChangeCounters UpdateGroup::updates(const UpdateMember& member) const {
  observe::ChangeCounters counters = minus(all_.updates, member.updates_before_);
  const auto own = of_source_.find(member.protocol_id());
  if (own != of_source_.end()) {
    const std::uint64_t accepted = own->second.updates.accepted - member.own_updates_before_.accepted;
    counters.accepted -= accepted;
    counters.rejected += accepted;
  }
  return counters;
}

observe::ChangeCounters UpdateGroup::withdraws(const UpdateMember& member) const {
  observe::ChangeCounters counters = minus(all_.withdraws, member.withdraws_before_);
  const auto own = of_source_.find(member.protocol_id());
  if (own != of_source_.end()) {
    counters.accepted -= own->second.withdraws.accepted - member.own_withdraws_before_.accepted;
  }
  return counters;
}

}  // namespace catflap::bgp::internal
