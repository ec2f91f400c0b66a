#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intent/filter.hpp"
#include "intent/router.hpp"

/// BIRD's configuration language: text to RouterIntent and back. Follows BIRD 2.0.12 and 1.6.8.
namespace catflap::birdlang {

/// bird1: the flat language of BIRD 1.6 (one family for each daemon). bird2: channels, BIRD 2.x.
using intent::Dialect;

struct IncludeFile {
  std::string path;  ///< as messages show it, and the base of its own relative includes
  std::string text;
};

struct ParseOptions {
  Dialect dialect = Dialect::bird2;
  net::Family family = net::Family::ipv4;  ///< bird1 only: ipv4 is `bird`, ipv6 is `bird6`
  std::string hostname;                    ///< RouterIntent::hostname where the file has no `hostname`
  /// Reads what `include "glob";` names, in byte-wise order of paths. `glob` is already relative to the
  /// folder of the file that includes it, `from`. An empty result is an error of the file unless the glob has
  /// wildcards. Without this function every include is an error.
  std::function<Result<std::vector<IncludeFile>>(const std::string& glob, const std::string& from)> include;
};

inline constexpr std::size_t kFileOctetsMax = std::size_t{64} << 20U;  ///< of all files together
inline constexpr std::size_t kIncludeDepthMax = 8;                     ///< as BIRD
inline constexpr std::size_t kNestingMax =
    200;                                        ///< of blocks and parentheses, and of calls between functions
inline constexpr std::size_t kChainMax = 2000;  ///< of operators in one expression, as `a || b || c ...`

/// Reads a whole configuration. The first error has file, line and column, and says what was expected. A
/// statement that this module does not know is refused by name, never skipped (Errc::unsupported if BIRD
/// knows it).
Result<intent::RouterIntent> parse(std::string_view text, const std::string& file_name,
                                   const ParseOptions& options);

/// The filter of `show route where EXPR` (given as EXPR), `show route filter { ... }` (given as `filter { ...
/// }` or
/// `{ ... }`) or `filter NAME`. Names come from `context`.
Result<std::shared_ptr<const intent::Filter>> parse_filter_expression(std::string_view text,
                                                                      const intent::RouterIntent& context);

/// An expression for `eval`. Functions that it calls are those of `context`.
Result<intent::ExprPtr> parse_expression(std::string_view text, const intent::RouterIntent& context);

/// Text that BIRD of this dialect and parse() accept; parse() gives back the same intent. Deterministic.
/// bird1 prints the flat language: channels of a protocol are merged into the first one.
std::string print(const intent::RouterIntent& router, Dialect dialect);

/// Errc::unsupported if print() would say something that real BIRD 2.0.12 and 1.6.8 refuse, because it is an
/// option of a later version or our own; names the protocol and the option.
Status fits_bird(const intent::RouterIntent& router);

/// One filter or function as text, for messages and `show`. `filter name { ... }`.
std::string print(const intent::Filter& filter);
std::string print(const intent::Function& function);
/// The first line of a statement, without what `if`, `case` and `for` have inside: "if net.len > 24 then".
std::string print_head(const intent::Stmt& statement);
/// An expression as text; variables are named by their slots.
std::string print(const intent::ExprPtr& expression);

}  // namespace catflap::birdlang
