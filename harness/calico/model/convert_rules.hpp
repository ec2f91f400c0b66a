#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

/// The parts of v1 policies and profiles, as v3 has them.
namespace catflap::calico {

/// v1's label of the namespace, "calico/k8s_ns", is "projectcalico.org/namespace" in v3.
std::string convert_selector(std::string_view selector);
/// The same for the keys of labels. `labels` may be null.
nlohmann::json convert_labels(const nlohmann::json& labels);

/// "tcp" -> "TCP"; numbers stay.
nlohmann::json convert_protocol(const nlohmann::json& protocol);

/// A list of rules, which may be null: actions with a capital letter, `net` joined to `nets`, networks
/// masked, tags as selectors.
nlohmann::json convert_rules(const nlohmann::json& rules);

/// "10.0.0.5/24" -> "10.0.0.0/24", an address alone is a network of one; other texts stay.
std::string masked_network(const std::string& text);

}  // namespace catflap::calico
