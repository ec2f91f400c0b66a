#include "calico/ctl/arguments.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.hpp"

namespace catflap::calico::ctl {

namespace {

/// The option of a long name that may be cut short.
Result<const Option*> find_long(std::string_view name, std::span<const Option> options) {
  std::vector<const Option*> matches;
  std::vector<std::string_view> names;
  for (const Option& option : options) {
    if (option.name == name) {
      return &option;
    }
    if (option.name.substr(0, name.size()) == name && !name.empty()) {
      matches.push_back(&option);
    }
    names.push_back(option.name);
  }
  if (matches.size() == 1) {
    return matches.front();
  }
  if (!matches.empty()) {
    std::string all;
    for (const Option* option : matches) {
      all += fmt::format("{}--{}", all.empty() ? "" : ", ", option->name);
    }
    return fail(Errc::invalid, fmt::format("--{} is not unique: {}", name, all));
  }
  const std::string near = nearest(name, names);
  return fail(Errc::invalid, fmt::format("unknown option --{}{}", name,
                                         near.empty() ? "" : fmt::format("; did you mean --{}?", near)));
}

class Parser {
 public:
  Parser(std::span<const std::string> words, std::span<const Option> options)
      : words_(words), options_(options) {}

  Result<Arguments> run(bool first) && {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      Status status;
      if (word == "--") {
        rest();
      } else if (word.rfind("--", 0) == 0) {
        status = long_option(std::string_view(word).substr(2));
      } else if (word.size() > 1 && word.front() == '-') {
        status = letters(std::string_view(word).substr(1));
      } else {
        out_.positional.push_back(word);
        if (first) {
          rest();
        }
      }
      if (!status) {
        return fail(status.error());
      }
    }
    return std::move(out_);
  }

 private:
  void rest() {
    out_.positional.insert(out_.positional.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_),
                           words_.end());
    at_ = words_.size();
  }

  Status take(const Option& option, std::string_view shown, std::optional<std::string> value) {
    if (!option.has_value) {
      if (value) {
        return fail(Errc::invalid, fmt::format("{} takes no value", shown));
      }
      out_.flags.emplace(option.name);
      return {};
    }
    if (!value) {
      if (at_ == words_.size()) {
        return fail(Errc::invalid, fmt::format("{} needs a value", shown));
      }
      value = words_[at_++];
    }
    out_.values[std::string(option.name)] = std::move(*value);
    return {};
  }

  Status long_option(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const Result<const Option*> option = find_long(name, options_);
    if (!option) {
      return fail(option.error());
    }
    std::optional<std::string> value;
    if (equals != std::string_view::npos) {
      value = std::string(word.substr(equals + 1));
    }
    return take(**option, fmt::format("--{}", name), std::move(value));
  }

  Status letters(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      const char letter = word[i];
      const auto option = std::find_if(options_.begin(), options_.end(), [letter](const Option& candidate) {
        return candidate.letter == letter || candidate.also == letter;
      });
      if (option == options_.end() || letter == '\0') {
        return fail(Errc::invalid, fmt::format("unknown option -{}", letter));
      }
      std::optional<std::string> value;
      if (option->has_value && i + 1 < word.size()) {
        // -o=yaml is written as often as -oyaml.
        value = std::string(word.substr(i + (word[i + 1] == '=' ? 2 : 1)));
        i = word.size();
      }
      if (Status taken = take(*option, fmt::format("-{}", letter), std::move(value)); !taken) {
        return taken;
      }
    }
    return {};
  }

  std::span<const std::string> words_;
  std::span<const Option> options_;
  std::size_t at_ = 0;
  Arguments out_;
};

}  // namespace

std::optional<std::string> Arguments::value(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional<std::string>(found->second);
}

Result<Arguments> parse_arguments(std::span<const std::string> words, std::span<const Option> options,
                                  bool first) {
  return Parser(words, options).run(first);
}

}  // namespace catflap::calico::ctl
