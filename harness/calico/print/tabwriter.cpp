#include "calico/print/tabwriter.hpp"

#include <algorithm>

#include "calico/print/numbers.hpp"

namespace catflap::calico::print {

namespace {

class Writer {
 public:
  Writer(std::string_view text, TabOptions options) : options_(options) {
    lines_.emplace_back(1);
    for (const char c : text) {
      if (c == '\n') {
        lines_.emplace_back(1);
      } else if (c == '\t') {
        lines_.back().emplace_back();
      } else {
        lines_.back().back() += c;
      }
    }
  }

  std::string format() && {
    block(0, lines_.size(), 0);
    return std::move(out_);
  }

 private:
  /// The column after those whose widths are known, of the lines [from, to). A column is a run of lines, so a
  /// line without the cell ends it. `depth` columns are known; the text bounds it.
  void block(std::size_t from, std::size_t to, std::size_t depth) {
    std::size_t line = from;
    while (line < to) {
      if (!has_cell(line, depth)) {
        ++line;
        continue;
      }
      print(from, line);
      from = line;
      std::size_t width = options_.min_width;
      while (line < to && has_cell(line, depth)) {
        width = std::max(width, display_width(lines_[line][depth]) + options_.padding);
        ++line;
      }
      widths_.push_back(width);
      block(from, line, depth + 1);
      widths_.pop_back();
      from = line;
    }
    print(from, to);
  }

  /// The last cell of a line is not ended by a tab: it belongs to no column.
  bool has_cell(std::size_t line, std::size_t column) const { return column + 1 < lines_[line].size(); }

  void print(std::size_t from, std::size_t to) {
    for (std::size_t line = from; line < to; ++line) {
      for (std::size_t column = 0; column < lines_[line].size(); ++column) {
        const std::string& cell = lines_[line][column];
        out_ += cell;
        if (column < widths_.size()) {
          out_.append(widths_[column] - display_width(cell), ' ');
        }
      }
      if (line + 1 < lines_.size()) {
        out_ += '\n';
      }
    }
  }

  TabOptions options_;
  Rows lines_;
  std::vector<std::size_t> widths_;
  std::string out_;
};

/// Lines with more cells are not aligned, so that the recursion is bounded.
constexpr std::size_t kMaxColumns = 1000;

}  // namespace

std::string tabwrite(std::string_view text, TabOptions options) {
  std::size_t cells = 0;
  for (const char c : text) {
    cells = c == '\n' ? 0 : cells + (c == '\t' ? 1 : 0);
    if (cells > kMaxColumns) {
      return std::string(text);
    }
  }
  return Writer(text, options).format();
}

std::string tab_table(const Rows& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (const std::string& cell : row) {
      text += cell + "\t";
    }
    text += "\n";
  }
  return tabwrite(text);
}

}  // namespace catflap::calico::print
