#include "calico/client/pretty_table.hpp"

#include <algorithm>
#include <cstddef>

namespace catflap::calico {
namespace {

std::string cell(const std::string& text, std::size_t width, bool centred) {
  const std::size_t rest = width - text.size();
  // Where it cannot be in the middle, the odd blank goes to the left of texts of even length.
  const std::size_t left = !centred ? 0 : (rest + (text.size() % 2 == 0 && rest % 2 != 0 ? 1U : 0U)) / 2;
  return ' ' + std::string(left, ' ') + text + std::string(rest - left, ' ') + " |";
}

std::string row(const std::vector<std::string>& texts, const std::vector<std::size_t>& widths, bool centred) {
  std::string line = "|";
  for (std::size_t i = 0; i < widths.size(); ++i) {
    line += cell(i < texts.size() ? texts[i] : std::string(), widths[i], centred);
  }
  return line + '\n';
}

}  // namespace

std::string to_string(const PrettyTable& table) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.headings.size(); ++i) {
    std::size_t width = table.headings[i].size();
    for (const std::vector<std::string>& each : table.rows) {
      width = i < each.size() ? std::max(width, each[i].size()) : width;
    }
    widths.push_back(width);
  }
  std::string rule = "+";
  for (const std::size_t width : widths) {
    rule += std::string(width + 2, '-') + '+';
  }
  rule += '\n';
  std::string text = rule + row(table.headings, widths, table.centred) + rule;
  for (const std::vector<std::string>& each : table.rows) {
    text += row(each, widths, table.centred);
  }
  return text + rule;
}

}  // namespace catflap::calico
