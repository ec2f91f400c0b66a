#include "bgp/speaker/channel.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.hpp"
#include "bgp/policy/filter_inputs.hpp"
#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

namespace {

std::string_view action_name(intent::LimitAction action) {
  switch (action) {
    case intent::LimitAction::warn:
      return "warn";
    case intent::LimitAction::block:
      return "block";
    case intent::LimitAction::restart:
      return "restart";
    case intent::LimitAction::disable:
      return "disable";
  }
  return "";
}

policy::RouteRef ref_of(const net::Prefix& prefix, const rib::Path& path, const std::string& protocol) {
  return policy::RouteRef{prefix, *path.attrs, path.resolved(), protocol};
}

/// False if a channel of a BGP session must be made anew for `next`, as BIRD's bgp_channel_reconfigure has
/// it: what capabilities, tables of next hops and what was read from the wire depend on.
bool session_goes_on(intent::BgpChannelIntent before, const intent::BgpChannelIntent& next) {
  before.next_hop_self = next.next_hop_self;
  before.next_hop_keep = next.next_hop_keep;
  before.next_hop_address = next.next_hop_address;
  before.aigp_originate = next.aigp_originate;
  return before == next;
}

}  // namespace

Channel::Channel(Core& core, Protocol& protocol, intent::ChannelIntent intent)
    : core_(core),
      protocol_(protocol),
      intent_(std::move(intent)),
      state_of_table_(core.table(intent_.table)) {
  CATFLAP_ASSERT(state_of_table_ != nullptr);  // Configure makes every table that is named
}

Channel::~Channel() {
  down(false);
}

std::uint32_t Channel::preference() const {
  if (intent_.preference) {
    return *intent_.preference;
  }
  switch (protocol_.kind()) {
    case observe::ProtocolKind::direct:
      return 240;
    case observe::ProtocolKind::static_:
      return 200;
    case observe::ProtocolKind::kernel:
      return 10;
    case observe::ProtocolKind::pipe:
      return 70;
    case observe::ProtocolKind::bgp:
    case observe::ProtocolKind::bfd:
    case observe::ProtocolKind::device:
    case observe::ProtocolKind::other:
      return 100;
  }
  return 100;
}

void Channel::up() {
  if (state_ == State::up) {
    return;
  }
  state_ = State::up;
  if (protocol_.kind() != observe::ProtocolKind::bgp) {
    state_of_table_->listeners.push_back(this);  // BGP peers listen through their update groups
  }
}

void Channel::down(bool keep) {
  auto& listeners = state_of_table_->listeners;
  listeners.erase(std::remove(listeners.begin(), listeners.end(), this), listeners.end());
  exported = 0;
  export_limit_.hit = false;
  if (keep) {
    state_ = State::start;
    return;
  }
  state_ = State::down;
  state_of_table_->table.withdraw_all(protocol_.id());
  held_.clear();
  held_count_ = refused_count_ = unusable_count_ = 0;
  reasons_.clear();
  receive_limit_.hit = false;
  import_limit_.hit = false;
}

void Channel::update(const net::Prefix& prefix, rib::PathId path_id, policy::RouteAttrs attrs) {
  attrs.preference = protocol_.kind() == observe::ProtocolKind::pipe ? attrs.preference : preference();
  update(prefix, path_id, core_.pool.intern(std::move(attrs)));
}

void Channel::update(const net::Prefix& prefix, rib::PathId path_id, rib::AttrRef attrs) {
  ++import_updates.received;
  import(prefix, path_id, attrs);
}

void Channel::update(std::span<const wire::Nlri> nlri, const rib::AttrRef& attrs) {
  if (!takes_all()) {
    for (const wire::Nlri& each : nlri) {
      update(each.prefix, each.path_id, attrs);
    }
    return;
  }
  const std::size_t changed = state_of_table_->table.update(nlri, make_path(attrs, 0));
  import_updates.received += nlri.size();
  import_updates.accepted += changed;
  import_updates.ignored += nlri.size() - changed;
}

void Channel::withdraw(std::span<const wire::Nlri> nlri) {
  if (held_count_ != 0) {
    for (const wire::Nlri& each : nlri) {
      withdraw(each.prefix, each.path_id);
    }
    return;
  }
  const std::size_t usable = state_of_table_->table.withdraw(protocol_.id(), nlri);
  import_withdraws.received += nlri.size();
  import_withdraws.accepted += usable;
  import_withdraws.ignored += nlri.size() - usable;
}

rib::Path Channel::make_path(const rib::AttrRef& attrs, rib::PathId path_id) const {
  rib::Path path;
  path.attrs = attrs;
  path.protocol = protocol_.id();
  path.path_id = path_id;
  path.last_change = core_.now;
  const auto& recursive = attrs.frame().recursive;
  if (recursive && attrs.next_hop() == nullptr) {
    TableState* through = core_.table(recursive->table);
    if (through != nullptr) {
      attrs.bind_next_hop(through->resolver.acquire(recursive->address, recursive->link_local));
    }
  }
  return path;
}

void Channel::import(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs) {
  rib::Table& table = state_of_table_->table;
  if (intent_.import_filter.kind == intent::FilterRef::Kind::all && !intent_.receive_limit &&
      !intent_.import_limit) {
    release(prefix, path_id);
    ++(table.update(prefix, make_path(attrs, path_id)) ? import_updates.accepted : import_updates.ignored);
    return;
  }
  const rib::Entry* entry = table.find(prefix);
  const rib::Path* old = entry == nullptr ? nullptr : entry->find(protocol_.id(), path_id);
  const bool old_ok = old != nullptr && !old->flags.filtered;
  const rib::ProtocolCounters counters = table.counters(protocol_.id());
  if (old == nullptr && intent_.receive_limit) {
    const bool known = held_.find(prefix) != nullptr;
    if (!known && over_limit(intent_.receive_limit, counters.imported + counters.filtered + refused_count_,
                             receive_limit_, "receive")) {
      ++import_updates.ignored;
      return;
    }
  }
  rib::Path path = make_path(attrs, path_id);
  policy::RouteEdit edit;
  const policy::Verdict verdict =
      policy::apply(intent_.import_filter, ref_of(prefix, path, protocol_.name()), edit, core_.environment());
  for (const std::string& line : verdict.printed) {
    core_.note(act::NoteLevel::info, "", line);
  }
  if (verdict.failed) {
    core_.note(act::NoteLevel::error, protocol_.name(), verdict.message);
  }
  // What a filter did before it rejected shows in what is kept, as in BIRD.
  const bool keep = verdict.accepted || intent_.import_keep_filtered;
  const rib::AttrRef out = keep && edit.changed() ? core_.pool.intern(edit.take()) : attrs;
  // As in BIRD, what the limit blocks is kept like what the filter rejects.
  const bool blocked = verdict.accepted && !old_ok && intent_.import_limit &&
                       over_limit(intent_.import_limit, counters.imported, import_limit_, "import");
  if (blocked) {
    ++import_updates.ignored;
    if (!intent_.import_keep_filtered) {
      hold(prefix, path_id, attrs, false);
      return;
    }
  }
  if (keep && out == attrs) {
    release(prefix, path_id);
  } else {
    hold(prefix, path_id, attrs, keep);
    if (out != attrs) {
      path = make_path(out, path_id);
    }
  }
  if (verdict.accepted && !blocked) {
    ++(table.update(prefix, std::move(path)) ? import_updates.accepted : import_updates.ignored);
    return;
  }
  if (!blocked) {
    ++import_updates.filtered;
    ++(old_ok ? import_withdraws.accepted : import_withdraws.ignored);
  }
  if (keep) {
    path.flags.filtered = true;
    table.update(prefix, std::move(path));
  } else {
    table.withdraw(protocol_.id(), prefix, path_id);
  }
}

void Channel::withdraw(const net::Prefix& prefix, rib::PathId path_id) {
  ++import_withdraws.received;
  ++(remove_path(prefix, path_id) ? import_withdraws.accepted : import_withdraws.ignored);
}

bool Channel::remove_path(const net::Prefix& prefix, rib::PathId path_id) {
  release(prefix, path_id);
  rib::Table& table = state_of_table_->table;
  const rib::Entry* entry = table.find(prefix);
  const rib::Path* old = entry == nullptr ? nullptr : entry->find(protocol_.id(), path_id);
  const bool was_ok = old != nullptr && !old->flags.filtered;
  table.withdraw(protocol_.id(), prefix, path_id);
  return was_ok;
}

void Channel::refuse(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs,
                     std::string_view why) {
  ++import_updates.received;
  ++import_updates.rejected;
  withdraw(prefix, path_id);
  if (!intent_.receive_limit || unusable_count_ < intent_.receive_limit->routes) {
    Held& held = hold(prefix, path_id, attrs, false);
    count_held(held, false);
    held.reason = reason_for(why);
    count_held(held, true);
  }
}

/// There are few: they name what is ours. But next hops may be anything, so the list has an end.
std::uint16_t Channel::reason_for(std::string_view why) {
  constexpr std::size_t kReasonsMax = 1000;
  const auto known = std::find(reasons_.begin(), reasons_.end(), why);
  if (known != reasons_.end()) {
    return static_cast<std::uint16_t>(known - reasons_.begin() + 1);
  }
  if (reasons_.size() <= kReasonsMax) {
    reasons_.emplace_back(reasons_.size() < kReasonsMax ? why : "one of too many reasons to remember each");
  }
  return static_cast<std::uint16_t>(reasons_.size());
}

std::vector<Channel::Refusal> Channel::refusals_at(const net::Prefix& prefix) const {
  std::vector<Refusal> found;
  const std::vector<Held>* paths = unusable_count_ == 0 ? nullptr : held_.find(prefix);
  for (std::size_t i = 0; paths != nullptr && i < paths->size(); ++i) {
    const Held& held = (*paths)[i];
    if (held.reason != 0) {
      found.push_back({reasons_[held.reason - 1U], held.since});
    }
  }
  return found;
}

void Channel::count_held(const Held& held, bool comes) {
  const auto step = static_cast<std::uint64_t>(comes ? 1 : -1);
  held_count_ += step;
  unusable_count_ += held.reason != 0 ? step : 0U;
  refused_count_ += held.reason == 0 && !held.in_table ? step : 0U;
}

Channel::Held& Channel::hold(const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs,
                             bool in_table) {
  std::vector<Held>& paths = held_.get_or_create(prefix);
  auto at = std::find_if(paths.begin(), paths.end(), [&](const Held& h) { return h.path_id == path_id; });
  if (at == paths.end()) {
    at = paths.insert(at, Held{});
  } else {
    count_held(*at, false);
  }
  *at = Held{path_id, attrs, in_table, false, 0, core_.now};
  count_held(*at, true);
  return *at;
}

void Channel::release(const net::Prefix& prefix, rib::PathId path_id) {
  std::vector<Held>* paths = held_count_ == 0 ? nullptr : held_.find(prefix);
  if (paths == nullptr) {
    return;
  }
  const auto it =
      std::find_if(paths->begin(), paths->end(), [&](const Held& h) { return h.path_id == path_id; });
  if (it == paths->end()) {
    return;
  }
  count_held(*it, false);
  paths->erase(it);
  if (paths->empty()) {
    held_.erase(prefix);
  }
}

void Channel::mark_stale() {
  state_of_table_->table.mark_stale(protocol_.id());
  std::vector<net::Prefix> prefixes;
  held_.for_each([&](const net::Prefix& prefix, const std::vector<Held>&) { prefixes.push_back(prefix); });
  for (const net::Prefix& prefix : prefixes) {
    for (Held& held : *held_.find(prefix)) {
      held.stale = true;
    }
  }
}

void Channel::sweep_stale() {
  import_withdraws.accepted += state_of_table_->table.sweep_stale(protocol_.id());
  std::vector<std::pair<net::Prefix, rib::PathId>> old;
  held_.for_each([&](const net::Prefix& prefix, const std::vector<Held>& paths) {
    for (const Held& held : paths) {
      if (held.stale) {
        old.emplace_back(prefix, held.path_id);
      }
    }
  });
  for (const auto& [prefix, path_id] : old) {
    release(prefix, path_id);
  }
}

void Channel::for_each_received(
    const std::function<void(const net::Prefix&, rib::PathId, const rib::AttrRef&)>& visit) const {
  held_.for_each([&](const net::Prefix& prefix, const std::vector<Held>& paths) {
    for (const Held& held : paths) {
      visit(prefix, held.path_id, held.attrs);
    }
  });
  state_of_table_->table.for_each([&](const net::Prefix& prefix, const rib::Entry& entry) {
    for (const rib::Path& path : entry.paths()) {
      if (path.protocol != protocol_.id()) {
        continue;
      }
      const std::vector<Held>* others = held_.find(prefix);
      const bool is_held =
          others != nullptr && std::any_of(others->begin(), others->end(),
                                           [&](const Held& h) { return h.path_id == path.path_id; });
      if (!is_held) {
        visit(prefix, path.path_id, path.attrs);
      }
    }
  });
}

void Channel::reload_in() {
  std::vector<std::tuple<net::Prefix, rib::PathId, rib::AttrRef>> known;
  const auto is_unusable = [&](const net::Prefix& prefix, rib::PathId path_id) {
    const std::vector<Held>* paths = unusable_count_ == 0 ? nullptr : held_.find(prefix);
    return paths != nullptr && std::any_of(paths->begin(), paths->end(), [&](const Held& held) {
             return held.path_id == path_id && held.reason != 0;
           });
  };
  for_each_received([&](const net::Prefix& prefix, rib::PathId path_id, const rib::AttrRef& attrs) {
    if (!is_unusable(prefix, path_id)) {
      known.emplace_back(prefix, path_id, attrs);
    }
  });
  for (auto& [prefix, path_id, attrs] : known) {
    if (protocol_.kind() != observe::ProtocolKind::pipe && attrs->preference != preference()) {
      policy::RouteAttrs changed = *attrs;
      changed.preference = preference();
      attrs = core_.pool.intern(std::move(changed));
    }
    update(prefix, path_id, attrs);
  }
}

bool Channel::reconfigure(const intent::ChannelIntent& next, bool* import_changed, bool* export_changed) {
  if (next.family != intent_.family || next.table != intent_.table ||
      !session_goes_on(intent_.bgp, next.bgp)) {
    return false;
  }
  const intent::BgpChannelIntent& was = intent_.bgp;
  const auto changed = [&](const intent::FilterRef& before, const intent::FilterRef& after) {
    return !intent::same(before, after) ||
           (core_.roas_changed && next.rpki_reload && policy::inputs_of(after).roas);
  };
  *import_changed = changed(intent_.import_filter, next.import_filter) ||
                    next.preference != intent_.preference ||
                    next.import_keep_filtered != intent_.import_keep_filtered;
  *export_changed = changed(intent_.export_filter, next.export_filter) ||
                    next.bgp.next_hop_address != was.next_hop_address ||
                    next.bgp.next_hop_self != was.next_hop_self ||
                    next.bgp.next_hop_keep != was.next_hop_keep || next.bgp.aigp != was.aigp ||
                    next.bgp.aigp_originate != was.aigp_originate;
  intent_ = next;
  verify_limits();
  return true;
}

/// New limits count at once for the routes that are there: nothing is taken away, but what `restart` and
/// `disable` say is done.
void Channel::verify_limits() {
  if (state_ != State::up) {
    return;
  }
  const std::uint64_t imported = state_of_table_->table.counters(protocol_.id()).imported;
  const auto verify = [&](const std::optional<intent::Limit>& limit, std::uint64_t routes, LimitState& state,
                          const char* what) {
    state.hit = state.hit && limit.has_value();
    if (limit && routes > limit->routes) {
      over_limit(limit, routes, state, what);
    }
  };
  verify(intent_.receive_limit, imported + held_count_, receive_limit_, "receive");
  verify(intent_.import_limit, imported, import_limit_, "import");
  verify(intent_.export_limit, exported, export_limit_, "export");
}

bool Channel::over_limit(const std::optional<intent::Limit>& limit, std::uint64_t routes, LimitState& state,
                         const char* what) {
  if (!limit || routes < limit->routes) {
    state.hit = false;
    return false;
  }
  if (!state.hit) {
    state.hit = true;
    core_.note(act::NoteLevel::warning, protocol_.name(),
               std::string("Channel ") + std::string(net::to_string(intent_.family)) + ": " + what +
                   " limit of " + std::to_string(limit->routes) + " routes passed, action " +
                   std::string(action_name(limit->action)));
  }
  switch (limit->action) {
    case intent::LimitAction::warn:
      return false;
    case intent::LimitAction::block:
      return true;
    case intent::LimitAction::restart:
    case intent::LimitAction::disable:
      protocol_.limit_passed(*this, limit->action == intent::LimitAction::restart);
      return true;
  }
  return true;
}

bool Channel::admit_export(std::uint64_t standing) {
  return !intent_.export_limit || !over_limit(intent_.export_limit, standing, export_limit_, "export");
}

bool Channel::filter_out(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit) {
  if (!protocol_.preexport(*this, path)) {
    ++export_updates.rejected;
    return false;
  }
  if (!run_export_filter(prefix, path, edit)) {
    ++export_updates.filtered;
    return false;
  }
  return true;
}

bool Channel::run_export_filter(const net::Prefix& prefix, const rib::Path& path, policy::RouteEdit& edit) {
  if (intent_.export_filter.kind != intent::FilterRef::Kind::filter) {
    return intent_.export_filter.kind == intent::FilterRef::Kind::all;
  }
  const Protocol* source = core_.source_of(path);
  policy::FilterEnvironment environment = core_.environment();
  environment.exporting = true;
  const policy::Verdict verdict = policy::apply(
      intent_.export_filter, ref_of(prefix, path, source == nullptr ? std::string() : source->name()), edit,
      environment);
  for (const std::string& line : verdict.printed) {
    core_.note(act::NoteLevel::info, "", line);
  }
  return verdict.accepted;
}

Channel::ExportVerdict Channel::would_export(const net::Prefix& prefix, const rib::Path& path,
                                             policy::RouteEdit* edit, policy::Verdict* told,
                                             policy::FilterHits* hits) const {
  if (!protocol_.preexport(*this, path)) {
    return ExportVerdict::rejected;
  }
  const Protocol* source = core_.source_of(path);
  policy::RouteEdit scratch;
  policy::FilterEnvironment environment = core_.environment();
  environment.exporting = true;
  environment.hits = hits;
  const std::string name = source == nullptr ? std::string() : source->name();
  policy::Verdict verdict = policy::apply(intent_.export_filter, ref_of(prefix, path, name),
                                          edit != nullptr ? *edit : scratch, environment);
  const bool accepted = verdict.accepted;
  if (told != nullptr) {
    *told = std::move(verdict);
  }
  return accepted ? ExportVerdict::accepted : ExportVerdict::filtered;
}

policy::Verdict Channel::would_import(const net::Prefix& prefix, const rib::Path& path,
                                      policy::RouteEdit& edit, policy::FilterHits* hits) const {
  policy::FilterEnvironment environment = core_.environment();
  environment.hits = hits;
  return policy::apply(intent_.import_filter, ref_of(prefix, path, protocol_.name()), edit, environment);
}

std::optional<net::Prefix> Channel::next_known(const std::optional<net::Prefix>& after) const {
  const auto in_table = after ? table().next(*after) : table().first();
  const auto held = after ? held_.next(*after) : held_.first();
  return in_table && (!held || *in_table < *held) ? in_table : held;
}

void Channel::known_at(const net::Prefix& prefix, const std::function<void(const rib::Path&)>& visit) const {
  const std::vector<Held>* held = held_.find(prefix);
  const auto held_as = [&](rib::PathId path_id) -> const Held* {
    for (std::size_t i = 0; held != nullptr && i < held->size(); ++i) {
      if ((*held)[i].path_id == path_id) {
        return &(*held)[i];
      }
    }
    return nullptr;
  };
  if (const rib::Entry* entry = table().find(prefix)) {
    for (const rib::Path& path : entry->paths()) {
      if (path.protocol == protocol_.id() && held_as(path.path_id) == nullptr) {
        visit(path);
      }
    }
  }
  for (std::size_t i = 0; held != nullptr && i < held->size(); ++i) {
    rib::Path path = make_path((*held)[i].attrs, (*held)[i].path_id);
    path.last_change = (*held)[i].since;
    path.flags.unusable = (*held)[i].reason != 0;
    visit(path);
  }
}

observe::ChannelView Channel::view() const {
  observe::ChannelView view;
  view.family = intent_.family;
  view.name = net::to_string(intent_.family);
  view.table = intent_.table;
  view.up = state_ == State::up;
  if (state_ == State::start) {
    view.state = "START";
  }
  view.preference = preference();
  view.import_filter = policy::describe(intent_.import_filter);
  view.export_filter = policy::describe(intent_.export_filter);
  const rib::ProtocolCounters counters = state_of_table_->table.counters(protocol_.id());
  view.imported = counters.imported;
  view.filtered = counters.filtered;
  view.preferred = counters.preferred;
  view.exported = exported;
  view.keeps_filtered = intent_.import_keep_filtered;
  view.import_updates = import_updates;
  view.import_withdraws = import_withdraws;
  view.export_updates = export_updates;
  view.export_withdraws = export_withdraws;
  const auto add_limit = [&](const char* direction, const std::optional<intent::Limit>& limit,
                             const LimitState& state) {
    if (limit) {
      view.limits.push_back({direction, limit->routes, std::string(action_name(limit->action)), state.hit});
    }
  };
  add_limit("Receive", intent_.receive_limit, receive_limit_);
  add_limit("Import", intent_.import_limit, import_limit_);
  add_limit("Export", intent_.export_limit, export_limit_);
  return view;
}

}  // namespace catflap::bgp::internal
