#include "bgp/speaker/explain.hpp"

#include <algorithm>
#include <utility>

#include "bgp/speaker/protocol.hpp"
#include "bgp/speaker/route_view.hpp"

namespace catflap::bgp::internal {

namespace {

observe::FilterVerdictView verdict_of(const intent::FilterRef& filter, const policy::Verdict& verdict,
                                      bool changed) {
  observe::FilterVerdictView view;
  view.filter = policy::describe(filter);
  view.accepted = verdict.accepted;
  view.changed = changed;
  if (verdict.where.line != 0) {
    view.where = to_string(verdict.where);
  }
  view.message = verdict.message;
  return view;
}

std::string next_hop_of(const rib::Path& path) {
  if (path.next_hop() == nullptr) {
    return "";
  }
  const rib::NextHopEntry& entry = *path.next_hop();
  const std::string address = net::to_string(entry.address);
  if (!entry.problem.empty()) {
    return address + ": " + entry.problem;
  }
  return address + (entry.through ? " through " + net::to_string(*entry.through) : "");
}

class Explainer {
 public:
  Explainer(const Core& core, const std::vector<Protocol*>& protocols) : core_(core), protocols_(protocols) {}

  observe::ExplainView table(const rib::Table& table, const ExplainQuery& query) const {
    observe::ExplainView view;
    view.table = table.name();
    net::Prefix at = query.prefix;
    const rib::Entry* entry = query.exact ? table.find(at) : table.longest_cover(query.prefix, &at);
    // A prefix that was refused everywhere is in no table, and still the answer.
    for (const Channel* channel : importers(table)) {
      channel->known_at(query.prefix, [&](const rib::Path&) { at = query.prefix; });
    }
    entry = table.find(at);
    candidates(view, table, at, entry);
    for (const Channel* channel : importers(table)) {
      for (const Channel::Refusal& refusal : channel->refusals_at(query.prefix)) {
        view.refused.push_back(
            {channel->protocol().name(), query.prefix, std::string(refusal.why), refusal.since});
      }
    }
    if (!view.candidates.empty()) {
      view.prefix = at;
    }
    if (entry != nullptr && entry->best() != nullptr) {
      exports(view, table, at, *entry);
    }
    return view;
  }

 private:
  static const Channel* importer(const Protocol& protocol, const rib::Table& table) {
    for (const auto& channel : protocol.channels()) {
      if (&channel->table() == &table) {
        return channel.get();
      }
    }
    return nullptr;
  }
  std::vector<const Channel*> importers(const rib::Table& table) const {
    std::vector<const Channel*> found;
    for (const Protocol* protocol : protocols_) {
      if (const Channel* channel = importer(*protocol, table)) {
        found.push_back(channel);
      }
    }
    return found;
  }

  std::optional<observe::FilterVerdictView> import_of(const rib::Table& table, const net::Prefix& prefix,
                                                      const rib::Path& path) const {
    const auto owner = core_.by_id.find(path.protocol);
    const Channel* channel = owner == core_.by_id.end() ? nullptr : importer(*owner->second, table);
    std::optional<observe::FilterVerdictView> view;
    if (channel != nullptr) {
      channel->known_at(prefix, [&](const rib::Path& known) {
        if (known.path_id == path.path_id) {
          policy::RouteEdit edit;
          const policy::Verdict verdict = channel->would_import(prefix, known, edit);
          view = verdict_of(channel->intent().import_filter, verdict, edit.changed());
        }
      });
    }
    return view;
  }

  void candidates(observe::ExplainView& view, const rib::Table& table, const net::Prefix& prefix,
                  const rib::Entry* entry) const {
    for (const rib::Explanation& one : table.explain(prefix)) {
      observe::CandidateView candidate;
      candidate.route = view_of(core_, table.name(), prefix, *one.path, *one.path->attrs,
                                one.lost_at == rib::DecisionStep::best);
      if (one.lost_at != rib::DecisionStep::best) {
        candidate.lost_at = std::string(rib::to_string(one.lost_at));
        candidate.why = one.text;
      }
      candidate.next_hop = next_hop_of(*one.path);
      candidate.import = import_of(table, prefix, *one.path);
      view.candidates.push_back(std::move(candidate));
    }
    for (const Channel* channel : importers(table)) {
      channel->known_at(prefix, [&](const rib::Path& known) {
        if (known.flags.unusable) {
          return;  // told among the refused
        }
        if (entry != nullptr && entry->find(known.protocol, known.path_id) != nullptr) {
          return;
        }
        policy::RouteEdit edit;
        const policy::Verdict verdict = channel->would_import(prefix, known, edit);
        observe::CandidateView candidate;
        candidate.route = view_of(core_, table.name(), prefix, known, *known.attrs, false);
        candidate.route.filtered = true;
        candidate.in_table = false;
        candidate.lost_at = "import";
        candidate.why = verdict.accepted ? "over the import limit" : "rejected by the import filter";
        candidate.next_hop = next_hop_of(known);
        candidate.import = verdict_of(channel->intent().import_filter, verdict, edit.changed());
        view.candidates.push_back(std::move(candidate));
      });
    }
  }

  void exports(observe::ExplainView& view, const rib::Table& table, const net::Prefix& prefix,
               const rib::Entry& entry) const {
    for (const Protocol* protocol : protocols_) {
      const Channel* channel = importer(*protocol, table);
      using Kind = observe::ProtocolKind;
      const bool takes =
          protocol->kind() == Kind::bgp || protocol->kind() == Kind::kernel || protocol->kind() == Kind::pipe;
      if (channel == nullptr || !takes) {
        continue;
      }
      observe::ExportView one;
      one.protocol = protocol->name();
      one.kind = protocol->kind();
      if (channel->state() != Channel::State::up) {
        one.verdict = "refused";
        one.why = "the protocol is " + std::string(observe::to_string(protocol->state()));
        view.exports.push_back(std::move(one));
        continue;
      }
      told(one, *channel, prefix, *entry.best());
      view.exports.push_back(std::move(one));
    }
  }

  void told(observe::ExportView& one, const Channel& channel, const net::Prefix& prefix,
            const rib::Path& path) const {
    policy::RouteEdit edit;
    policy::Verdict verdict;
    switch (channel.would_export(prefix, path, &edit, &verdict)) {
      case Channel::ExportVerdict::rejected:
        one.verdict = "refused";
        one.why = std::string(channel.protocol().why_not(channel, path));
        return;
      case Channel::ExportVerdict::filtered:
        one.verdict = "filtered";
        one.filter = verdict_of(channel.intent().export_filter, verdict, edit.changed());
        return;
      case Channel::ExportVerdict::accepted:
        break;
    }
    one.filter = verdict_of(channel.intent().export_filter, verdict, edit.changed());
    one.verdict = "told";
    if (one.kind != observe::ProtocolKind::bgp) {
      return;
    }
    if (const auto sent = channel.protocol().as_sent(channel, path, edit)) {
      one.sent = view_of(core_, channel.table().name(), prefix, path, *sent, true);
    } else {
      one.verdict = "not sent";
      one.why = "there is no next hop that the peer could use";
    }
  }

  const Core& core_;
  const std::vector<Protocol*>& protocols_;
};

}  // namespace

Result<std::vector<observe::ExplainView>> explain(const Core& core, const std::vector<Protocol*>& protocols,
                                                  const ExplainQuery& query) {
  std::vector<observe::ExplainView> views;
  const Explainer explainer(core, protocols);
  if (!query.table.empty()) {
    const auto found = core.tables.find(query.table);
    if (found == core.tables.end()) {
      return fail(Errc::not_found, query.table + " is not a table");
    }
    if (found->second->table.family() != query.prefix.family()) {
      return fail(Errc::invalid, "table " + query.table + " is of the other family");
    }
    views.push_back(explainer.table(found->second->table, query));
    return views;
  }
  for (const auto& [name, state] : core.tables) {
    if (state->table.family() == query.prefix.family()) {
      views.push_back(explainer.table(state->table, query));
    }
  }
  return views;
}

}  // namespace catflap::bgp::internal
