#include "base/result.hpp"

namespace catflap {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not_found";
    case Errc::exists:
      return "exists";
    case Errc::denied:
      return "denied";
    case Errc::timeout:
      return "timeout";
    case Errc::protocol:
      return "protocol";
    case Errc::io:
      return "io";
    case Errc::conflict:
      return "conflict";
    case Errc::unsupported:
      return "unsupported";
  }
  return "unknown";
}

std::string to_string(const SourcePos& where) {
  std::string text = where.file;
  if (where.line != 0) {
    text += (text.empty() ? "" : ":") + std::to_string(where.line);
    if (where.column != 0) {
      text += ":" + std::to_string(where.column);
    }
  }
  return text;
}

Error Error::context(std::string_view what) && {
  message.insert(0, ": ").insert(0, what);
  return std::move(*this);
}

std::string to_string(const Error& error) {
  const std::string place = error.where ? to_string(*error.where) : std::string();
  return place.empty() ? error.message : place + ": " + error.message;
}

}  // namespace catflap
