#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "expect/evaluate.hpp"

namespace catflap::expect {
namespace {

using nlohmann::json;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view mode_word(Mode mode) {
  switch (mode) {
    case Mode::eventually:
      return "eventually";
    case Mode::holds:
      return "holds";
    case Mode::never:
      return "never";
  }
  return "";
}

/// A text of several lines behind a label: later lines are indented below the first.
void labelled(std::string& out, std::string_view label, std::string_view text) {
  if (text.empty()) {
    return;
  }
  out += fmt::format("  {:<9}", label);
  for (const char c : text) {
    out += c;
    out += c == '\n' ? "           " : "";
  }
  out += '\n';
}

json place_json(const SourcePos& where) {
  return where.line == 0 && where.file.empty()
             ? json(nullptr)
             : json{{"file", where.file}, {"line", where.line}, {"column", where.column}};
}

json explanation_json(const Explanation& why) {
  json quotes = json::array();
  for (const Quote& quote : why.quotes) {
    quotes.push_back({{"where", place_json(quote.where)}, {"text", quote.text}, {"note", quote.note}});
  }
  json ladder = json::array();
  for (const Rung& rung : why.ladder) {
    const char* state = rung.state == Rung::State::ok       ? "ok"
                        : rung.state == Rung::State::failed ? "failed"
                                                            : "unknown";
    ladder.push_back({{"state", state}, {"what", rung.what}});
  }
  return {{"verdict", to_string(why.verdict)},
          {"title", why.title},
          {"expected", why.expected},
          {"found", why.found},
          {"why", why.why},
          {"cause", why.cause},
          {"fix", why.fix},
          {"quotes", quotes},
          {"ladder", ladder},
          {"nearest", why.nearest},
          {"where", place_json(why.where)}};
}

/// Log tails and error texts come from outside: what is no UTF-8 is replaced, not thrown at.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string body_text(const Explanation& why) {
  std::string out;
  if (why.verdict != Verdict::holds) {
    labelled(out, "expected", why.expected);
  }
  for (std::size_t i = 0; i < why.found.size(); ++i) {
    labelled(out, i == 0 ? "found" : "", why.found[i]);
  }
  labelled(out, "why", why.why);
  labelled(out, "cause", why.cause);
  for (const Quote& quote : why.quotes) {
    labelled(out, "",
             fmt::format("  {}  {}{}", to_string(quote.where), quote.text,
                         quote.note.empty() ? "" : "   <- " + quote.note));
  }
  labelled(out, "fix", why.fix);
  for (std::size_t i = 0; i < why.nearest.size(); ++i) {
    labelled(out, i == 0 ? "nearest" : "", why.nearest[i]);
  }
  if (!why.ladder.empty()) {
    std::string line;
    for (const Rung& rung : why.ladder) {
      const char* mark = rung.state == Rung::State::ok       ? "✔ "
                         : rung.state == Rung::State::failed ? "✘ "
                                                             : "? ";
      line += (line.empty() ? "" : "  ") + std::string(mark) + rung.what;
    }
    out += "  " + line + "\n";
  }
  return out;
}

std::string timeline_text(const Outcome& outcome, const World& world) {
  constexpr std::size_t kEventsMax = 12;
  std::vector<const TimelineEvent*> events;
  for (const TimelineEvent& event : world.timeline()) {
    if (event.at >= outcome.started && event.at <= outcome.finished) {
      events.push_back(&event);
    }
  }
  std::string out;
  const std::size_t skip = events.size() > kEventsMax ? events.size() - kEventsMax : 0;
  if (skip > 0) {
    out += fmt::format("  ... {} earlier events\n", skip);
  }
  for (std::size_t i = skip; i < events.size(); ++i) {
    out += fmt::format("  +{:.3f}  {}: {}\n", seconds(events[i]->at - outcome.started), events[i]->node,
                       events[i]->text);
  }
  return out;
}

}  // namespace

std::string to_text(const Explanation& explanation) {
  const char* mark = explanation.verdict == Verdict::holds ? "✔ " : "✘ ";
  return mark + explanation.title + "\n" + body_text(explanation);
}

std::string to_text(const Outcome& outcome, const Check& check, const World& world) {
  const std::string name = check.name.empty() ? describe(check) : check.name + ": " + describe(check);
  const double length = seconds(outcome.finished - outcome.started);
  if (outcome.status == Status::pending) {
    return "… " + name + "\n";
  }
  std::string out;
  if (outcome.status == Status::passed) {
    out = fmt::format("✔ {}  {:.3f} s\n", name, length);
  } else {
    const std::string where = to_string(static_cast<const SourcePos&>(check.where));
    out = where.empty() ? "" : where + ": " + name + "\n";
    const char* when = check.mode == Mode::eventually ? "within" : "after";
    const std::string_view what = check.mode == Mode::never ? "this must never hold, but does:" : "";
    out += fmt::format("✘ {}{}{} ({} {:.3f} s)\n", what, what.empty() ? "" : " ", outcome.why.title, when,
                       length);
    out += body_text(outcome.why);
    out += timeline_text(outcome, world);
  }
  if (outcome.polled && check.mode != Mode::eventually) {
    out += "  note     a daemon's state is polled here: something shorter than a poll may have been missed\n";
  }
  return out;
}

std::string to_json(const Explanation& explanation) {
  return dump(explanation_json(explanation));
}

std::string to_json(const Outcome& outcome, const Check& check, const World& world) {
  const auto since_start = [&](Instant at) { return seconds(at - outcome.started); };
  json value{{"check", describe(check)},
             {"name", check.name},
             {"mode", mode_word(check.mode)},
             {"status", to_string(outcome.status)},
             {"samples", outcome.samples},
             {"polled", outcome.polled},
             {"first_true_s", outcome.first_true ? json(since_start(*outcome.first_true)) : json(nullptr)},
             {"last_change_s", since_start(outcome.last_change)},
             {"explanation", explanation_json(outcome.why)}};
  json events = json::array();
  if (outcome.status != Status::pending) {
    value["duration_s"] = since_start(outcome.finished);
    for (const TimelineEvent& event : world.timeline()) {
      if (event.at >= outcome.started && event.at <= outcome.finished) {
        events.push_back({{"at_s", since_start(event.at)}, {"node", event.node}, {"text", event.text}});
      }
    }
  }
  value["timeline"] = std::move(events);
  return dump(value);
}

}  // namespace catflap::expect
