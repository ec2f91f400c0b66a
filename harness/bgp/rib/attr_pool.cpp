#include "bgp/rib/attr_pool.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "bgp/rib/attr_codec.hpp"

namespace catflap::bgp::rib {
namespace {

constexpr std::size_t kBucketsAtStart = 64;
constexpr std::size_t kSpareOctets = 512;  ///< packed: the memory of larger ones is not kept

std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ value >> 32U) * 0xBF58476D1CE4E5B9ULL;
  return value ^ value >> 29U;
}

std::uint64_t hash_of_octets(BytesView octets, std::uint64_t seed) {
  std::uint64_t hash = seed + octets.size() * 0x9E3779B97F4A7C15ULL;
  while (octets.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets.data(), sizeof(word));
    hash = mixed(hash ^ word) * 0x9E3779B97F4A7C15ULL;
    octets = octets.subspan(sizeof(word));
  }
  std::uint64_t rest = 0;
  if (!octets.empty()) {
    std::memcpy(&rest, octets.data(), octets.size());
  }
  return mixed(hash ^ rest);
}

std::size_t hash_of_frame(const policy::RouteAttrs& attrs) {
  std::uint64_t hash = static_cast<std::uint64_t>(attrs.source) << 32U | attrs.preference;
  const std::hash<net::IpAddr> of_address;
  hash = mixed(hash ^ (attrs.from ? of_address(*attrs.from) : 1U));
  if (attrs.recursive) {
    hash = mixed(hash ^ of_address(attrs.recursive->address));
  }
  for (const policy::NextHop& hop : attrs.forwarding.next_hops) {
    hash = mixed(hash ^ (hop.via ? of_address(*hop.via) : 1U) ^
                 static_cast<std::uint64_t>(hop.interface) << 32U);
  }
  return static_cast<std::size_t>(mixed(hash ^ static_cast<std::uint64_t>(attrs.forwarding.destination)));
}

bool same_frame(const policy::RouteAttrs& a, const policy::RouteAttrs& b) {
  // Every field must be compared: this fails to compile when one is added.
  const auto& [source, scope, preference, from, forwarding, recursive, bgp, extra] = a;
  (void)bgp;  // packed, and compared so
  return source == b.source && scope == b.scope && preference == b.preference && from == b.from &&
         forwarding == b.forwarding && recursive == b.recursive && extra == b.extra;
}

/// All but the BGP attributes.
void copy_frame(const policy::RouteAttrs& from, policy::RouteAttrs& to) {
  // Every field must be copied: this fails to compile when one is added.
  const auto& [source, scope, preference, neighbour, forwarding, recursive, bgp, extra] = from;
  (void)bgp;
  to.source = source;
  to.scope = scope;
  to.preference = preference;
  to.from = neighbour;
  to.forwarding = forwarding;
  to.recursive = recursive;
  to.extra = extra;
}

AttrSummary summary_of(const wire::Attributes& bgp) {
  AttrSummary summary;
  constexpr std::size_t kMost = 0xFFFF;
  summary.has_local_pref = bgp.local_pref.has_value();
  summary.local_pref = bgp.local_pref.value_or(0);
  summary.has_med = bgp.med.has_value();
  summary.med = bgp.med.value_or(0);
  summary.has_originator_id = bgp.originator_id.has_value();
  summary.originator_id = bgp.originator_id.value_or(0);
  summary.clusters = static_cast<std::uint16_t>(std::min(bgp.cluster_list.size(), kMost));
  summary.origin = bgp.origin.value_or(wire::Origin::incomplete);
  summary.llgr_stale =
      std::find(bgp.communities.begin(), bgp.communities.end(), net::kLlgrStale) != bgp.communities.end();
  if (bgp.as_path) {
    summary.has_path = true;
    summary.path_length = static_cast<std::uint16_t>(std::min(bgp.as_path->length(), kMost));
    const auto first = bgp.as_path->first();
    summary.has_neighbour_as = first.has_value();
    summary.neighbour_as = first.value_or(0);
  }
  return summary;
}

}  // namespace

AttrPool::AttrPool() : buckets_(kBucketsAtStart, nullptr) {}

AttrPool::~AttrPool() {
  CATFLAP_ASSERT(live_ == 0);
}

AttrRef::Frame* AttrPool::frame_of(const policy::RouteAttrs& attrs) {
  if (last_frame_ != nullptr && same_frame(last_frame_->attrs, attrs)) {
    return last_frame_;
  }
  const std::size_t hash = hash_of_frame(attrs);
  for (auto [at, end] = frames_.equal_range(hash); at != end; ++at) {
    if (same_frame(at->second->attrs, attrs)) {
      return last_frame_ = at->second.get();
    }
  }
  auto frame = std::make_unique<AttrRef::Frame>();
  copy_frame(attrs, frame->attrs);
  frame->pool = this;
  frame->hash = hash;
  return last_frame_ = frames_.emplace(hash, std::move(frame))->second.get();
}

AttrRef AttrPool::intern(const policy::RouteAttrs& attrs) {
  bool made = false;
  return AttrRef(find_or_make(attrs, made));
}

AttrRef AttrPool::intern(policy::RouteAttrs&& attrs) {
  bool made = false;
  AttrRef handle(find_or_make(attrs, made));
  if (made) {  // whoever makes attributes mostly looks at them at once
    auto unpacked = blank();
    *unpacked = std::move(attrs);
    keep_unpacked(handle.node_, std::move(unpacked));
  }
  return handle;
}

/// Without a handle of it, what was made is nobody's.
AttrRef::Node* AttrPool::find_or_make(const policy::RouteAttrs& attrs, bool& made) {
  AttrRef::Frame* const frame = frame_of(attrs);
  scratch_.clear();
  pack(attrs.bgp, scratch_);
  const auto hash = static_cast<std::uint32_t>(hash_of_octets(scratch_, frame->hash));
  AttrRef::Node* node = buckets_[hash & (buckets_.size() - 1)];
  for (; node != nullptr; node = node->next) {
    if (node->hash == hash && node->frame == frame && node->size == scratch_.size() &&
        std::memcmp(node->octets(), scratch_.data(), scratch_.size()) == 0) {
      return node;
    }
  }
  if (live_ >= buckets_.size()) {
    grow();
  }
  void* const place = memory_.take(sizeof(AttrRef::Node) + scratch_.size());
  node = new (place) AttrRef::Node();
  node->frame = frame;
  ++frame->users;
  node->serial = ++last_serial_;
  node->hash = hash;
  node->size = static_cast<std::uint32_t>(scratch_.size());
  node->summary = summary_of(attrs.bgp);
  std::memcpy(node->octets(), scratch_.data(), scratch_.size());
  AttrRef::Node*& bucket = buckets_[hash & (buckets_.size() - 1)];
  node->next = bucket;
  bucket = node;
  ++live_;
  made = true;
  return node;
}

std::unique_ptr<policy::RouteAttrs> AttrPool::blank() {
  if (spare_.empty()) {
    return std::make_unique<policy::RouteAttrs>();
  }
  std::unique_ptr<policy::RouteAttrs> attrs = std::move(spare_.back());
  spare_.pop_back();
  return attrs;
}

void AttrPool::keep_unpacked(AttrRef::Node* node, std::unique_ptr<policy::RouteAttrs> attrs) {
  node->unpacked_at = static_cast<std::uint32_t>(unpacked_.size());
  unpacked_.push_back(node);
  node->unpacked = attrs.release();
}

void AttrPool::unpack_node(AttrRef::Node* node) {
  std::unique_ptr<policy::RouteAttrs> attrs = blank();
  copy_frame(node->frame->attrs, *attrs);
  unpack(node->view(), attrs->bgp);
  keep_unpacked(node, std::move(attrs));
}

void AttrPool::drop_unpacked(AttrRef::Node* node) noexcept {
  const std::unique_ptr<policy::RouteAttrs> dead(std::exchange(node->unpacked, nullptr));
  unpacked_.back()->unpacked_at = node->unpacked_at;
  std::swap(unpacked_[node->unpacked_at], unpacked_.back());
  unpacked_.pop_back();
}

void AttrPool::forget_unpacked() const noexcept {
  for (AttrRef::Node* node : unpacked_) {
    std::unique_ptr<policy::RouteAttrs> attrs(std::exchange(node->unpacked, nullptr));
    if (node->size <= kSpareOctets) {
      spare_.push_back(std::move(attrs));
    }
  }
  unpacked_.clear();
  spare_.resize(std::min(spare_.size(), kUnpackedMax));
}

void AttrPool::remove(AttrRef::Node* node) noexcept {
  AttrRef::Node** slot = &buckets_[node->hash & (buckets_.size() - 1)];
  while (*slot != node) {
    slot = &(*slot)->next;
  }
  *slot = node->next;
  --live_;
  if (node->unpacked != nullptr) {
    drop_unpacked(node);
  }
  AttrRef::Frame* const frame = node->frame;
  const std::size_t octets = sizeof(AttrRef::Node) + node->size;
  node->~Node();
  memory_.give_back(node, octets);
  if (--frame->users == 0) {
    release(frame);
  }
}

void AttrPool::release(AttrRef::Frame* frame) noexcept {
  if (last_frame_ == frame) {
    last_frame_ = nullptr;
  }
  auto at = frames_.lower_bound(frame->hash);
  while (at->second.get() != frame) {
    ++at;
  }
  const std::unique_ptr<AttrRef::Frame> dead = std::move(at->second);  // its next hop may end other things
  frames_.erase(at);
}

void AttrPool::grow() {
  std::vector<AttrRef::Node*> larger(buckets_.size() * 2, nullptr);
  for (AttrRef::Node* node : buckets_) {
    while (node != nullptr) {
      AttrRef::Node*& bucket = larger[node->hash & (larger.size() - 1)];
      AttrRef::Node* const next = std::exchange(node->next, bucket);
      bucket = node;
      node = next;
    }
  }
  buckets_ = std::move(larger);
}

}  // namespace catflap::bgp::rib
