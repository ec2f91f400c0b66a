#include "bgp/speaker/export_groups.hpp"

#include <algorithm>

#include "bgp/policy/filter_inputs.hpp"
#include "bgp/speaker/core.hpp"
#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

bool ExportKey::operator==(const ExportKey& other) const {
  return table == other.table && family == other.family && internal == other.internal && as4 == other.as4 &&
         extended_message == other.extended_message && any_next_hop_family == other.any_next_hop_family &&
         all_paths == other.all_paths && llgr_aware == other.llgr_aware && alone == other.alone &&
         cluster_id == other.cluster_id && interface == other.interface && next_hop == other.next_hop &&
         link_local == other.link_local && channel == other.channel && bgp == other.bgp &&
         intent::same(filter, other.filter);
}

intent::BgpIntent export_settings(intent::BgpIntent bgp) {
  const intent::BgpIntent blank;
  bgp.remote_as = 0;
  bgp.remote_internal = bgp.remote_external = false;
  bgp.local_address.reset();
  bgp.local_port = blank.local_port;
  bgp.neighbor.reset();
  bgp.neighbor_range.reset();
  bgp.neighbor_port = blank.neighbor_port;
  bgp.dynamic_name.clear();
  bgp.interface.clear();
  bgp.passive = bgp.strict_bind = bgp.free_bind = false;
  bgp.multihop.reset();
  bgp.multihop_ttl = blank.multihop_ttl;
  bgp.ttl_security = false;
  bgp.password.reset();
  for (std::optional<Duration>* time :
       {&bgp.hold_time, &bgp.startup_hold_time, &bgp.keepalive_time, &bgp.connect_delay_time,
        &bgp.connect_retry_time, &bgp.error_wait_min, &bgp.error_wait_max, &bgp.error_forget_time,
        &bgp.send_hold_time, &bgp.min_hold_time, &bgp.delay_open_time, &bgp.limit_restart_time,
        &bgp.stale_path_time}) {
    time->reset();
  }
  return bgp;
}

ExportGroups::~ExportGroups() {
  for (Group& group : groups_) {
    drop_from_table(*group.key.table, *group.group);
  }
}

void ExportGroups::drop_from_table(TableState& table, UpdateGroup& group) {
  table.groups.erase(std::remove(table.groups.begin(), table.groups.end(), &group), table.groups.end());
}

UpdateGroup* ExportGroups::adopt(ExportKey key, std::unique_ptr<UpdateGroup> group) {
  UpdateGroup* const made = group.get();
  key.table->groups.push_back(made);
  groups_.push_back({std::move(key), std::move(group)});
  return made;
}

UpdateGroup* ExportGroups::join(ExportKey key, UpdateMember& member, UpdateGroup* from) {
  const auto found =
      std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.key == key; });
  UpdateGroup* group = found == groups_.end() ? nullptr : found->group.get();
  if (from != nullptr && from == group) {
    return group;
  }
  if (group == nullptr) {
    UpdateGroup::Options options;
    options.family = key.family;
    options.context.as4 = key.as4;
    options.context.extended_message = key.extended_message;
    options.context.internal = key.internal;
    options.context.send_local_pref = key.bgp.confederation_member || key.bgp.allow_bgp_local_pref;
    if (key.all_paths) {
      options.context.add_path = {key.family};
    }
    if (key.any_next_hop_family) {
      options.context.extended_next_hop = {key.family};
    }
    options.all_paths = key.all_paths;
    options.attributes_only = key.alone == 0 && policy::inputs_of(key.filter).attributes_only();
    options.path_number = [&core = core_](const rib::Path& path) { return core.path_number(path); };
    rib::Table& table = key.table->table;
    group = adopt(std::move(key), std::make_unique<UpdateGroup>(table, blocks_, std::move(options)));
  }
  if (from == nullptr) {
    group->add(member);
  } else {
    group->take_over(member, *from);
    drop_if_empty(*from);
  }
  schedule(*group);
  return group;
}

UpdateGroup* ExportGroups::split_off(UpdateGroup& group, UpdateMember& member) {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const Group& other) { return other.group.get() == &group; });
  ExportKey key = found->key;
  key.alone = ~++split_;
  UpdateGroup* const fresh = adopt(std::move(key), group.split_off(member));
  schedule(*fresh);
  drop_if_empty(group);
  return fresh;
}

void ExportGroups::leave(UpdateGroup& group, UpdateMember& member) {
  group.remove(member);
  drop_if_empty(group);
}

void ExportGroups::drop_if_empty(UpdateGroup& group) {
  if (!group.empty()) {
    return;
  }
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const Group& other) { return other.group.get() == &group; });
  drop_from_table(*found->key.table, group);
  queue_.erase(std::remove(queue_.begin(), queue_.end(), &group), queue_.end());
  groups_.erase(found);
}

void ExportGroups::schedule(UpdateGroup& group) {
  if (!group.scheduled) {
    group.scheduled = true;
    queue_.push_back(&group);
  }
}

void ExportGroups::flush() {
  for (UpdateGroup* group : std::exchange(queue_, {})) {
    group->scheduled = false;
    if (group->flush()) {
      schedule(*group);
    }
  }
}

void ExportGroups::forget_verdicts() {
  for (const Group& group : groups_) {
    group.group->forget_verdicts();
  }
}

}  // namespace catflap::bgp::internal
