#include <algorithm>
#include <utility>

#include "bgp/speaker/update_group.hpp"

/// How a group tells its members: RFC 4271 §4.3 (full UPDATEs), RFC 4724 §2,
/// RFC 7313 §4.
namespace catflap::bgp::internal {
namespace {

constexpr std::size_t kBatch = 8192;                ///< slots that are sorted into buckets together
constexpr std::size_t kChunkOctets = 256U * 1024U;  ///< of one send
constexpr std::size_t kBuildStep = 16384;           ///< prefixes looked at in one round

/// About as many prefixes as one message holds; to look at more would be for
/// nothing.
std::size_t message_slots(const wire::EncodeContext& context) {
  return context.extended_message ? 16384 : 1100;
}

}  // namespace

UpdateMember* UpdateGroup::member_of_source(BlockId block) const {
  const auto found = by_protocol_.find(blocks_.source(block));
  return found == by_protocol_.end() ? nullptr : found->second;
}

UpdateMember* UpdateGroup::member_of_next_hop(BlockId block) const {
  const auto found = by_neighbor_.find(blocks_.next_hop(block));
  return found == by_neighbor_.end() ? nullptr : found->second;
}

/// Withdrawals first, by the peer that had brought the path; then announcements
/// by their attributes, each in the order of their first entry.
std::vector<UpdateGroup::Bucket> UpdateGroup::sort(std::span<const Pending> entries) {
  std::vector<Bucket> withdrawals, announcements;
  const auto withdrawal_bucket = [&](BlockId before) -> Bucket& {
    const auto same_source = [&](const Bucket& other) {
      return is_block(before) == is_block(other.before) &&
             (!is_block(before) || blocks_.source(before) == blocks_.source(other.before));
    };
    auto at = std::find_if(withdrawals.begin(), withdrawals.end(), same_source);
    if (at == withdrawals.end()) {
      at = withdrawals.insert(at, Bucket{kNothing, before, 0, 0});
    }
    return *at;
  };
  for (const Pending& entry : entries) {
    if (!is_block(entry.now)) {
      ++withdrawal_bucket(entry.before).end;
      continue;
    }
    std::uint32_t& bucket = blocks_.bucket(entry.now);
    if (bucket == 0) {
      announcements.push_back(Bucket{entry.now, kNothing, 0, 0});
      bucket = static_cast<std::uint32_t>(announcements.size());
    }
    ++announcements[bucket - 1].end;
  }
  std::size_t at = 0;
  for (std::vector<Bucket>* buckets : {&withdrawals, &announcements}) {
    for (Bucket& bucket : *buckets) {
      const std::size_t count = std::exchange(bucket.end, at);
      bucket.begin = at;
      at += count;
    }
  }
  order_.resize(at);
  for (const Pending& entry : entries) {
    Bucket& bucket =
        is_block(entry.now) ? announcements[blocks_.bucket(entry.now) - 1] : withdrawal_bucket(entry.before);
    order_[bucket.end++] = entry.slot;
  }
  for (const Bucket& bucket : announcements) {
    blocks_.bucket(bucket.block) = 0;
  }
  withdrawals.insert(withdrawals.end(), announcements.begin(), announcements.end());
  return withdrawals;
}

std::span<const UpdateGroup::Slot> UpdateGroup::put_message(Bucket& bucket, ByteSink& out) {
  const std::size_t count = std::min(bucket.end - bucket.begin, message_slots(options_.context));
  nlri_.clear();
  for (std::size_t i = bucket.begin; i < bucket.begin + count; ++i) {
    nlri_.push_back({prefix_of(order_[i]), path_number_of(order_[i])});
  }
  const std::size_t sent =
      is_block(bucket.block)
          ? wire::encode_announce(blocks_.octets(bucket.block), options_.family, nlri_, options_.context, out)
          : wire::encode_withdraw(options_.family, nlri_, options_.context, out);
  // A block is made only if one prefix of any length has room beside it, so at least one was said.
  const std::span<const Slot> said(order_.data() + bucket.begin, std::max<std::size_t>(sent, 1));
  bucket.begin += said.size();
  return said;
}

/// The least room of those who keep up; 0: wait; kNobody: all go their own way.
/// Who has no room falls behind, unless that is so for everybody and nobody is
/// waited for.
std::size_t UpdateGroup::ready_room() {
  std::size_t least = kNobody;
  std::size_t together = 0;
  for (const UpdateMember* member : members_) {
    if (!member->behind_) {
      ++together;
      const std::size_t room = member->may_send() ? member->room() : 0;
      if (room > 0) {
        least = std::min(least, room);
      }
    }
  }
  if (together == members_.size() && least == kNobody && together > 0) {
    return 0;
  }
  for (UpdateMember* member : members_) {
    if (!member->may_send() || member->room() == 0) {
      set_behind(*member, true);
    }
  }
  return least;
}

void UpdateGroup::ship(Stream& stream) {
  if (stream.octets.size() == 0) {
    return;
  }
  const auto bytes = std::make_shared<const Bytes>(std::exchange(stream.octets, ByteSink{}).release());
  const std::vector<Piece> pieces = std::exchange(stream.pieces, {});
  std::vector<const UpdateMember*> special;
  for (const Piece& piece : pieces) {
    for (const UpdateMember* member : {piece.not_for, piece.nor_for}) {
      if (member != nullptr && std::find(special.begin(), special.end(), member) == special.end()) {
        special.push_back(member);
      }
    }
  }
  for (UpdateMember* member : members_) {
    if (member->behind_) {
      continue;
    }
    if (std::find(special.begin(), special.end(), member) == special.end()) {
      member->send(bytes, pieces.size());
      continue;
    }
    Bytes own;
    std::uint64_t updates = 0;
    for (const Piece& piece : pieces) {
      if (piece.not_for != member && piece.nor_for != member) {
        own.insert(own.end(), bytes->begin() + static_cast<std::ptrdiff_t>(piece.begin),
                   bytes->begin() + static_cast<std::ptrdiff_t>(piece.end));
        ++updates;
      }
    }
    if (updates > 0) {
      member->send(std::make_shared<const Bytes>(std::move(own)), updates);
    }
  }
}

void UpdateGroup::owe(UpdateMember* member, Slot slot) {
  if (member != nullptr) {
    set_behind(*member, true);
    member->owed_.insert(slot);
  }
}

/// Takes out of the order what the stream for all does not say, or says wrongly
/// for one member. True if the stream has to say something.
bool UpdateGroup::settle_special(const Pending& entry) {
  const BlockId now = entry.now;
  const BlockId before = entry.before;
  if (!is_block(now)) {
    return blocks_.is_said(before);
  }
  if (!blocks_.is_said(before)) {
    return true;
  }
  if (blocks_.same_octets(now, before)) {
    if (now != before) {  // it came from another peer before: these two see a
                          // difference
      for (UpdateMember* member : {member_of_source(before), member_of_source(now)}) {
        owe(member, entry.slot);
      }
    }
    return false;
  }
  for (UpdateMember* member : {member_of_source(now), member_of_next_hop(now)}) {
    if (member != nullptr && is_for(*member, before)) {
      owe(member,
          entry.slot);  // a withdrawal, of what it had from somebody else
    }
  }
  return true;
}

void UpdateGroup::done(Slot slot) {
  is_pending_.erase(slot);
  for (UpdateMember* member : behind_) {
    member->owed_.insert(slot);
  }
}

void UpdateGroup::send_pending() {
  while (waiting() > 0) {
    std::size_t room = ready_room();
    if (room == 0) {
      return;
    }
    const std::size_t count = std::min(waiting(), kBatch);
    const std::span<Pending> batch(pending_.data() + pending_begin_, count);
    std::vector<Pending> to_say;
    to_say.reserve(count);
    for (Pending& entry : batch) {
      entry.now = blocks_.is_said(out_[entry.slot]) ? out_[entry.slot] : kNothing;
      if (settle_special(entry)) {
        to_say.push_back(entry);
      } else {
        is_pending_.erase(entry.slot);
      }
    }
    room = behind_.size() == members_.size() ? kNobody : room;
    bool stuck = false;
    if (room == kNobody) {
      for (const Pending& entry : to_say) {
        done(entry.slot);
      }
    } else {
      stuck = !send_buckets(sort(to_say), room);
    }
    take_off_pending(count);
    if (stuck) {
      return;
    }
  }
}

/// False if everybody has to wait; what was not said stays pending.
bool UpdateGroup::send_buckets(std::vector<Bucket> buckets, std::size_t room) {
  Stream stream;
  for (Bucket& bucket : buckets) {
    while (bucket.begin < bucket.end) {
      if (room == kNobody) {
        done(order_[bucket.begin++]);
        continue;
      }
      if (stream.octets.size() >= std::min(room, kChunkOctets)) {
        ship(stream);
        room = ready_room();
        if (room == 0) {
          return false;
        }
        continue;
      }
      Piece piece;
      piece.begin = stream.octets.size();
      const std::span<const Slot> said = put_message(bucket, stream.octets);
      piece.end = stream.octets.size();
      const BlockId about = is_block(bucket.block) ? bucket.block : bucket.before;
      if (is_block(about)) {
        piece.not_for = member_of_source(about);
        piece.nor_for = is_block(bucket.block) ? member_of_next_hop(about) : nullptr;
      }
      stream.pieces.push_back(piece);
      for (const Slot slot : said) {
        done(slot);
      }
    }
  }
  ship(stream);
  return true;
}

/// Drops what is no longer pending among the first `count`.
void UpdateGroup::take_off_pending(std::size_t count) {
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(pending_begin_);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  auto kept = end;
  for (auto at = end; at != begin;) {
    --at;
    if (is_pending_.contains(at->slot)) {
      *--kept = *at;
    } else {
      blocks_.release(at->before);
      try_release(at->slot);
    }
  }
  pending_begin_ += static_cast<std::size_t>(kept - begin);
  if (pending_begin_ == pending_.size()) {
    pending_begin_ = 0;
    if (pending_.capacity() > 4 * kBatch) {
      pending_ = {};
    } else {
      pending_.clear();
    }
  } else if (pending_begin_ > pending_.size() / 2) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(pending_begin_));
    pending_begin_ = 0;
  }
}

/// Sends a part of what is owed. False if there was no room for all of it.
bool UpdateGroup::send_owed(UpdateMember& member) {
  std::vector<Pending> entries;
  Slot from = 0;
  for (std::size_t left = std::min(member.owed_.size(), kBatch); left > 0; --left) {
    const Slot slot = member.owed_.next(from);
    from = slot + 1;
    const BlockId now = out_[slot];
    entries.push_back({slot, kNothing, is_block(now) && is_for(member, now) ? now : kNothing});
  }
  const std::size_t room = member.room();
  ByteSink octets;
  std::uint64_t updates = 0;
  bool all = true;
  std::vector<Slot> said;
  for (Bucket& bucket : sort(entries)) {
    while (bucket.begin < bucket.end && all) {
      all = octets.size() < std::min(room, kChunkOctets);
      if (all) {
        const std::span<const Slot> now = put_message(bucket, octets);
        said.insert(said.end(), now.begin(), now.end());
        ++updates;
      }
    }
  }
  member.send(std::make_shared<const Bytes>(octets.release()), updates);
  for (const Slot slot : said) {
    member.owed_.erase(slot);
    try_release(slot);
  }
  return all;
}

void UpdateGroup::catch_up(UpdateMember& member) {
  if (!member.behind_ || !member.may_send()) {
    return;
  }
  if (member.begin_refresh_due && member.room() > 0) {
    say(member, wire::RouteRefresh{options_.family, 1});
    member.begin_refresh_due = false;
  }
  while (!member.owed_.empty() && member.room() > 0) {
    send_owed(member);
  }
  set_behind(member, !member.owed_.empty());
}

void UpdateGroup::say(UpdateMember& member, const wire::RouteRefresh& message) {
  ByteSink sink;
  wire::encode(message, options_.context, sink);
  member.send(std::make_shared<const Bytes>(sink.release()), 0);
}

/// What comes when all is said.
void UpdateGroup::finish(UpdateMember& member) {
  const bool all_said = !member.behind_ && waiting() == 0 && !building_;
  if (all_said && member.may_send()) {
    if (member.end_refresh_due && !member.begin_refresh_due && member.room() > 0) {
      say(member, wire::RouteRefresh{options_.family, 2});
      member.end_refresh_due = false;
    }
    if (member.end_of_rib_due && member.room() > 0) {
      ByteSink sink;
      wire::encode_end_of_rib(options_.family, sink);
      member.send(std::make_shared<const Bytes>(sink.release()), 0);
      member.end_of_rib_due = false;
    }
  }
  const bool waits = member.behind_ || waiting() > 0 || member.end_of_rib_due || member.end_refresh_due;
  member.blocked(waits && !building_ && member.room() == 0);
}

bool UpdateGroup::flush() {
  build(kBuildStep);
  send_pending();
  for (UpdateMember* member : members_) {
    catch_up(*member);
    finish(*member);
  }
  forget_verdicts();
  return building_ && !members_.empty();
}

}  // namespace catflap::bgp::internal
