#include "apiserver/resource_request.h"

#include <charconv>
#include <fmt/core.h>

#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

StatusSubject ResourceRequest::subject() const {
  return {path.group, path.resource, path.name};
}

bool ResourceRequest::is_built_in() const {
  return resource.resource->built_in;
}

base::Result<std::int64_t> query_number(const net::HttpRequest& http, std::string_view name, std::int64_t fallback) {
  const std::string_view text = http.query_value(name);
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return base::fail(ErrorCode::kBadRequest, fmt::format("Invalid value: \"{}\": {} is not a number", text, name));
  return value;
}

base::Result<bool> query_flag(const net::HttpRequest& http, std::string_view name) {
  if (!http.has_query(name)) return false;
  const std::string_view text = http.query_value(name);
  // k8s.io/apimachinery Convert_Slice_string_To_bool: anything but "false" and "0" is true.
  return text != "false" && text != "0";
}

base::Result<IncludeObject> include_object(const net::HttpRequest& http) {
  const std::string_view text = http.query_value("includeObject");
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "None") return IncludeObject::kNone;
  if (text == "Object") return IncludeObject::kObject;
  return base::fail(ErrorCode::kBadRequest, fmt::format("unrecognized includeObject value: \"{}\"", text));
}

base::Result<net::HttpResponse> object_response(const ResourceRequest& request, int status, const Json& object,
                                                const registry::ObjectText& text) {
  switch (request.form.shape) {
    case Negotiated::Shape::kTable: {
      const IncludeObject include = SLIPWAY_TRY(include_object(request.http));
      const Json metadata = Json::object({{"resourceVersion", meta::resource_version(object)}});
      return make_response(
          status, request.tables.get(request.resource)->table({&object}, metadata, include, true, request.clock.now()),
          request.form);
    }
    case Negotiated::Shape::kPartialObject:
      return make_response(status, partial_object(object), request.form);
    default:
      if (text != nullptr && !request.form.yaml) return object_text_response(status, text);
      return make_response(status, object, request.form);
  }
}

}  // namespace slipway::apiserver
