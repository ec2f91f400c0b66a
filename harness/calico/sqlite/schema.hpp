#pragma once

#include "base/result.hpp"
#include "calico/sqlite/database.hpp"
#include "calico/sqlite/notifier.hpp"

namespace catflap::calico::sqlite {

/// What `database` holds. Errc::invalid: a database of another program; Errc::unsupported: of a newer
/// version.
enum class Content : std::uint8_t { nothing, datastore };
Result<Content> inspect(const Database& database);

/// Makes an empty database a datastore; several processes may do it at once.
Status initialise(const Database& database, const Notifier& notifier);

}  // namespace catflap::calico::sqlite
