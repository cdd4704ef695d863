#pragma once

#include <string>
#include <string_view>

namespace slipway::apiserver {

// What a path of the Kubernetes API names:
//   /api/v1/...  or  /apis/<group>/<version>/...  followed by
//   <resource>[/<name>[/<subresource>]]  or  namespaces/<ns>/<resource>[/<name>[/<subresource>]]
struct RequestPath {
  enum class Kind {
    kOther,         // not of this form
    kGroups,        // /api or /apis
    kGroup,         // /apis/<group>
    kGroupVersion,  // /api/v1, /apis/<group>/<version>
    kCollection,
    kObject,
  };
  Kind kind = Kind::kOther;
  bool legacy = false;  // below /api
  std::string group;
  std::string version;
  std::string ns;
  std::string resource;
  std::string name;
  std::string subresource;
};

// `path` is decoded and has no query. Empty segments (//) make it kOther.
RequestPath parse_request_path(std::string_view path);

}  // namespace slipway::apiserver
