#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "calico/ipam/block.hpp"
#include "calico/store/datastore.hpp"

namespace catflap::calico::ipam {

/// `calicoctl ipam split`.
struct Split {
  std::string name{};  ///< of the pool, or
  std::string cidr{};  ///< its range as it is stored
  std::int64_t parts = 0;
  std::function<std::string()> make_uid{};  ///< for the new pools
  UnixNanos now = 0;                        ///< their creation
};

/// Disables the pool, makes smaller ones with its settings, and deletes it. The store must be locked, so that
/// nobody assigns meanwhile; blocks and addresses are not touched. The text that is printed (its last line
/// without an end, as Calico's). Errors as Calico words them; nothing is written unless the parts fit.
Result<std::string> split_pool(Datastore& store, const Split& request);

}  // namespace catflap::calico::ipam
