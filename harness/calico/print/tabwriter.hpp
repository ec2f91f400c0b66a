#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace catflap::calico::print {

using Rows = std::vector<std::vector<std::string>>;

struct TabOptions {
  std::size_t min_width = 5;
  std::size_t padding = 3;
};

/// Aligns columns as Go's text/tabwriter does with spaces: a cell ends with a tab, a column is a run of lines
/// that have the cell, and a cell that ends with a tab is padded to max(min_width, widest + padding) even
/// where it is the last of its line. calicoctl's tables are written with the default options.
std::string tabwrite(std::string_view text, TabOptions options = {});

/// The table that `calicoctl get` prints: every cell ends with a tab.
std::string tab_table(const Rows& rows);

}  // namespace catflap::calico::print
