#include "calico/client/ipam_settings.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace catflap::calico {
namespace {

using nlohmann::json;

struct Setting {
  const char* field;  ///< of the resource's spec
  const char* entry;
  bool always = false;  ///< shown in the resource even where the entry does not have it
};

constexpr std::array<Setting, 5> kSettings{{{"strictAffinity", "strict_affinity", true},
                                            {"autoAllocateBlocks", "auto_allocate_blocks", true},
                                            {"maxBlocksPerHost", "maxBlocksPerHost"},
                                            {"kubeVirtVMAddressPersistence", "kubeVirtVMAddressPersistence"},
                                            {"ipCooldownSeconds", "ipCooldownSeconds"}}};

bool is_zero(const json& value) {
  return value.is_null() || value == false || value == 0 || value == "";
}

}  // namespace

json ipam_configuration(const json& entry) {
  json spec = json::object();
  for (const Setting& setting : kSettings) {
    const auto found = entry.find(setting.entry);
    if (found != entry.end() && !found->is_null()) {
      spec[setting.field] = *found;
    } else if (setting.always) {
      spec[setting.field] = false;
    }
  }
  return {{"apiVersion", "projectcalico.org/v3"},
          {"kind", "IPAMConfiguration"},
          {"metadata", {{"name", "default"}}},
          {"spec", std::move(spec)}};
}

json ipam_entry(const json& document) {
  json entry = json::object();
  const auto spec = document.find("spec");
  if (spec == document.end() || !spec->is_object()) {
    return entry;
  }
  for (const Setting& setting : kSettings) {
    const auto found = spec->find(setting.field);
    if (found != spec->end() && !is_zero(*found)) {
      entry[setting.entry] = *found;
    }
  }
  return entry;
}

}  // namespace catflap::calico
