#include "observe/snapshot.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace catflap::observe {
namespace {

template <class E, std::size_t N>
using Words = std::array<std::pair<E, std::string_view>, N>;

constexpr Words<SessionState, 9> kSessionStates{{{SessionState::down, "Down"},
                                                 {SessionState::idle, "Idle"},
                                                 {SessionState::connect, "Connect"},
                                                 {SessionState::active, "Active"},
                                                 {SessionState::passive, "Passive"},
                                                 {SessionState::open_sent, "OpenSent"},
                                                 {SessionState::open_confirm, "OpenConfirm"},
                                                 {SessionState::established, "Established"},
                                                 {SessionState::close, "Close"}}};
constexpr Words<ProtocolKind, 8> kProtocolKinds{{{ProtocolKind::device, "Device"},
                                                 {ProtocolKind::direct, "Direct"},
                                                 {ProtocolKind::kernel, "Kernel"},
                                                 {ProtocolKind::static_, "Static"},
                                                 {ProtocolKind::pipe, "Pipe"},
                                                 {ProtocolKind::bgp, "BGP"},
                                                 {ProtocolKind::bfd, "BFD"},
                                                 {ProtocolKind::other, "Other"}}};
constexpr Words<ProtocolState, 5> kProtocolStates{{{ProtocolState::down, "down"},
                                                   {ProtocolState::start, "start"},
                                                   {ProtocolState::up, "up"},
                                                   {ProtocolState::stop, "stop"},
                                                   {ProtocolState::flush, "flush"}}};
constexpr Words<RouteType, 4> kRouteTypes{{{RouteType::unicast, "unicast"},
                                           {RouteType::blackhole, "blackhole"},
                                           {RouteType::unreachable, "unreachable"},
                                           {RouteType::prohibit, "prohibited"}}};
constexpr Words<MalformedAction, 4> kMalformedActions{
    {{MalformedAction::attribute_discard, "attribute discard"},
     {MalformedAction::treat_as_withdraw, "treat as withdraw"},
     {MalformedAction::disable_family, "disable family"},
     {MalformedAction::session_reset, "session reset"}}};

template <class E, std::size_t N>
std::string_view word_of(const Words<E, N>& words, E value) {
  for (const auto& [candidate, word] : words) {
    if (candidate == value) {
      return word;
    }
  }
  return "";
}

template <class E, std::size_t N>
std::optional<E> value_of(const Words<E, N>& words, std::string_view text) {
  for (const auto& [value, word] : words) {
    if (word == text) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(SessionState state) {
  return word_of(kSessionStates, state);
}
std::optional<SessionState> parse_session_state(std::string_view text) {
  return value_of(kSessionStates, text);
}

std::string_view to_string(ProtocolKind kind) {
  return word_of(kProtocolKinds, kind);
}
ProtocolKind parse_protocol_kind(std::string_view text) {
  return value_of(kProtocolKinds, text).value_or(ProtocolKind::other);
}

std::string_view to_string(MalformedAction action) {
  return word_of(kMalformedActions, action);
}
std::optional<MalformedAction> parse_malformed_action(std::string_view text) {
  return value_of(kMalformedActions, text);
}

std::string_view to_string(ProtocolState state) {
  return word_of(kProtocolStates, state);
}
std::optional<ProtocolState> parse_protocol_state(std::string_view text) {
  return value_of(kProtocolStates, text);
}

std::string_view to_string(RouteType type) {
  return word_of(kRouteTypes, type);
}
std::optional<RouteType> parse_route_type(std::string_view text) {
  return value_of(kRouteTypes, text);
}

}  // namespace catflap::observe
