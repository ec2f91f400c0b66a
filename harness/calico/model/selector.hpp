#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

/// Calico's selector language: `role == "frontend" && has(tier)`.
namespace catflap::calico {

using Labels = std::map<std::string, std::string, std::less<>>;

/// A part of a selector, as a tree. Comparisons and has() carry the label; the values are one for
/// comparisons, the set, ascending and without repetitions, for in and not_in; operands are one for not_, two
/// or more for and_ and or_.
struct SelectorNode {
  enum class Op : std::uint8_t {
    all,
    global,
    has,
    eq,
    ne,
    in,
    not_in,
    contains,
    starts_with,
    ends_with,
    not_,
    and_,
    or_,
  };
  Op op = Op::all;
  std::string label{};
  std::vector<std::string> values{};
  std::vector<SelectorNode> operands{};

  bool operator==(const SelectorNode&) const = default;
};

/// What a selector demands of one label: without these it cannot match (Calico's LabelRestriction).
struct LabelRestriction {
  bool must_be_present = false;
  bool must_be_absent = false;
  /// The label has one of these, ascending; nothing: any; an empty list: the selector matches nothing.
  std::optional<std::vector<std::string>> must_have_one_of{};

  bool operator==(const LabelRestriction&) const = default;
};

/// A selector that was understood. The default value is all().
class Selector {
 public:
  /// So deep may parentheses be nested, and likewise && and || with or without.
  static constexpr std::size_t kMaxDepth = 256;

  Selector() = default;

  /// Blank text is all(). Errc::invalid with Calico's text; `where` is the column, 1-based and in octets, of
  /// line 1.
  static Result<Selector> parse(std::string_view text);

  bool matches(const Labels& labels) const;
  /// The same for labels that are computed: `value` gives a label's value, or nothing.
  bool matches(const std::function<std::optional<std::string_view>(std::string_view label)>& value) const;

  /// The canonical text; parsing it gives a selector that means the same.
  std::string text() const;
  /// "s:" and 38 characters: equal for selectors with the same canonical text (Calico's UniqueID).
  std::string id() const;
  /// The selector with `prefix` before every label name.
  Selector with_prefix(std::string_view prefix) const;
  /// What follows for single labels; labels without a restriction are left out.
  std::map<std::string, LabelRestriction> restrictions() const;
  /// True if global() is part of it: IP pools and others do not take it.
  bool uses_global() const;

  const SelectorNode& root() const { return root_; }
  bool operator==(const Selector&) const = default;

 private:
  explicit Selector(SelectorNode root) : root_(std::move(root)) {}

  SelectorNode root_;
};

}  // namespace catflap::calico
