#include "calico/ipam/codec.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace catflap::calico::ipam {
namespace {

using nlohmann::json;

tl::unexpected<Error> wrong(const Entry& entry, std::string_view what) {
  return fail(Errc::protocol, fmt::format("the value of {} is not what IPAM writes: {}", entry.key, what));
}

std::string quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string quoted_or_null(const std::optional<std::string>& text) {
  return text ? quoted(*text) : "null";
}

std::string encode(const Attributes& attributes) {
  if (attributes.empty()) {
    return "null";
  }
  return json(attributes).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string encode(const Attribute& attribute) {
  std::string text = "{\"handle_id\":" + quoted_or_null(attribute.handle);
  text += ",\"secondary\":" + encode(attribute.secondary);
  if (!attribute.alternate.empty()) {
    text += ",\"alternateOwnerAttrs\":" + encode(attribute.alternate);
  }
  if (attribute.released) {
    text += ",\"releasedAt\":\"" + to_rfc3339(*attribute.released) + '"';
  }
  return text + "}";
}

/// Joined by commas, each as `print` gives it.
template <class Range, class Print>
std::string list(const Range& range, Print print) {
  std::string text;
  for (const auto& each : range) {
    text += text.empty() ? "" : ",";
    text += print(each);
  }
  return text;
}

/// A member that may be missing or null.
const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// True if it is a text, or not there.
bool read(const json& object, const char* name, std::optional<std::string>& into) {
  const json* value = member(object, name);
  if (value != nullptr && value->is_string()) {
    into = value->get<std::string>();
  }
  return value == nullptr || value->is_string();
}

bool read(const json& object, const char* name, std::optional<UnixNanos>& into) {
  std::optional<std::string> text;
  if (!read(object, name, text)) {
    return false;
  }
  if (text) {
    into = parse_rfc3339(*text);
  }
  return !text || into;
}

bool read(const json& object, const char* name, bool& into) {
  const json* value = member(object, name);
  if (value != nullptr && value->is_boolean()) {
    into = value->get<bool>();
  }
  return value == nullptr || value->is_boolean();
}

bool read(const json& object, const char* name, std::int64_t& into) {
  const json* value = member(object, name);
  if (value == nullptr) {
    return true;
  }
  if (!value->is_number_integer() || *value < 0 || *value > INT32_MAX) {
    return false;
  }
  into = value->get<std::int64_t>();
  return true;
}

bool read(const json& object, const char* name, Attributes& into) {
  const json* value = member(object, name);
  if (value == nullptr) {
    return true;
  }
  if (!value->is_object()) {
    return false;
  }
  for (const auto& [key, each] : value->items()) {
    if (!each.is_string()) {
      return false;
    }
    into.emplace(key, each.get<std::string>());
  }
  return true;
}

/// An ordinal or index.
std::optional<std::uint32_t> small(const json& value) {
  if (!value.is_number_integer() || value < 0 || value > UINT32_MAX) {
    return std::nullopt;
  }
  return value.get<std::uint32_t>();
}

bool read_allocations(const json& object, Block& block) {
  const json* value = member(object, "allocations");
  if (value == nullptr || !value->is_array() || value->size() != address_count(block.cidr)) {
    return false;
  }
  for (const json& each : *value) {
    const auto index = small(each);
    if (!index && !each.is_null()) {
      return false;
    }
    block.allocations.push_back(index);
  }
  return true;
}

bool read_unallocated(const json& object, Block& block) {
  const json* value = member(object, "unallocated");
  if (value == nullptr) {
    return true;
  }
  if (!value->is_array()) {
    return false;
  }
  for (const json& each : *value) {
    const auto ordinal = small(each);
    if (!ordinal) {
      return false;
    }
    block.unallocated.push_back(*ordinal);
  }
  return true;
}

bool read_attributes(const json& object, Block& block) {
  const json* value = member(object, "attributes");
  if (value == nullptr) {
    return true;
  }
  if (!value->is_array()) {
    return false;
  }
  for (const json& each : *value) {
    Attribute attribute;
    if (!each.is_object() || !read(each, "handle_id", attribute.handle) ||
        !read(each, "secondary", attribute.secondary) ||
        !read(each, "alternateOwnerAttrs", attribute.alternate) ||
        !read(each, "releasedAt", attribute.released)) {
      return false;
    }
    block.attributes.push_back(std::move(attribute));
  }
  return true;
}

bool read_sequence(const json& object, Block& block) {
  const json* value = member(object, "sequenceNumber");
  if (value != nullptr) {
    if (!value->is_number_integer() || *value < 0) {
      return false;
    }
    block.sequence = value->get<std::uint64_t>();
  }
  const json* numbers = member(object, "sequenceNumberForAllocation");
  if (numbers == nullptr) {
    return true;
  }
  if (!numbers->is_object()) {
    return false;
  }
  for (const auto& [ordinal, number] : numbers->items()) {
    const bool digits =
        !ordinal.empty() && ordinal.size() <= 5 &&
        std::all_of(ordinal.begin(), ordinal.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || !number.is_number_integer() || number < 0) {
      return false;
    }
    block.allocation_sequence[static_cast<std::uint32_t>(std::stoul(ordinal))] = number.get<std::uint64_t>();
  }
  return true;
}

std::string sequences(const Block& block) {
  // Go sorts the keys of a map as text.
  std::map<std::string, std::uint64_t> sorted;
  for (const auto& [ordinal, number] : block.allocation_sequence) {
    sorted.emplace(std::to_string(ordinal), number);
  }
  return list(sorted, [](const auto& each) { return fmt::format("\"{}\":{}", each.first, each.second); });
}

}  // namespace

std::string encode(const Block& block) {
  std::string text = "{\"cidr\":\"" + net::to_string(block.cidr) + '"';
  text += ",\"affinity\":" + quoted_or_null(block.affinity);
  if (block.claimed) {
    text += ",\"affinity_claim_time\":\"" + to_rfc3339(*block.claimed) + '"';
  }
  text += ",\"allocations\":[" + list(block.allocations, [](const auto& index) {
            return index ? std::to_string(*index) : std::string("null");
          });
  text += "],\"unallocated\":[" + list(block.unallocated, [](auto n) { return std::to_string(n); });
  text += "],\"attributes\":[" + list(block.attributes, [](const Attribute& each) { return encode(each); });
  text += fmt::format("],\"sequenceNumber\":{},\"sequenceNumberForAllocation\":{{{}}},\"deleted\":{}",
                      block.sequence, sequences(block), block.deleted);
  if (block.host_affinity) {
    text += ",\"hostAffinity\":" + quoted(*block.host_affinity);
  }
  return text + "}";
}

Result<Block> decode_block(const Entry& entry) {
  const auto cidr = parse_block_key(entry.key);
  if (!cidr) {
    return wrong(entry, "the key names no block");
  }
  if (net::address_bits(cidr->family()) - cidr->length() > static_cast<int>(Block::kHostBitsMax)) {
    return wrong(entry, "the block is larger than any block");
  }
  const auto value = decode_value(entry.key, entry.value);
  if (!value) {
    return fail(value.error());
  }
  Block block{*cidr};
  std::optional<std::string> text;
  if (!read(*value, "cidr", text) || (text && *text != net::to_string(*cidr))) {
    return wrong(entry, "cidr is another than the key's");
  }
  if (!read(*value, "affinity", block.affinity) || !read(*value, "hostAffinity", block.host_affinity) ||
      !read(*value, "affinity_claim_time", block.claimed)) {
    return wrong(entry, "affinity");
  }
  if (!read_allocations(*value, block)) {
    return wrong(entry, fmt::format("allocations are not {} indices", address_count(*cidr)));
  }
  if (!read_unallocated(*value, block)) {
    return wrong(entry, "unallocated is not a list of ordinals");
  }
  if (!read_attributes(*value, block)) {
    return wrong(entry, "attributes");
  }
  if (!read_sequence(*value, block)) {
    return wrong(entry, "sequence numbers");
  }
  if (!read(*value, "deleted", block.deleted)) {
    return wrong(entry, "deleted is not true or false");
  }
  return block;
}

std::string encode(AffinityState state) {
  const char* name = state == AffinityState::confirmed ? "confirmed"
                     : state == AffinityState::pending ? "pending"
                                                       : "pendingDeletion";
  return fmt::format("{{\"state\":\"{}\",\"deleted\":false}}", name);
}

Result<AffinityState> decode_affinity(const Entry& entry) {
  if (entry.value.empty()) {
    return AffinityState::confirmed;
  }
  const auto value = decode_value(entry.key, entry.value);
  if (!value) {
    return fail(value.error());
  }
  std::optional<std::string> state;
  if (!read(*value, "state", state)) {
    return wrong(entry, "state is not a text");
  }
  if (!state || state->empty() || *state == "confirmed") {
    return AffinityState::confirmed;
  }
  if (*state == "pending") {
    return AffinityState::pending;
  }
  if (*state == "pendingDeletion") {
    return AffinityState::pending_deletion;
  }
  return wrong(entry, "state is " + *state);
}

std::string encode(const Handle& handle) {
  return "{\"block\":" + json(handle.blocks).dump(-1, ' ', false, json::error_handler_t::replace) +
         ",\"deleted\":false}";
}

Result<Handle> decode_handle(const Entry& entry) {
  const auto id = parse_handle_key(entry.key);
  if (!id) {
    return wrong(entry, "the key names no handle");
  }
  const auto value = decode_value(entry.key, entry.value);
  if (!value) {
    return fail(value.error());
  }
  Handle handle{*id};
  const json* blocks = member(*value, "block");
  if (blocks != nullptr && !blocks->is_object()) {
    return wrong(entry, "block is not an object");
  }
  const json none = json::object();
  for (const auto& [cidr, count] : (blocks == nullptr ? none : *blocks).items()) {
    if (!net::Prefix::parse(cidr) || !count.is_number_integer() || count < 0 || count > INT32_MAX) {
      return wrong(entry, "block is not a map of numbers of addresses");
    }
    handle.blocks[cidr] = count.get<std::int64_t>();
  }
  return handle;
}

std::string encode(const Config& config) {
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& each) {
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, each);
  };
  if (config.strict_affinity) {
    add("strict_affinity", "true");
  }
  if (config.auto_allocate_blocks) {
    add("auto_allocate_blocks", "true");
  }
  if (config.max_blocks_per_host != 0) {
    add("maxBlocksPerHost", std::to_string(config.max_blocks_per_host));
  }
  if (config.vm_address_persistence) {
    add("kubeVirtVMAddressPersistence", quoted(*config.vm_address_persistence));
  }
  if (config.cooldown_s != 0) {
    add("ipCooldownSeconds", std::to_string(config.cooldown_s));
  }
  return "{" + text + "}";
}

Result<Config> decode_config(const Entry& entry) {
  const auto value = decode_value(entry.key, entry.value);
  if (!value) {
    return fail(value.error());
  }
  Config config;
  config.auto_allocate_blocks = false;  // what is left out is zero
  if (!read(*value, "strict_affinity", config.strict_affinity) ||
      !read(*value, "auto_allocate_blocks", config.auto_allocate_blocks) ||
      !read(*value, "maxBlocksPerHost", config.max_blocks_per_host) ||
      !read(*value, "kubeVirtVMAddressPersistence", config.vm_address_persistence) ||
      !read(*value, "ipCooldownSeconds", config.cooldown_s)) {
    return wrong(entry, "a field has a value of another type");
  }
  return config;
}

}  // namespace catflap::calico::ipam
