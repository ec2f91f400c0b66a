#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/policy/route.hpp"
#include "bgp/rib/next_hop.hpp"
#include "bgp/rib/piece_arena.hpp"

namespace catflap::bgp::rib {

class AttrPool;

/// What the decision looks at, at hand without unpacking.
struct AttrSummary {
  std::uint32_t local_pref = 0, med = 0, originator_id = 0;
  std::uint32_t neighbour_as = 0;
  std::uint16_t path_length = 0;  ///< 65535: that or longer
  std::uint16_t clusters = 0;
  wire::Origin origin = wire::Origin::incomplete;
  bool has_local_pref : 1 = false, has_med : 1 = false, has_originator_id : 1 = false;
  bool has_neighbour_as : 1 = false, has_path : 1 = false;
  bool llgr_stale : 1 = false;  ///< carries the community LLGR_STALE (RFC 9494)
};

/// A counted handle of interned attributes. Handles of one pool are equal exactly if the attributes are. One
/// thread.
class AttrRef {
 public:
  AttrRef() = default;
  AttrRef(const AttrRef& other) noexcept : AttrRef(other.node_) {}
  AttrRef(AttrRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  AttrRef& operator=(const AttrRef& other) noexcept {
    AttrRef copy(other);
    std::swap(node_, copy.node_);
    return *this;
  }
  AttrRef& operator=(AttrRef&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  inline ~AttrRef();

  explicit operator bool() const noexcept { return node_ != nullptr; }
  /// Precondition: not empty. The attributes are unpacked if they are not: the reference lives as long as any
  /// handle of these attributes, but not beyond the next AttrPool::trim().
  inline const policy::RouteAttrs& operator*() const;
  const policy::RouteAttrs* operator->() const { return &**this; }
  /// Precondition of all below: not empty. Cheap, and alive as long as a handle.
  inline const AttrSummary& summary() const noexcept;
  inline std::uint32_t preference() const noexcept;
  inline intent::RouteSource source() const noexcept;
  /// All but the BGP attributes, which are left empty.
  inline const policy::RouteAttrs& frame() const noexcept;
  /// The resolver's entry of a recursive route; nullptr if bind_next_hop() was not called.
  inline const NextHopEntry* next_hop() const noexcept;
  /// For attributes with `recursive`: they, and all that share it, resolve through this from now on.
  inline void bind_next_hop(NextHopRef entry) const;

  /// summary() comes into the cache. For an empty handle, too.
  void prefetch() const noexcept { __builtin_prefetch(node_); }

  /// Numbers attributes in the order in which the pool first saw them; 0 for an empty handle. An order for
  /// output that does not depend on addresses.
  inline std::uint64_t serial() const noexcept;

  bool operator==(const AttrRef& other) const noexcept { return node_ == other.node_; }
  std::strong_ordering operator<=>(const AttrRef& other) const noexcept {
    return serial() <=> other.serial();
  }

 private:
  friend class AttrPool;
  struct Frame;
  struct Node;
  inline explicit AttrRef(Node* node) noexcept;
  Node* node_ = nullptr;
};

/// What the routes of one session mostly share: everything that is not a BGP attribute.
struct AttrRef::Frame {
  policy::RouteAttrs attrs;  ///< `bgp` is empty
  NextHopRef next_hop;
  AttrPool* pool = nullptr;
  std::size_t hash = 0;
  std::size_t users = 0;  ///< nodes
};

/// The packed BGP attributes follow the object.
struct AttrRef::Node {
  Node* next = nullptr;
  Frame* frame = nullptr;
  policy::RouteAttrs* unpacked = nullptr;
  std::uint64_t serial = 0;
  std::uint32_t hash = 0;
  std::uint32_t users = 0;
  std::uint32_t size = 0;
  std::uint32_t unpacked_at = 0;  ///< in AttrPool::unpacked_, if unpacked
  AttrSummary summary;

  std::byte* octets() { return reinterpret_cast<std::byte*>(this + 1); }
  BytesView view() { return {octets(), size}; }
};

/// Keeps every distinct set of attributes once, packed: some 120 octets for a set of an Internet table. Must
/// outlive its handles. Expected size: 10^6 sets.
class AttrPool {
 public:
  AttrPool();
  ~AttrPool();
  AttrPool(const AttrPool&) = delete;
  AttrPool& operator=(const AttrPool&) = delete;

  AttrRef intern(policy::RouteAttrs&& attrs);
  AttrRef intern(const policy::RouteAttrs& attrs);
  /// Forgets unpacked attributes if there are many. Nobody may hold a reference that AttrRef::operator* gave:
  /// the speaker calls this between its steps.
  void trim() const {
    if (unpacked_.size() > kUnpackedMax) {
      forget_unpacked();
    }
  }
  /// Distinct sets that are in use.
  std::size_t live() const noexcept { return live_; }
  /// Sets whose unpacked form is kept at the moment.
  std::size_t unpacked() const noexcept { return unpacked_.size(); }

 private:
  friend class AttrRef;
  static constexpr std::size_t kUnpackedMax = 1024;

  AttrRef::Frame* frame_of(const policy::RouteAttrs& attrs);
  AttrRef::Node* find_or_make(const policy::RouteAttrs& attrs, bool& made);
  std::unique_ptr<policy::RouteAttrs> blank();
  void keep_unpacked(AttrRef::Node* node, std::unique_ptr<policy::RouteAttrs> attrs);
  void unpack_node(AttrRef::Node* node);
  void drop_unpacked(AttrRef::Node* node) noexcept;
  void forget_unpacked() const noexcept;
  void remove(AttrRef::Node* node) noexcept;
  void release(AttrRef::Frame* frame) noexcept;
  void grow();

  std::vector<AttrRef::Node*> buckets_;  ///< size is a power of two; chains through Node::next
  std::multimap<std::size_t, std::unique_ptr<AttrRef::Frame>> frames_;  ///< by hash
  AttrRef::Frame* last_frame_ = nullptr;
  mutable std::vector<AttrRef::Node*> unpacked_;                    ///< a cache
  mutable std::vector<std::unique_ptr<policy::RouteAttrs>> spare_;  ///< for their memory
  Bytes scratch_;
  PieceArena memory_;  ///< of the nodes
  std::size_t live_ = 0;
  std::uint64_t last_serial_ = 0;
};

inline AttrRef::AttrRef(Node* node) noexcept : node_(node) {
  if (node_ != nullptr) {
    ++node_->users;
  }
}
inline AttrRef::~AttrRef() {
  if (node_ != nullptr && --node_->users == 0) {
    node_->frame->pool->remove(node_);
  }
}
inline const policy::RouteAttrs& AttrRef::operator*() const {
  if (node_->unpacked == nullptr) {
    node_->frame->pool->unpack_node(node_);
  }
  return *node_->unpacked;
}
inline const AttrSummary& AttrRef::summary() const noexcept {
  return node_->summary;
}
inline std::uint32_t AttrRef::preference() const noexcept {
  return node_->frame->attrs.preference;
}
inline intent::RouteSource AttrRef::source() const noexcept {
  return node_->frame->attrs.source;
}
inline const policy::RouteAttrs& AttrRef::frame() const noexcept {
  return node_->frame->attrs;
}
inline const NextHopEntry* AttrRef::next_hop() const noexcept {
  return node_->frame->next_hop.get();
}
inline void AttrRef::bind_next_hop(NextHopRef entry) const {
  node_->frame->next_hop = std::move(entry);
}
inline std::uint64_t AttrRef::serial() const noexcept {
  return node_ == nullptr ? 0 : node_->serial;
}

}  // namespace catflap::bgp::rib
