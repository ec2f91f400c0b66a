#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Numbers and widths of text as programs in Go print them.
namespace catflap::calico::print {

/// `%v` of a float64: the shortest text that reads back the same, with an exponent below 1e-4 and from 1e+06
/// where fewer digits than that are needed: 100, 0.5, 1e+06.
std::string go_float(double value);
/// The same as encoding/json writes it: an exponent only below 1e-6 and from 1e21.
std::string go_json_float(double value);
/// `%.5g`: 65536, 1.3107e+05.
std::string go_general(double value, int precision);
/// `%.f%%`, halves to even: 8%.
std::string go_percent(double value);

/// How many columns of a terminal UTF-8 text takes, one a code point.
std::size_t display_width(std::string_view text);

}  // namespace catflap::calico::print
