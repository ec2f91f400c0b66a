#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/speaker/core.hpp"
#include "bgp/wire/message.hpp"
#include "intent/router.hpp"
#include "net/prefix_map.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// A protocol's connection to a table: filters, limits and BIRD's counters in both directions.
///
/// Adj-RIB-In: routes as they came are the paths of the table themselves where the import filter left them
/// alone; only those that it changed or refused are held besides, and those that must not be used at all. So
/// `import all` costs nothing.
class Channel {
 public:
  enum class State : std::uint8_t {
    down,
    start,
    up
  };  ///< start: graceful restart, routes kept without a session

  Channel(Core& core, Protocol& protocol, intent::ChannelIntent intent);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Begins to export: from now on changes of the table are told.
  void up();
  /// Withdraws everything unless `keep`, which leaves it as stale; ends the export.
  void down(bool keep);

  /// A route as the protocol has it; goes through the import filter and limits.
  void update(const net::Prefix& prefix, rib::PathId path_id, rib::AttrRef attrs);
  void update(const net::Prefix& prefix, rib::PathId path_id, policy::RouteAttrs attrs);
  /// A route that came but must not be used, whatever the filter says (RFC 4271 §9.1.2: a loop, an impossible
  /// next hop): it replaces what was there, and is kept as it came with the reason. No more of these are kept
  /// than the receive limit allows.
  void refuse(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs,
              std::string_view why);
  void withdraw(const net::Prefix& prefix, rib::PathId path_id);
  /// The same for many prefixes, all of the channel's family.
  void update(std::span<const wire::Nlri> nlri, const rib::AttrRef& attrs);
  void withdraw(std::span<const wire::Nlri> nlri);
  /// From now until sweep_stale, what is not told again is old (RFC 4724, RFC 7313).
  void mark_stale();
  void sweep_stale();
  /// RFC 9494 §4.2: stale routes get LLGR_STALE and become the last choice; those with NO_LLGR go. The import
  /// filter does not see them again.
  void enter_long_lived();
  /// Runs the import filter again over everything.
  void reload_in();
  /// What the protocol brought, as it was before the import filter; the table must not change meanwhile.
  void for_each_received(
      const std::function<void(const net::Prefix&, rib::PathId, const rib::AttrRef&)>& visit) const;
  /// Takes over new filters, preference, limits and what a session can change as it runs. False if the
  /// channel must be made anew. A filter counts as changed, too, if it asks ROA tables that changed.
  bool reconfigure(const intent::ChannelIntent& next, bool* import_changed, bool* export_changed);

  /// Preexport and export filter on a path that goes out; `edit` gets what the filter changed.
  bool filter_out(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit);
  /// The export filter alone, without counting; what it prints is noted.
  bool run_export_filter(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit);
  enum class ExportVerdict : std::uint8_t { rejected, filtered, accepted };
  /// The same without counting, for `show route export`.
  /// `edit` gets what the filter changed, `verdict` what it said (if it was asked at all).
  ExportVerdict would_export(const net::Prefix& prefix, const rib::Path& path,
                             policy::RouteEdit* edit = nullptr, policy::Verdict* verdict = nullptr,
                             policy::FilterHits* hits = nullptr) const;
  /// What the import filter says of a route as it came, without effects. `hits` counts its statements.
  policy::Verdict would_import(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit,
                               policy::FilterHits* hits = nullptr) const;
  /// Adj-RIB-In: a prefix behind `after` (the first for nullopt) that may have routes of this channel.
  std::optional<net::Prefix> next_known(const std::optional<net::Prefix>& after) const;
  /// Its routes of this channel as they came, refused ones included; those of refuse() are marked unusable.
  void known_at(const net::Prefix& prefix, const std::function<void(const rib::Path&)>& visit) const;
  struct Refusal {
    std::string_view why;
    Instant since;
  };
  /// Of refuse().
  std::vector<Refusal> refusals_at(const net::Prefix& prefix) const;
  /// One route more goes out than the `standing` ones: false if the export limit forbids it.
  bool admit_export(std::uint64_t standing);
  bool admit_export() { return admit_export(exported); }

  const intent::ChannelIntent& intent() const { return intent_; }
  const rib::Table& table() const { return state_of_table_->table; }
  TableState& table_state() { return *state_of_table_; }
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  Protocol& protocol() { return protocol_; }
  const Protocol& protocol() const { return protocol_; }
  std::uint32_t preference() const;
  observe::ChannelView view() const;

  std::uint64_t exported = 0;
  observe::ChangeCounters import_updates, import_withdraws, export_updates, export_withdraws;

 private:
  struct Held {
    rib::PathId path_id = 0;
    rib::AttrRef attrs;
    bool in_table = false;  ///< as the import filter made it; else refused
    bool stale = false;
    std::uint16_t reason = 0;  ///< of refuse(): its number in reasons_, from 1
    Instant since;
  };
  struct LimitState {
    bool hit = false;
  };

  /// What comes goes into the table as it is, and nothing is held.
  bool takes_all() const {
    return intent_.import_filter.kind == intent::FilterRef::Kind::all && !intent_.receive_limit &&
           !intent_.import_limit && held_count_ == 0;
  }
  void import(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs);
  /// True if a limit forbids one more route; acts on it.
  bool over_limit(const std::optional<intent::Limit>& limit, std::uint64_t routes, LimitState& state,
                  const char* what);
  void verify_limits();
  Held& hold(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs, bool in_table);
  void count_held(const Held& held, bool comes);
  std::uint16_t reason_for(std::string_view why);
  void release(const net::Prefix& prefix, rib::PathId path_id);
  bool remove_path(const net::Prefix& prefix, rib::PathId path_id);
  rib::Path make_path(const rib::AttrRef& attrs, rib::PathId path_id) const;

  Core& core_;
  Protocol& protocol_;
  intent::ChannelIntent intent_;
  TableState* state_of_table_;
  State state_ = State::down;
  net::PrefixMap<std::vector<Held>> held_;
  std::uint64_t held_count_ = 0;
  std::uint64_t refused_count_ = 0;   ///< of the held ones: by the import filter or limit
  std::uint64_t unusable_count_ = 0;  ///< of the held ones: of refuse()
  std::vector<std::string> reasons_;
  LimitState receive_limit_, import_limit_, export_limit_;
};

}  // namespace catflap::bgp::internal
