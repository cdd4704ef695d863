#include "store/sorted_entries.h"

#include <algorithm>

namespace slipway::store {

namespace {

constexpr std::size_t kBlock = 256;

struct ByKey {
  bool operator()(const Entry& entry, std::string_view key) const { return entry.key < key; }
};

}  // namespace

bool SortedEntries::assign(std::vector<Entry> entries) {
  const auto before = [](const Entry& left, const Entry& right) { return left.key < right.key; };
  if (!std::ranges::is_sorted(entries, before)) std::ranges::sort(entries, before);
  const auto twice =
      std::ranges::adjacent_find(entries, [](const Entry& left, const Entry& right) { return left.key == right.key; });
  if (twice != entries.end()) return false;
  blocks_.clear();
  size_ = entries.size();
  for (std::size_t begin = 0; begin < entries.size(); begin += kBlock / 2) {
    const std::size_t end = std::min(entries.size(), begin + kBlock / 2);
    const auto at = [&](std::size_t index) {
      return std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(index));
    };
    blocks_.push_back(std::make_unique<Block>(at(begin), at(end)));
  }
  return true;
}

SortedEntries::Place SortedEntries::lower_bound(std::string_view key) const {
  const auto block =
      std::ranges::partition_point(blocks_, [&](const auto& candidate) { return candidate->back().key < key; });
  if (block == blocks_.end()) return end();
  const auto entry = std::lower_bound((*block)->begin(), (*block)->end(), key, ByKey());
  return {static_cast<std::size_t>(block - blocks_.begin()), static_cast<std::size_t>(entry - (*block)->begin())};
}

SortedEntries::Place SortedEntries::end_of(std::string_view prefix) const {
  // The next key that does not start with it: the prefix with its last byte raised.
  std::string after(prefix);
  while (!after.empty() && after.back() == '\xff') after.pop_back();
  if (after.empty()) return end();
  after.back() = static_cast<char>(static_cast<unsigned char>(after.back()) + 1);
  return lower_bound(after);
}

const Entry* SortedEntries::find(std::string_view key) const {
  const Place place = lower_bound(key);
  return place == end() || at(place).key != key ? nullptr : &at(place);
}

void SortedEntries::put(Entry entry) {
  if (blocks_.empty()) {
    blocks_.push_back(std::make_unique<Block>());
    blocks_.back()->push_back(std::move(entry));
    size_ = 1;
    return;
  }
  Place place = lower_bound(entry.key);
  if (place == end()) place = {blocks_.size() - 1, blocks_.back()->size()};
  Block& block = *blocks_[place.block];
  const auto position = block.begin() + static_cast<std::ptrdiff_t>(place.index);
  if (position != block.end() && position->key == entry.key) {
    *position = std::move(entry);
    return;
  }
  block.insert(position, std::move(entry));
  ++size_;
  if (block.size() <= kBlock) return;
  const auto half = block.begin() + kBlock / 2;
  auto upper = std::make_unique<Block>(std::make_move_iterator(half), std::make_move_iterator(block.end()));
  block.erase(half, block.end());
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(place.block) + 1, std::move(upper));
}

void SortedEntries::erase(std::string_view key) {
  const Place place = lower_bound(key);
  if (place == end() || at(place).key != key) return;
  Block& block = *blocks_[place.block];
  block.erase(block.begin() + static_cast<std::ptrdiff_t>(place.index));
  --size_;
  if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(place.block));
}

SortedEntries::Place SortedEntries::next(Place place) const {
  if (++place.index == blocks_[place.block]->size()) place = {place.block + 1, 0};
  return place;
}

std::size_t SortedEntries::count(const Place& from, const Place& to) const {
  if (from.block == to.block) return to.index - from.index;
  std::size_t total = blocks_[from.block]->size() - from.index + to.index;
  for (std::size_t block = from.block + 1; block < to.block; ++block) total += blocks_[block]->size();
  return total;
}

}  // namespace slipway::store
