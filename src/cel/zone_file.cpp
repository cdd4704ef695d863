#include "cel/zone_file.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fmt/core.h>
#include <mutex>

#include "base/files.h"

namespace slipway::cel {

namespace {

constexpr std::string_view kFolder = "/usr/share/zoneinfo/";
constexpr std::size_t kLargestFile = 1u << 20;
constexpr std::size_t kMostZones = 1024;

struct Zone {
  std::vector<std::int64_t> changes;  // when, ascending
  std::vector<std::uint8_t> kinds;    // what then holds: index into offsets
  std::vector<std::int32_t> offsets;
  std::size_t first = 0;  // what holds before the first change
};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = static_cast<std::int8_t>(bytes[0]) < 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

struct Header {
  std::size_t utc = 0, standard = 0, leap = 0, changes = 0, kinds = 0, names = 0;
  std::size_t body(std::size_t time_size) const {
    return changes * time_size + changes + kinds * 6 + names + leap * (time_size + 4) + standard + utc;
  }
};

constexpr std::size_t kHeaderSize = 44;

bool read_header(std::string_view data, Header& header) {
  if (data.size() < kHeaderSize || !data.starts_with("TZif")) return false;
  const auto count = [&](std::size_t index) {
    return static_cast<std::size_t>(big_endian(data.substr(20 + index * 4, 4)) & 0xFFFFFF);
  };
  header = {count(0), count(1), count(2), count(3), count(4), count(5)};
  return true;
}

// The second, 64 bit part of the file. The rule for the time after the last change is not read: the files hold the
// changes up to 2037, and what comes later keeps the last offset.
std::optional<Zone> parse_zone(std::string_view data) {
  Header header;
  if (!read_header(data, header) || data[4] < '2') return std::nullopt;
  const std::size_t skip = kHeaderSize + header.body(4);
  if (skip > data.size()) return std::nullopt;
  data.remove_prefix(skip);
  if (!read_header(data, header) || kHeaderSize + header.body(8) > data.size() || header.kinds == 0)
    return std::nullopt;
  data.remove_prefix(kHeaderSize);
  Zone zone;
  for (std::size_t i = 0; i < header.changes; ++i) zone.changes.push_back(big_endian(data.substr(i * 8, 8)));
  data.remove_prefix(header.changes * 8);
  for (std::size_t i = 0; i < header.changes; ++i) zone.kinds.push_back(static_cast<std::uint8_t>(data[i]));
  data.remove_prefix(header.changes);
  for (std::size_t i = 0; i < header.kinds; ++i)
    zone.offsets.push_back(static_cast<std::int32_t>(big_endian(data.substr(i * 6, 4))));
  if (std::ranges::any_of(zone.kinds, [&](std::uint8_t kind) { return kind >= zone.offsets.size(); }))
    return std::nullopt;
  return zone;
}

// Names come from rules: no way out of the folder.
bool is_zone_name(std::string_view name) {
  return !name.empty() && name.size() < 64 && name[0] != '/' && name.find("..") == name.npos &&
         std::ranges::all_of(
             name,
             [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' || c == '+';
             });
}

std::shared_ptr<const Zone> find_zone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Zone>, std::less<>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return found->second;
  std::shared_ptr<const Zone> zone;
  if (const auto data = base::read_file(std::string(kFolder) + std::string(name), kLargestFile))
    if (auto parsed = parse_zone(*data)) zone = std::make_shared<const Zone>(std::move(*parsed));
  if (zone != nullptr && known.size() < kMostZones) known.emplace(name, zone);
  return zone;
}

}  // namespace

ZoneOffset named_zone_offset(std::string_view name, std::int64_t seconds) {
  if (name.empty() || name == "UTC") return {};
  const auto zone = is_zone_name(name) ? find_zone(name) : nullptr;
  if (zone == nullptr) return {0, fmt::format("unknown time zone {}", name)};
  const auto after = std::ranges::upper_bound(zone->changes, seconds);
  const std::size_t kind = after == zone->changes.begin()
                               ? zone->first
                               : zone->kinds[static_cast<std::size_t>(after - zone->changes.begin()) - 1];
  return {zone->offsets[kind], ""};
}

}  // namespace slipway::cel
