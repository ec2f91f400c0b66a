#include "bgp/rib/attr_pool.hpp"

#include <memory>
#include <utility>

#include "base/assert.hpp"

namespace catflap::bgp::rib {
namespace {
constexpr std::size_t kBucketsAtStart = 64;
}  // namespace

AttrPool::AttrPool() : buckets_(kBucketsAtStart, nullptr) {}

AttrPool::~AttrPool() {
  CATFLAP_ASSERT(live_ == 0);
}

AttrRef AttrPool::intern(policy::RouteAttrs&& attrs) {
  const std::size_t hash = policy::hash_of(attrs);
  if (AttrRef::Node* found = find(attrs, hash)) {
    return AttrRef(found);
  }
  return insert(std::move(attrs), hash);
}

AttrRef AttrPool::intern(const policy::RouteAttrs& attrs) {
  const std::size_t hash = policy::hash_of(attrs);
  if (AttrRef::Node* found = find(attrs, hash)) {
    return AttrRef(found);
  }
  return insert(policy::RouteAttrs(attrs), hash);
}

AttrRef::Node* AttrPool::find(const policy::RouteAttrs& attrs, std::size_t hash) const {
  AttrRef::Node* node = buckets_[hash & (buckets_.size() - 1)];
  while (node != nullptr && (node->hash != hash || !(node->attrs == attrs))) {
    node = node->next;
  }
  return node;
}

AttrRef AttrPool::insert(policy::RouteAttrs&& attrs, std::size_t hash) {
  if (live_ >= buckets_.size()) {
    grow();
  }
  auto node = std::make_unique<AttrRef::Node>();
  node->attrs = std::move(attrs);
  node->pool = this;
  node->hash = hash;
  node->serial = ++last_serial_;
  AttrRef::Node*& bucket = buckets_[hash & (buckets_.size() - 1)];
  node->next = bucket;
  bucket = node.release();  // from here on the handles own it: the last one calls remove()
  ++live_;
  return AttrRef(bucket);
}

void AttrPool::remove(AttrRef::Node* node) noexcept {
  AttrRef::Node** slot = &buckets_[node->hash & (buckets_.size() - 1)];
  while (*slot != node) {
    slot = &(*slot)->next;
  }
  *slot = node->next;
  --live_;
  const std::unique_ptr<AttrRef::Node> dead(node);
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
