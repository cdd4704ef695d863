#include "apiserver/openapi/documents.h"

#include <ctime>
#include <fmt/core.h>

#include "apiserver/openapi/meta_types.h"
#include "apiserver/openapi/operations.h"
#include "apiserver/openapi/schema_component.h"
#include "apiserver/response_encoding.h"
#include "base/version.h"
#include "data/gzip.h"
#include "data/json_text.h"
#include "pki/certificate.h"

namespace slipway::apiserver {

using data::Json;
using registry::ResourceCatalog;
using registry::ResourceVersionInfo;

namespace {

constexpr std::size_t kKeptDocuments = 8;
constexpr std::size_t kLargestKept = 512u << 10;  // packed
constexpr std::size_t kLargestDocument = 128u << 20;
constexpr int kPackLevel = 6;
constexpr std::string_view kJsonType = "application/json";

std::string group_version_path(const meta::Gvk& gvk) {
  return gvk.group.empty() ? fmt::format("api/{}", gvk.version) : fmt::format("apis/{}/{}", gvk.group, gvk.version);
}

// Everything that a document is made from.
std::string fingerprint(const ResourceVersionInfo& info) {
  const registry::ResourceInfo& resource = *info.resource;
  std::string text = fmt::format("{}\n{} {} {} {} {}\n", base::kVersion, resource.kind, resource.list_kind,
                                 resource.plural, resource.namespaced, info.has_status);
  if (info.scale) text += "scale\n";
  for (const std::string& field : info.selectable_fields) text += field + "\n";
  return text + pki::sha256_hex(info.packed_schema_document());
}

// RFC 9110 date: "Tue, 14 Nov 2023 22:13:20 GMT".
std::string http_date(base::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string document_url(std::string_view path, std::string_view hash) {
  return fmt::format("/openapi/v3/{}?hash={}", path, hash);
}

}  // namespace

std::optional<Json> openapi_group_version(const ResourceCatalog& catalog, std::string_view path) {
  Json paths = Json::object();
  Json schemas = Json::object();
  const auto& resources = catalog.all();
  for (const auto& resource : resources)
    for (const auto& version : resource->versions) {
      if (!version->served || group_version_path(version->gvk()) != path) continue;
      if (schemas.empty()) schemas = meta_types(resource->group, version->version);
      add_paths(*version, paths);
      add_kind_components(*version, schemas);
      if (!version->scale) continue;
      const Json scale = scale_types();
      for (const auto& [name, schema] : scale.members()) schemas.set(name, schema);
    }
  if (paths.empty()) return std::nullopt;
  return Json::object({{"openapi", "3.0.0"},
                       {"info", Json::object({{"title", "Slipway"}, {"version", base::kVersion}})},
                       {"paths", std::move(paths)},
                       {"components", Json::object({{"schemas", std::move(schemas)}})}});
}

std::map<std::string, std::string> OpenApiDocuments::hashes() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t now = catalog_.generation();
  if (generation_ == now) return hashes_;
  std::map<std::string, std::string> parts;
  const auto& resources = catalog_.all();
  for (const auto& resource : resources)
    for (const auto& version : resource->versions)
      if (version->served) parts[group_version_path(version->gvk())] += fingerprint(*version);
  for (auto& [path, part] : parts) part = pki::sha256_hex(part);
  hashes_ = std::move(parts);
  generation_ = now;
  return hashes_;
}

std::string OpenApiDocuments::packed(const std::string& path, const std::string& hash) {
  {
    const std::lock_guard lock(mutex_);
    for (auto here = recent_.begin(); here != recent_.end(); ++here) {
      if (here->path != path || here->hash != hash) continue;
      recent_.splice(recent_.begin(), recent_, here);
      return here->gzip;
    }
  }
  const auto document = openapi_group_version(catalog_, path);
  if (!document) return {};
  std::string gzip = data::gzip_compress(data::to_json(*document), kPackLevel);
  if (gzip.size() > kLargestKept) return gzip;
  const std::lock_guard lock(mutex_);
  recent_.remove_if([&](const Packed& other) { return other.path == path; });
  recent_.push_front({path, hash, gzip});
  if (recent_.size() > kKeptDocuments) recent_.pop_back();
  return gzip;
}

net::HttpResponse OpenApiDocuments::index(const net::HttpRequest& request) {
  Json paths = Json::object();
  const auto known = hashes();
  for (const auto& [path, hash] : known)
    paths.set(path, Json::object({{"serverRelativeURL", document_url(path, hash)}}));
  std::string body = data::to_json(Json::object({{"paths", std::move(paths)}}));
  const std::string tag = entity_tag(body);
  net::HttpResponse response;
  response.headers = {{"etag", tag}, {"content-type", std::string(kJsonType)}};
  if (is_unchanged(request, tag)) {
    response.status = 304;
    return response;
  }
  response.body = std::move(body);
  return response;
}

std::optional<net::HttpResponse> OpenApiDocuments::document(const net::HttpRequest& request, std::string_view path) {
  const auto known = hashes();
  const auto found = known.find(std::string(path));
  if (found == known.end()) return std::nullopt;
  const std::string& hash = found->second;
  const std::string tag = fmt::format("\"{}\"", hash);
  net::HttpResponse response;
  response.headers = {{"etag", tag}, {"vary", "Accept, Accept-Encoding"}};
  if (!accepts_type(request.header("accept"), kJsonType)) {
    response.status = 406;
    return response;
  }
  response.headers.emplace_back("content-type", std::string(kJsonType));
  const std::string_view wanted = request.query_value("hash");
  if (!wanted.empty() && wanted != hash) {
    response.status = 301;
    response.headers.emplace_back("location", document_url(path, hash));
    return response;
  }
  if (!wanted.empty()) {
    response.headers.emplace_back("cache-control", "public, immutable");
    response.headers.emplace_back("expires", http_date(clock_.now() + std::chrono::years(1)));
  }
  if (is_unchanged(request, tag)) {
    response.status = 304;
    return response;
  }
  response.body = packed(found->first, hash);
  if (response.body.empty()) return std::nullopt;  // the kind went meanwhile
  if (accepts_encoding(request.header("accept-encoding"), "gzip")) {
    response.headers.emplace_back("content-encoding", "gzip");
  } else if (auto plain = data::gzip_decompress(response.body, kLargestDocument)) {
    response.body = std::move(*plain);
  }
  return response;
}

}  // namespace slipway::apiserver
