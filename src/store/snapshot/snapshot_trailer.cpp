#include "store/snapshot/snapshot_trailer.h"

#include <fmt/core.h>

#include "data/json_text.h"

namespace slipway::store {

namespace {

using data::Json;
constexpr std::string_view kMagic = "slipway-snapshot";
constexpr std::size_t kMaxKeys = 64;

std::string number_bytes(std::uint64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}

base::Error corrupt(std::string_view what) {
  return base::fail(base::ErrorCode::kCorrupt, std::string(what));
}

}  // namespace

std::string SnapshotTrailer::bytes() const {
  return std::string(kMagic) + number_bytes(database_size) + number_bytes(description_size) + sha256;
}

base::Result<SnapshotTrailer> parse_trailer(std::string_view bytes, std::uint64_t file_size) {
  if (bytes.size() != SnapshotTrailer::kSize || !bytes.starts_with(kMagic))
    return corrupt("it is no snapshot, or its end is missing");
  SnapshotTrailer trailer{number_at(bytes, 16), number_at(bytes, 24), std::string(bytes.substr(32))};
  if (trailer.description_size > SnapshotTrailer::kMaxDescription || trailer.database_size > file_size ||
      trailer.database_size + trailer.description_size + SnapshotTrailer::kSize != file_size)
    return corrupt("its sizes do not fit: a part of it is missing or was added");
  return trailer;
}

std::string description_text(const SnapshotDescription& description) {
  Json keys = Json::array();
  for (const std::string& key : description.keys) keys.append(key);
  return data::to_json(Json::object({{"storeFormat", description.store_format},
                                     {"revision", description.revision},
                                     {"objects", description.objects},
                                     {"sealed", description.sealed},
                                     {"keys", keys},
                                     {"created", description.created},
                                     {"slipway", description.slipway}}));
}

base::Result<SnapshotDescription> parse_description(std::string_view text) {
  const auto json = data::parse_json(text);
  if (!json || !json->is_object()) return corrupt("its description is no JSON object");
  SnapshotDescription description;
  for (const auto& [name, into] : {std::pair{"storeFormat", &description.store_format},
                                   {"revision", &description.revision},
                                   {"objects", &description.objects},
                                   {"sealed", &description.sealed}}) {
    *into = (*json)[name].integer_or(-1);
    if (*into < 0) return corrupt(fmt::format("its description lacks {}", name));
  }
  const auto& keys = (*json)["keys"].items();
  if (keys.size() > kMaxKeys) return corrupt("its description has too many keys");
  for (const Json& key : keys) description.keys.push_back(key.string_or_empty());
  description.created = json->text({"created"});
  description.slipway = json->text({"slipway"});
  return description;
}

}  // namespace slipway::store
