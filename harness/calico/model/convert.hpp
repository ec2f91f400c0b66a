#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/model/resource.hpp"

/// `calicoctl convert`: resources of the v1 API, and Kubernetes' NetworkPolicy, as resources of
/// projectcalico.org/v3 by the rules of Calico's upgrade.
namespace catflap::calico {

/// The kinds that can be converted: those of v1 (calico/model/legacy.hpp) and networking.k8s.io/v1
/// NetworkPolicy. For ReadOptions::finder.
const KindInfo* find_convertible_kind(std::string_view api_version, std::string_view kind);

/// The v3 resource of a valid v1 resource or Kubernetes NetworkPolicy. Names and selectors change, see
/// convert_names.hpp; metadata that a server sets is dropped. The result is not validated and has no defaults
/// but those that Calico's converter sets. Errc::invalid for what has no form in v3, with Calico's words.
Result<Resource> convert_to_v3(const Resource& old);

struct ConvertOptions {
  bool validate = true;  ///< refuse results that the v3 API does not accept
};

/// Reads a text of one or more resources and converts them all; the first error ends it. Errors carry the
/// position in the file where it is known. Errc::invalid.
Result<std::vector<Resource>> convert_text(std::string_view text, std::string_view file,
                                           const ConvertOptions& options = {});

}  // namespace catflap::calico
