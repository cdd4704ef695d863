#include "apiserver/request_path.h"

#include <vector>

namespace slipway::apiserver {

namespace {

// "/a/b" -> {"a", "b"}; one trailing slash is forgiven, an empty segment is not (returns nothing).
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.empty() || path.front() != '/') return segments;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty()) return {};
    segments.push_back(segment);
    if (slash == path.npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

RequestPath parse_request_path(std::string_view path) {
  using Kind = RequestPath::Kind;
  RequestPath result;
  std::vector<std::string_view> segments = split(path);
  if (segments.empty() || (segments[0] != "api" && segments[0] != "apis")) return result;
  result.legacy = segments[0] == "api";
  std::size_t at = 1;
  const auto next = [&] { return at < segments.size() ? std::string(segments[at++]) : std::string(); };
  const auto done = [&](Kind kind) {
    result.kind = kind;
    return result;
  };
  if (at == segments.size()) return done(Kind::kGroups);
  if (!result.legacy) result.group = next();
  if (at == segments.size()) return done(Kind::kGroup);
  result.version = next();
  if (at == segments.size()) return done(Kind::kGroupVersion);
  result.resource = next();
  const bool core_namespaces = result.resource == "namespaces";
  // namespaces/<ns>/<resource>, but namespaces/<name>[/status|finalize] is the Namespace itself.
  if (core_namespaces && segments.size() - at >= 2) {
    const std::string_view third = segments[at + 1];
    const bool is_namespace = segments.size() - at == 2 && (third == "status" || third == "finalize");
    if (!is_namespace) {
      result.ns = next();
      result.resource = next();
    }
  }
  result.name = next();
  result.subresource = next();
  if (at != segments.size()) return RequestPath{};
  return done(result.name.empty() ? Kind::kCollection : Kind::kObject);
}

}  // namespace slipway::apiserver
