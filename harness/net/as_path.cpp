#include "net/as_path.hpp"

#include <algorithm>

namespace catflap::net {
namespace {

constexpr std::size_t kSegmentAsnsMax = 255;

bool is_confederation(AsSegmentType type) {
  return type == AsSegmentType::confed_sequence || type == AsSegmentType::confed_set;
}

}  // namespace

std::size_t AsPath::length() const {
  std::size_t length = 0;
  for (const AsSegment& segment : segments) {
    if (!is_confederation(segment.type)) {
      length += segment.type == AsSegmentType::set ? 1 : segment.asns.size();
    }
  }
  return length;
}

std::optional<std::uint32_t> AsPath::first() const {
  for (const AsSegment& segment : segments) {
    if (is_confederation(segment.type)) {
      continue;
    }
    if (segment.type == AsSegmentType::sequence && !segment.asns.empty()) {
      return segment.asns.front();
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> AsPath::last() const {
  if (segments.empty() || segments.back().asns.empty()) {
    return std::nullopt;
  }
  const AsSegment& segment = segments.back();
  const bool ordered =
      segment.type == AsSegmentType::sequence || segment.type == AsSegmentType::confed_sequence;
  return ordered ? std::optional(segment.asns.back()) : std::nullopt;
}

std::size_t AsPath::count(std::uint32_t asn) const {
  std::size_t found = 0;
  for (const AsSegment& segment : segments) {
    found += static_cast<std::size_t>(std::count(segment.asns.begin(), segment.asns.end(), asn));
  }
  return found;
}

void AsPath::prepend(std::uint32_t asn, std::size_t times) {
  for (; times > 0; --times) {
    if (segments.empty() || segments.front().type != AsSegmentType::sequence ||
        segments.front().asns.size() >= kSegmentAsnsMax) {
      segments.insert(segments.begin(), AsSegment{AsSegmentType::sequence, {}});
    }
    auto& asns = segments.front().asns;
    asns.insert(asns.begin(), asn);
  }
}

std::string to_string(const AsPath& path) {
  std::string text;
  for (const AsSegment& segment : path.segments) {
    static constexpr const char* kOpen[] = {"", "{", "", "(", "({"};
    static constexpr const char* kClose[] = {"", "}", "", ")", "})"};
    const auto type = static_cast<std::size_t>(segment.type);
    text += (text.empty() ? "" : " ");
    text += kOpen[type];
    for (std::size_t i = 0; i < segment.asns.size(); ++i) {
      text += (i == 0 ? "" : " ") + std::to_string(segment.asns[i]);
    }
    text += kClose[type];
  }
  return text;
}

}  // namespace catflap::net
