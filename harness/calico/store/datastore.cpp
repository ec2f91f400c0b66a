#include "calico/store/datastore.hpp"

#include <fmt/format.h>

namespace catflap::calico {

Status check_key(std::string_view key) {
  if (key.empty()) {
    return fail(Errc::invalid, "a key of the datastore cannot be empty");
  }
  if (key.size() > Datastore::kKeyMax) {
    return fail(Errc::invalid, fmt::format("a key of the datastore has at most {} octets, not {}",
                                           Datastore::kKeyMax, key.size()));
  }
  return {};
}

Status check_value(std::string_view key, std::string_view value) {
  if (value.size() > Datastore::kValueMax) {
    return fail(Errc::invalid, fmt::format("{}: a value of the datastore has at most {} octets, not {}", key,
                                           Datastore::kValueMax, value.size()));
  }
  return {};
}

std::string prefix_end(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') {
    prefix.remove_suffix(1);
  }
  std::string end(prefix);
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1U);
  }
  return end;
}

Error key_exists(std::string_view key) {
  return Error{Errc::exists, fmt::format("key {} exists", key)};
}

Error key_not_found(std::string_view key) {
  return Error{Errc::not_found, fmt::format("key {} does not exist", key)};
}

Error key_changed(std::string_view key, Revision expected, Revision actual) {
  return Error{Errc::conflict,
               fmt::format("key {} has changed: its revision is {}, not {}", key, actual, expected)};
}

Error compacted(Revision after, Revision kept_after) {
  return Error{
      Errc::conflict,
      fmt::format("the changes after revision {} are not kept any more, only those after {}: list again",
                  after, kept_after)};
}

}  // namespace catflap::calico
