#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calico/print/tabwriter.hpp"

/// Tables in boxes of `+`, `-` and `|`.
namespace catflap::calico::print {

enum class BoxStyle : std::uint8_t {
  classic,  ///< calicoctl up to 3.32: headings centred, cells wrapped at 30 columns, numbers to the right
  plain,    ///< later ones: headings to the left, nothing wrapped, named columns to the right
};

struct BoxTable {
  std::vector<std::string> headings;  ///< printed in upper case
  Rows rows;                          ///< as many cells as headings
  std::vector<std::size_t> right{};   ///< columns that `plain` aligns to the right
};

std::string box_table(const BoxTable& table, BoxStyle style);

enum class PrettyAlign : std::uint8_t { centre, left };

/// As Python's PrettyTable draws it, which calicoctl 0.x used: headings as they are written, aligned as their
/// columns.
std::string pretty_table(const BoxTable& table, PrettyAlign align);

}  // namespace catflap::calico::print
