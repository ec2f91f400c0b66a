#pragma once

#include <vector>

#include "calico/model/kind.hpp"
#include "calico/print/documents.hpp"

namespace catflap::calico::print {

/// The order of the fields of resources in the order of their kinds' tables, which is that of Go's structs.
/// For a document that is one resource or one list of `kinds.front()`; or, for several kinds, a sequence or a
/// List of resources or lists, one for each of `kinds`. For one document: it counts the resources while they
/// are written.
KeyOrder kind_order(std::vector<const KindInfo*> kinds);

}  // namespace catflap::calico::print
