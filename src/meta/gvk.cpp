#include "meta/gvk.h"

namespace slipway::meta {

GroupVersion parse_api_version(std::string_view api_version) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1))};
}

base::Result<Gvk> gvk_of(const data::Json& object) {
  const std::string& api_version = object.text({"apiVersion"});
  const std::string& kind = object.text({"kind"});
  if (api_version.empty() || kind.empty())
    return base::fail(base::ErrorCode::kBadRequest, "apiVersion and kind must both be set");
  auto [group, version] = parse_api_version(api_version);
  return Gvk{std::move(group), std::move(version), kind};
}

ObjectKey key_of(const data::Json& object) {
  return {object.text({"metadata", "namespace"}), object.text({"metadata", "name"})};
}

}  // namespace slipway::meta
