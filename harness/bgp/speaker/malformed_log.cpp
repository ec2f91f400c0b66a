#include "bgp/speaker/malformed_log.hpp"

#include <algorithm>
#include <string>

#include "bgp/wire/notification.hpp"

namespace catflap::bgp::internal {

namespace {

using observe::MalformedAction;

MalformedAction action_of(wire::Severity severity) {
  switch (severity) {
    case wire::Severity::attribute_discard:
      return MalformedAction::attribute_discard;
    case wire::Severity::treat_as_withdraw:
      return MalformedAction::treat_as_withdraw;
    case wire::Severity::disable_family:
      return MalformedAction::disable_family;
    case wire::Severity::session_reset:
      return MalformedAction::session_reset;
  }
  return MalformedAction::session_reset;
}

std::string name_of(std::uint8_t attribute) {
  return attribute == 0 ? std::string("message") : wire::attribute_name(attribute);
}

}  // namespace

void MalformedLog::add(Instant now, const wire::Update& update, BytesView octets) {
  std::vector<observe::MalformedMessage::Error> errors;
  for (const wire::AttributeError& error : update.errors) {
    errors.push_back({error.type, name_of(error.type), action_of(error.severity), wire::error_code::kUpdate,
                      error.subcode, error.what, to_hex(error.attribute)});
  }
  keep(now, std::move(errors), octets);
}

void MalformedLog::add(Instant now, const wire::DecodeError& error, BytesView octets) {
  const wire::Notification& sent = error.notification;
  keep(now,
       {{error.attribute, name_of(error.attribute), MalformedAction::session_reset, sent.code, sent.subcode,
         error.what, error.attribute == 0 ? std::string() : to_hex(sent.data)}},
       octets);
}

void MalformedLog::keep(Instant now, std::vector<observe::MalformedMessage::Error> errors, BytesView octets) {
  ++total_;
  for (const auto& error : errors) {
    ++counts_[{error.attribute, error.action}];
  }
  if (messages_.size() == kMessagesMax) {
    messages_.pop_front();
  }
  octets = octets.first(std::min(octets.size(), kOctetsMax));
  messages_.push_back({now, total_, std::move(errors), Bytes(octets.begin(), octets.end())});
}

std::vector<observe::MalformedCount> MalformedLog::counts() const {
  std::vector<observe::MalformedCount> result;
  for (const auto& [key, count] : counts_) {
    result.push_back({key.first, name_of(key.first), key.second, count});
  }
  return result;
}

observe::MalformedView MalformedLog::view() const {
  observe::MalformedView view;
  view.total = total_;
  view.counts = counts();
  for (const Message& message : messages_) {
    view.messages.push_back({message.at, message.number, message.errors, to_hex(message.octets)});
  }
  return view;
}

}  // namespace catflap::bgp::internal
