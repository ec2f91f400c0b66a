#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "observe/snapshot.hpp"

/// The views as JSON, for `--json` and the event stream. Fields that hold nothing are left out and read back
/// as nothing, so decode(encode(x)) == x. Instants and durations are nanoseconds; addresses, prefixes,
/// identifiers and communities are text ("65001:100", "64512:1:2", extended ones 16 hexadecimal digits).
namespace catflap::observe {

nlohmann::json to_json_value(const SessionView& session);
nlohmann::json to_json_value(const ChannelView& channel);
nlohmann::json to_json_value(const ProtocolView& protocol);
nlohmann::json to_json_value(const RouteView& route);
nlohmann::json to_json_value(const ProcessView& process);
nlohmann::json to_json_value(const LinkView& link);
nlohmann::json to_json_value(const MalformedView& malformed);
nlohmann::json to_json_value(const BfdSessionView& session);
nlohmann::json to_json_value(const Snapshot& snapshot);

/// Errc::protocol names the first field that is wrong. Unknown fields are ignored, missing ones keep their
/// default.
Result<SessionView> session_from_json(const nlohmann::json& value);
Result<ProtocolView> protocol_from_json(const nlohmann::json& value);
Result<RouteView> route_from_json(const nlohmann::json& value);
Result<ProcessView> process_from_json(const nlohmann::json& value);
Result<LinkView> link_from_json(const nlohmann::json& value);
Result<MalformedView> malformed_from_json(const nlohmann::json& value);
Result<Snapshot> snapshot_from_json(const nlohmann::json& value);

}  // namespace catflap::observe
