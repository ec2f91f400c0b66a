#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace catflap::calico::print {

/// Go's text/template, as far as `calicoctl get -o go-template` needs it: text, comments and trim markers,
/// fields (`.Spec.PeerIP`), variables, pipelines, if / else if / else / with / range / break / continue,
/// define / template, and the functions and or not len index slice print printf println eq ne lt le gt ge,
/// with calicoctl's join, joinAndTruncate and config.
///
/// Data are documents, not Go structs: a field is found by its Go name or its name in the document, in any
/// case
/// (`.Spec.ASNumber` is `asNumber`), ObjectMeta is `metadata`, TypeMeta and ListMeta are passed through, and
/// what metadata has can be asked of the resource itself (`.Name`). A field that is not there is the empty
/// text, as the zero value of most fields.
class GoTemplate {
 public:
  /// The value of `config "asNumber"`.
  using Config = std::function<std::string(std::string_view name)>;

  /// An error says what is not understood: `template: get:1: unexpected "}" in operand`, with the position.
  static Result<GoTemplate> parse(std::string_view text);

  GoTemplate(GoTemplate&&) noexcept;
  GoTemplate& operator=(GoTemplate&&) noexcept;
  GoTemplate(const GoTemplate&) = delete;
  GoTemplate& operator=(const GoTemplate&) = delete;
  ~GoTemplate();

  struct Limits {
    std::size_t output = std::size_t{64} << 20U;  ///< octets
    std::size_t steps = 50'000'000;               ///< nodes of the template that are carried out
  };
  /// Errc::invalid for what only the data can show: a range over a text, an index out of range, more output
  /// or more steps than the limits.
  Result<std::string> render(const nlohmann::json& data, const Config& config, Limits limits) const;
  Result<std::string> render(const nlohmann::json& data, const Config& config = {}) const {
    return render(data, config, Limits());
  }

  struct Program;

 private:
  explicit GoTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

/// calicoctl's join, joinAndTruncate: elements of a list, or `key=value` of a map, sorted; cut so that it is
/// no longer than `limit` octets, `...` included. 0: not cut.
std::string join(const nlohmann::json& items, std::string_view separator, std::size_t limit = 0);

/// As Go's `%v` prints it: text as it is, `[a b]`, `map[k:v]`, `<nil>`.
std::string go_value(const nlohmann::json& value);

}  // namespace catflap::calico::print
