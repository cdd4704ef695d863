#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::meta {

// Group, version and kind of an object. The core group is "".
struct Gvk {
  std::string group;
  std::string version;
  std::string kind;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  auto operator<=>(const Gvk&) const = default;
};

struct GroupKind {
  std::string group;
  std::string kind;
  auto operator<=>(const GroupKind&) const = default;
};

// "apps/v1" -> {"apps", "v1"}; "v1" -> {"", "v1"}.
struct GroupVersion {
  std::string group;
  std::string version;
  auto operator<=>(const GroupVersion&) const = default;
};
GroupVersion parse_api_version(std::string_view api_version);

// kBadRequest when apiVersion or kind is missing.
base::Result<Gvk> gvk_of(const data::Json& object);

// Namespace and name; the namespace of a cluster-scoped object is "".
struct ObjectKey {
  std::string ns;
  std::string name;

  std::string text() const { return ns.empty() ? name : ns + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};
ObjectKey key_of(const data::Json& object);

}  // namespace slipway::meta
