#include <algorithm>
#include <fmt/core.h>

#include "standalone/formats.h"

namespace slipway::standalone {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Damerau-Levenshtein distance (neighbours may be swapped) without regard to letter case; stops counting above `limit`.
std::size_t distance(std::string_view left, std::string_view right, std::size_t limit) {
  const std::size_t gap = left.size() > right.size() ? left.size() - right.size() : right.size() - left.size();
  if (gap > limit) return limit + 1;
  std::vector<std::size_t> before_last, last(right.size() + 1), row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const char a = lower(left[i - 1]), b = lower(right[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a == b ? 0u : 1u)});
      if (i > 1 && j > 1 && a == lower(right[j - 2]) && lower(left[i - 2]) == b)
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    std::swap(last, row);
  }
  return last[right.size()];
}

}  // namespace

std::string nearest(std::string_view text, const std::vector<std::string_view>& words) {
  constexpr std::size_t kLongest = 80;
  if (text.size() > kLongest) return {};
  std::size_t best = std::clamp<std::size_t>(text.size() / 3, 1, 4) + 1;
  std::string_view found;
  for (const std::string_view word : words) {
    const std::size_t steps = distance(text, word, best);
    if (steps < best) {
      best = steps;
      found = word;
    }
  }
  return std::string(found);
}

std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& words) {
  const std::string word = nearest(text, words);
  return word.empty() ? "" : fmt::format("did you mean '{}'?", word);
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string out;
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80 && ++count > kLongest) return "'" + out + "...'";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return "'" + out + "'";
}

}  // namespace slipway::standalone
