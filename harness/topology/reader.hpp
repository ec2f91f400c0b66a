#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "topology/yaml.hpp"

/// Reading values out of a YAML tree, and the tables of fields that drive it: the same tables give the JSON
/// schema.
namespace catflap::topology {

class Reader;

/// One key of a map in the file. `schema` is a JSON schema fragment of its value.
template <class T>
struct Field {
  std::string_view key;
  std::string_view schema;
  std::string_view doc;
  void (*read)(Reader& reader, const YamlNode& value, T& into);
  bool required = false;
};

/// Collects diagnostics; every function reports what is wrong and returns nothing then.
class Reader {
 public:
  explicit Reader(std::vector<Diagnostic>& diagnostics) : diagnostics_(diagnostics) {}

  void error(const SourcePos& where, std::string message, std::string hint = "");

  std::optional<std::string> text(const YamlNode& value, std::string_view what);
  std::optional<bool> boolean(const YamlNode& value, std::string_view what);
  /// Decimal without leading zeros, in [low, high].
  std::optional<std::uint32_t> number(const YamlNode& value, std::string_view what, std::uint32_t low,
                                      std::uint32_t high = UINT32_MAX);
  std::optional<std::uint32_t> asn(const YamlNode& value);  ///< 65001 or asdot 1.10; no reserved ones
  std::optional<Duration> duration(const YamlNode& value);  ///< 500ms, 3s, 2m, 1h, 10us
  std::optional<net::Prefix> prefix(const YamlNode& value);
  std::optional<net::IpAddr> address(const YamlNode& value);
  std::optional<net::InterfaceAddress> interface_address(const YamlNode& value);
  std::optional<SpeakerKind> speaker(const YamlNode& value);
  std::optional<Timers> timers(const YamlNode& value);
  /// One of `words`, by index.
  std::optional<std::size_t> word(const YamlNode& value, std::string_view what,
                                  std::span<const std::string_view> words);
  /// A text without white space at its ends that is a name of a node or a pattern.
  std::optional<std::string> name(const YamlNode& value, std::string_view what);

  /// The items of a list, or the value itself if it is none; nothing for null.
  static std::vector<const YamlNode*> list(const YamlNode& value);
  bool is_map(const YamlNode& value, std::string_view what);

  /// Reads a map by its table. `what` is "node r1" or "a link", for messages.
  template <class T>
  void object(const YamlNode& value, std::string_view what, std::span<const Field<T>> fields, T& into) {
    if (!is_map(value, what)) {
      return;
    }
    for (const auto& [key, entry] : value.entries) {
      const Field<T>* found = nullptr;
      for (const Field<T>& field : fields) {
        found = field.key == key.text ? &field : found;
      }
      if (found == nullptr) {
        std::vector<std::string_view> keys;
        for (const Field<T>& field : fields) {
          keys.push_back(field.key);
        }
        unknown_key(key, what, keys);
        continue;
      }
      found->read(*this, entry, into);
    }
    for (const Field<T>& field : fields) {
      if (field.required && !has_key(value, field.key)) {
        error(value.where, std::string(what) + " lacks the key '" + std::string(field.key) + "'");
      }
    }
  }

  static const YamlNode* find(const YamlNode& map, std::string_view key);
  static bool has_key(const YamlNode& map, std::string_view key) { return find(map, key) != nullptr; }

  /// All items by `one`; what is wrong is left out.
  template <class F>
  auto all(const YamlNode& value, F&& one) {
    std::vector<typename decltype(one(value))::value_type> out;
    for (const YamlNode* item : list(value)) {
      if (auto read = one(*item)) {
        out.push_back(std::move(*read));
      }
    }
    return out;
  }

 private:
  void unknown_key(const YamlNode& key, std::string_view what, const std::vector<std::string_view>& keys);

  std::vector<Diagnostic>& diagnostics_;
};

/// "did you mean 'x'?" or "".
std::string hint_for(std::string_view word, std::span<const std::string_view> candidates);

struct StepDraft;

/// The tables. A `test:` entry has one set of keys, whether check, group or action: read_step sorts out
/// which.
std::span<const Field<Topology>> topology_fields();
std::span<const Field<Defaults>> defaults_fields();
std::span<const Field<Node>> node_fields();
std::span<const Field<PeerOptions>> peer_fields();
std::span<const Field<Link>> link_fields();
std::span<const Field<expect::RouteCheck>> route_fields();
std::span<const Field<expect::PingCheck>> ping_fields();
std::span<const Field<StepDraft>> step_fields();
std::span<const Field<std::vector<Action>>> action_fields();
std::span<const Field<Action>> exec_fields();

/// An entry of `test:` while it is read.
struct StepDraft {
  std::string name;
  std::vector<std::pair<std::string, expect::Check>>
      checks;  ///< key and check of every check key that is there
  std::optional<std::pair<bool, observe::SessionState>> state;
  std::string reason;
  std::optional<net::Family> family;
  std::vector<std::pair<expect::Mode, std::optional<Duration>>> times;
  std::optional<std::vector<expect::Check>> all, then;
  std::vector<Action> actions;
  bool has_actions = false;
};
std::optional<Step> read_step(Reader& reader, const YamlNode& value);
std::vector<expect::Check> read_checks(Reader& reader, const YamlNode& value);
/// "r1:eth0 -- r2:eth0", "r1 -- r2"; reports and returns nothing for anything else.
std::optional<std::pair<LinkEnd, LinkEnd>> read_ends(Reader& reader, const YamlNode& value);
LinkEnd split_end(std::string_view text, const SourcePos& where);

}  // namespace catflap::topology
