#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "net/addr.hpp"

namespace catflap::net {

/// An ordered map from prefixes to values: a path-compressed binary trie for each family. Iteration is in
/// prefix order (IPv4 before IPv6; by address, shorter first), the same on every machine. Look-ups cost
/// O(length of the prefix). Values keep their address until they are erased. Expected size: 10^6 prefixes.
template <class T>
class PrefixMap {
 public:
  PrefixMap() = default;
  PrefixMap(PrefixMap&& other) noexcept
      : roots_(std::move(other.roots_)), size_(std::exchange(other.size_, 0)) {}
  PrefixMap& operator=(PrefixMap&& other) noexcept {
    roots_ = std::move(other.roots_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  /// The value of exactly this prefix, or nullptr.
  T* find(const Prefix& exact) { return const_cast<T*>(std::as_const(*this).find(exact)); }
  const T* find(const Prefix& exact) const {
    const Node* node = root(exact.family());
    while (node != nullptr && node->prefix.length() <= exact.length() && node->prefix.covers(exact)) {
      if (node->prefix.length() == exact.length()) {
        return node->value ? &*node->value : nullptr;
      }
      node = node->child[exact.addr().bit(node->prefix.length())].get();
    }
    return nullptr;
  }

  /// The value of the longest prefix that contains `addr`, or nullptr; `matched` receives that prefix.
  const T* longest_match(const IpAddr& addr, Prefix* matched = nullptr) const {
    return longest_cover(Prefix::host(addr), matched);
  }
  /// The value of the longest prefix that covers `inner` (itself included), or nullptr.
  const T* longest_cover(const Prefix& inner, Prefix* matched = nullptr) const {
    const T* best = nullptr;
    const Node* node = root(inner.family());
    while (node != nullptr && node->prefix.covers(inner)) {
      if (node->value) {
        best = &*node->value;
        if (matched != nullptr) {
          *matched = node->prefix;
        }
      }
      if (node->prefix.length() >= inner.length()) {
        break;
      }
      node = node->child[inner.addr().bit(node->prefix.length())].get();
    }
    return best;
  }

  /// The value of `prefix`, default-constructed if it was not there.
  T& get_or_create(const Prefix& prefix) {
    std::unique_ptr<Node>* slot = &roots_[index(prefix.family())];
    while (*slot != nullptr && (*slot)->prefix.length() < prefix.length() && (*slot)->prefix.covers(prefix)) {
      slot = &(*slot)->child[prefix.addr().bit((*slot)->prefix.length())];
    }
    if (*slot == nullptr) {
      *slot = std::make_unique<Node>(prefix);
    } else if ((*slot)->prefix != prefix) {
      split(*slot, prefix);
      if ((*slot)->prefix != prefix) {
        slot = &(*slot)->child[prefix.addr().bit((*slot)->prefix.length())];
      }
    }
    if (!(*slot)->value) {
      (*slot)->value.emplace();
      ++size_;
    }
    return *(*slot)->value;
  }

  /// False if the prefix was not there.
  bool erase(const Prefix& prefix) {
    std::array<std::unique_ptr<Node>*, 130> path{};
    std::size_t depth = 0;
    std::unique_ptr<Node>* slot = &roots_[index(prefix.family())];
    while (*slot != nullptr && (*slot)->prefix.length() <= prefix.length() &&
           (*slot)->prefix.covers(prefix)) {
      path[depth++] = slot;
      if ((*slot)->prefix.length() == prefix.length()) {
        break;
      }
      slot = &(*slot)->child[prefix.addr().bit((*slot)->prefix.length())];
    }
    if (depth == 0 || (*path[depth - 1])->prefix != prefix || !(*path[depth - 1])->value) {
      return false;
    }
    (*path[depth - 1])->value.reset();
    --size_;
    while (depth > 0 && prune(*path[depth - 1])) {
      --depth;
    }
    return true;
  }

  /// Calls visit(prefix, value) for every entry inside `cover`, ascending. The map must not change meanwhile.
  template <class F>
  void for_each_within(const Prefix& cover, F&& visit) const {
    const Node* node = root(cover.family());
    while (node != nullptr && node->prefix.length() < cover.length() && node->prefix.covers(cover)) {
      node = node->child[cover.addr().bit(node->prefix.length())].get();
    }
    if (node != nullptr && cover.covers(node->prefix)) {
      walk(*node, visit);
    }
  }
  /// Calls visit(prefix, value) for every entry, ascending. The map must not change meanwhile.
  template <class F>
  void for_each(F&& visit) const {
    for (const auto& node : roots_) {
      if (node != nullptr) {
        walk(*node, visit);
      }
    }
  }
  /// The same with values that `visit` may change.
  template <class F>
  void for_each_mutable(F&& visit) {
    for (const auto& node : roots_) {
      if (node != nullptr) {
        walk_mutable(*node, visit);
      }
    }
  }
  /// The first entry that is greater than `after` in prefix order (all families), for walks in steps; nullopt
  /// at the end.
  std::optional<Prefix> next(const Prefix& after) const {
    std::optional<Prefix> found = next_in(root(after.family()), after);
    if (!found && after.family() == Family::ipv4) {
      found = first_in(root(Family::ipv6));
    }
    return found;
  }
  /// The first entry of all.
  std::optional<Prefix> first() const {
    const auto found = first_in(root(Family::ipv4));
    return found ? found : first_in(root(Family::ipv6));
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void clear() {
    roots_ = {};
    size_ = 0;
  }

 private:
  struct Node {
    explicit Node(const Prefix& at) : prefix(at) {}
    Prefix prefix;
    std::optional<T> value;
    std::array<std::unique_ptr<Node>, 2> child;
  };

  static std::size_t index(Family family) { return family == Family::ipv4 ? 0 : 1; }
  const Node* root(Family family) const { return roots_[index(family)].get(); }

  /// Puts a node for `prefix`, or the fork that leads to it, above `slot`, which is not covered by `prefix`'s
  /// path.
  static void split(std::unique_ptr<Node>& slot, const Prefix& prefix) {
    const Prefix& there = slot->prefix;
    std::uint8_t common = 0;
    while (common < prefix.length() && common < there.length() &&
           prefix.addr().bit(common) == there.addr().bit(common)) {
      ++common;
    }
    auto fork = std::make_unique<Node>(Prefix(prefix.addr(), common));
    const bool side = there.addr().bit(common);
    fork->child[side] = std::move(slot);
    if (common < prefix.length()) {
      fork->child[!side] = std::make_unique<Node>(prefix);
    }
    slot = std::move(fork);
  }

  /// Removes a node that holds nothing and has at most one child. True if the slot became empty.
  static bool prune(std::unique_ptr<Node>& slot) {
    if (slot->value || (slot->child[0] && slot->child[1])) {
      return false;
    }
    std::unique_ptr<Node> rest = std::move(slot->child[slot->child[0] ? 0 : 1]);
    slot = std::move(rest);
    return slot == nullptr || !slot->value;
  }

  template <class F>
  static void walk(const Node& node, F&& visit) {
    if (node.value) {
      visit(node.prefix, *node.value);
    }
    for (const auto& child : node.child) {
      if (child != nullptr) {
        walk(*child, visit);
      }
    }
  }
  template <class F>
  static void walk_mutable(Node& node, F&& visit) {
    if (node.value) {
      visit(std::as_const(node.prefix), *node.value);
    }
    for (const auto& child : node.child) {
      if (child != nullptr) {
        walk_mutable(*child, visit);
      }
    }
  }
  static std::optional<Prefix> first_in(const Node* node) {
    while (node != nullptr) {
      if (node->value) {
        return node->prefix;
      }
      node = node->child[node->child[0] ? 0 : 1].get();
    }
    return std::nullopt;
  }
  static std::optional<Prefix> next_in(const Node* node, const Prefix& after) {
    if (node == nullptr) {
      return std::nullopt;
    }
    if (node->prefix > after) {
      return first_in(node);
    }
    for (const auto& child : node->child) {
      if (const auto found = next_in_subtree(child.get(), after)) {
        return found;
      }
    }
    return std::nullopt;
  }
  static std::optional<Prefix> next_in_subtree(const Node* node, const Prefix& after) {
    // A subtree that ends before `after` without covering it holds nothing greater.
    if (node == nullptr || (node->prefix < after && !node->prefix.covers(after))) {
      return std::nullopt;
    }
    return next_in(node, after);
  }

  std::array<std::unique_ptr<Node>, 2> roots_;
  std::size_t size_ = 0;
};

}  // namespace catflap::net
