#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace catflap::calico::etcd {

/// RFC 4648 §4, with padding: how the gateway writes keys and values.
std::string to_base64(std::string_view octets);
/// Nothing for anything that to_base64() does not write.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace catflap::calico::etcd
