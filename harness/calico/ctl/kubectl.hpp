#pragma once

#include <span>
#include <string>
#include <string_view>

#include "calico/ctl/world.hpp"

namespace catflap::calico::ctl {

/// `kubectl` as far as people who set up Calico use it, over the same store: label, annotate, apply, create,
/// get and delete. Nodes are Calico's, so that selectors see the labels. The exit status.
int run_kubectl(std::span<const std::string> words, World& world);

/// How kubectl writes an age: "45s", "3m12s", "5h", "12d".
std::string kube_age(std::int64_t seconds);

}  // namespace catflap::calico::ctl
