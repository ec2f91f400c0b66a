#include "calico/print/box_table.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <limits>
#include <string_view>

#include "calico/print/numbers.hpp"

namespace catflap::calico::print {

namespace {

enum class Align : std::uint8_t { left, right, centre, centre_by_parity };

std::string justify(std::string_view text, std::size_t width, Align align) {
  const std::size_t own = display_width(text);
  const std::size_t gap = width > own ? width - own : 0;
  std::size_t left = 0;
  switch (align) {
    case Align::left:
      break;
    case Align::right:
      left = gap;
      break;
    case Align::centre:
      left = gap / 2;
      break;
    case Align::centre_by_parity:
      // PrettyTable: of an odd gap the larger part is left of texts of even length.
      left = gap / 2 + (gap % 2 == 1 && own % 2 == 0 ? 1 : 0);
      break;
  }
  return std::string(left, ' ') + std::string(text) + std::string(gap - left, ' ');
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c == '_' ? ' ' : std::toupper(c)); });
  return out;
}

/// `^-?(\d{1,3}(,\d{3})*|\d+)(\.\d+)?$`
bool is_decimal(std::string_view text) {
  if (!text.empty() && text.front() == '-') {
    text.remove_prefix(1);
  }
  const auto digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
      ++count;
    }
    text.remove_prefix(count);
    return count;
  };
  const std::size_t first = digits();
  if (first == 0) {
    return false;
  }
  if (first <= 3) {
    while (!text.empty() && text.front() == ',') {
      text.remove_prefix(1);
      if (digits() != 3) {
        return false;
      }
    }
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    return digits() > 0 && text.empty();
  }
  return text.empty();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    } else {
      word += c;
    }
  }
  if (!word.empty()) {
    words.push_back(std::move(word));
  }
  return words;
}

/// Beyond this a cell is not wrapped: the search for the best breaks is quadratic.
constexpr std::size_t kMaxWords = 2000;
constexpr std::size_t kMaxWidth = 30;

/// The breaks with the least sum of squares of what is free at the ends of all lines but the last, as
/// tablewriter chooses them. A word longer than the limit raises it.
std::vector<std::string> wrap(std::string_view text) {
  const std::vector<std::string> words = words_of(text);
  if (words.empty() || words.size() > kMaxWords) {
    return {std::string(text)};
  }
  std::size_t limit = std::min(kMaxWidth, display_width(text));
  std::vector<std::size_t> lengths;
  for (const std::string& word : words) {
    lengths.push_back(display_width(word));
    limit = std::max(limit, lengths.back());
  }
  const std::size_t count = words.size();
  std::vector<std::uint64_t> cost(count, std::numeric_limits<std::uint64_t>::max());
  std::vector<std::size_t> next(count, count);
  std::size_t rest = 0;
  for (std::size_t i = count; i-- > 0;) {
    rest += lengths[i] + (i + 1 < count ? 1 : 0);
    if (rest <= limit) {
      cost[i] = 0;
      continue;
    }
    std::size_t length = lengths[i];
    for (std::size_t j = i + 1; j < count && length <= limit; ++j) {
      const std::uint64_t free = limit - length;
      if (free * free + cost[j] < cost[i]) {
        cost[i] = free * free + cost[j];
        next[i] = j;
      }
      length += 1 + lengths[j];
    }
  }
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; i = next[i]) {
    std::string line = words[i];
    for (std::size_t j = i + 1; j < next[i]; ++j) {
      line += " " + words[j];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// What is drawn: cells of lines, with an alignment each.
struct Cell {
  std::vector<std::string> lines;
  Align align = Align::left;
};

std::string draw(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows,
                 const std::vector<std::size_t>& widths) {
  std::string rule = "+";
  for (const std::size_t width : widths) {
    rule += std::string(width + 2, '-') + "+";
  }
  rule += "\n";
  const auto row_text = [&widths](const std::vector<Cell>& row) {
    std::size_t height = 1;
    for (const Cell& cell : row) {
      height = std::max(height, cell.lines.size());
    }
    std::string out;
    for (std::size_t line = 0; line < height; ++line) {
      out += "|";
      for (std::size_t column = 0; column < widths.size(); ++column) {
        const bool there = column < row.size() && line < row[column].lines.size();
        const std::string_view text = there ? std::string_view(row[column].lines[line]) : std::string_view();
        out += " " + justify(text, widths[column], there ? row[column].align : Align::left) + " |";
      }
      out += "\n";
    }
    return out;
  };
  std::string out = rule + row_text(header) + rule;
  for (const std::vector<Cell>& row : rows) {
    out += row_text(row);
  }
  return out + rule;
}

void widen(std::vector<std::size_t>& widths, std::size_t column, const Cell& cell) {
  for (const std::string& line : cell.lines) {
    widths[column] = std::max(widths[column], display_width(line));
  }
}

}  // namespace

std::string box_table(const BoxTable& table, BoxStyle style) {
  const bool classic = style == BoxStyle::classic;
  std::vector<std::size_t> widths(table.headings.size(), 0);
  std::vector<Cell> header;
  for (std::size_t column = 0; column < table.headings.size(); ++column) {
    const std::string heading = upper(table.headings[column]);
    header.push_back(
        {classic ? wrap(heading) : std::vector<std::string>{heading}, classic ? Align::centre : Align::left});
    widen(widths, column, header.back());
  }
  std::vector<std::vector<Cell>> rows;
  for (const std::vector<std::string>& texts : table.rows) {
    std::vector<Cell> row;
    for (std::size_t column = 0; column < texts.size() && column < widths.size(); ++column) {
      const std::string& text = texts[column];
      if (classic) {
        row.push_back({wrap(text), is_decimal(text) ? Align::right : Align::left});
        // A cell that is wrapped takes the whole width even where no line of it does.
        widths[column] = std::max(widths[column], std::min(kMaxWidth, display_width(text)));
      } else {
        const bool right = std::find(table.right.begin(), table.right.end(), column) != table.right.end();
        row.push_back({{text}, right ? Align::right : Align::left});
      }
      widen(widths, column, row.back());
    }
    rows.push_back(std::move(row));
  }
  return draw(header, rows, widths);
}

std::string pretty_table(const BoxTable& table, PrettyAlign align) {
  const Align own = align == PrettyAlign::left ? Align::left : Align::centre_by_parity;
  std::vector<std::size_t> widths(table.headings.size(), 0);
  std::vector<Cell> header;
  for (std::size_t column = 0; column < table.headings.size(); ++column) {
    header.push_back({{table.headings[column]}, own});
    widen(widths, column, header.back());
  }
  std::vector<std::vector<Cell>> rows;
  for (const std::vector<std::string>& texts : table.rows) {
    std::vector<Cell> row;
    for (std::size_t column = 0; column < texts.size() && column < widths.size(); ++column) {
      row.push_back({{texts[column]}, own});
      widen(widths, column, row.back());
    }
    rows.push_back(std::move(row));
  }
  return draw(header, rows, widths);
}

}  // namespace catflap::calico::print
