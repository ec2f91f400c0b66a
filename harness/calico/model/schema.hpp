#pragma once

#include <string>

#include "calico/model/kind.hpp"

namespace catflap::calico {

/// The JSON schema (draft 2020-12) of documents of one kind, for editors; made from the kind's table. It
/// tells what the CRD's schema tells; rules between fields are not in it.
std::string json_schema(const KindInfo& kind);
/// The same for a document of any kind of projectcalico.org/v3.
std::string json_schema();

}  // namespace catflap::calico
