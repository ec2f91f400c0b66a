#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bgp/policy/route.hpp"

namespace catflap::bgp::rib {

class AttrPool;

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
  /// Precondition: not empty. The reference lives as long as any handle of these attributes.
  inline const policy::RouteAttrs& operator*() const noexcept;
  const policy::RouteAttrs* operator->() const noexcept { return &**this; }
  /// Numbers attributes in the order in which the pool first saw them; 0 for an empty handle. An order for
  /// output that does not depend on addresses.
  inline std::uint64_t serial() const noexcept;

  bool operator==(const AttrRef& other) const noexcept { return node_ == other.node_; }
  std::strong_ordering operator<=>(const AttrRef& other) const noexcept {
    return serial() <=> other.serial();
  }

 private:
  friend class AttrPool;
  struct Node;
  inline explicit AttrRef(Node* node) noexcept;
  Node* node_ = nullptr;
};

struct AttrRef::Node {
  policy::RouteAttrs attrs;
  AttrPool* pool = nullptr;
  Node* next = nullptr;
  std::size_t hash = 0;
  std::uint64_t serial = 0;
  std::size_t users = 0;
};

/// Keeps every distinct set of attributes once. Must outlive its handles. Expected size: 10^5 sets.
class AttrPool {
 public:
  AttrPool();
  ~AttrPool();
  AttrPool(const AttrPool&) = delete;
  AttrPool& operator=(const AttrPool&) = delete;

  AttrRef intern(policy::RouteAttrs&& attrs);
  AttrRef intern(const policy::RouteAttrs& attrs);
  /// Distinct sets that are in use.
  std::size_t live() const noexcept { return live_; }

 private:
  friend class AttrRef;
  AttrRef::Node* find(const policy::RouteAttrs& attrs, std::size_t hash) const;
  AttrRef insert(policy::RouteAttrs&& attrs, std::size_t hash);
  void remove(AttrRef::Node* node) noexcept;
  void grow();

  std::vector<AttrRef::Node*> buckets_;  ///< size is a power of two; chains through Node::next
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
    node_->pool->remove(node_);
  }
}
inline const policy::RouteAttrs& AttrRef::operator*() const noexcept {
  return node_->attrs;
}
inline std::uint64_t AttrRef::serial() const noexcept {
  return node_ == nullptr ? 0 : node_->serial;
}

}  // namespace catflap::bgp::rib
