#include "apiserver/request_body.h"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "apiserver/protobuf_body.h"
#include "data/json_text.h"
#include "data/yaml.h"

namespace slipway::apiserver {

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

base::Result<data::Json> read_body(const net::HttpRequest& request, std::string_view kind,
                                   std::vector<std::string>* duplicates) {
  const std::string type = media_type(request.header("content-type"));
  base::Result<data::Json> body = data::Json();
  if (type.empty() || type == "application/json") {
    body = data::parse_json(request.body, {.duplicates = duplicates});
  } else if (type == "application/yaml") {
    body = data::parse_yaml(request.body);
  } else if (type == "application/vnd.kubernetes.protobuf") {
    body = read_protobuf(request.body);
  } else {
    return base::fail(base::ErrorCode::kUnsupported,
                      "the body of the request was in an unknown format - accepted media types include: "
                      "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }
  return std::move(body).with_context(fmt::format(
      "the object provided is unrecognized (must be of type {}): couldn't get version/kind; parse error", kind));
}

}  // namespace slipway::apiserver
