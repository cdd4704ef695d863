#include "apiserver/object_text.h"

#include <fmt/core.h>

#include "data/json_scan.h"
#include "data/json_text.h"

namespace slipway::apiserver {

std::string partial_object_text(std::string_view object) {
  const auto metadata = data::find_json_value(object, {"metadata"});
  return fmt::format(R"({{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{}}})",
                     metadata.value_or("{}"));
}

namespace {

net::SharedBytes for_ever(const std::string& text) {
  return {std::shared_ptr<void>(), &text};
}

}  // namespace

net::HttpResponse object_text_response(int status, const registry::ObjectText& object) {
  static const std::string kEnd = "\n";
  net::HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}};
  response.parts = {object, for_ever(kEnd)};
  return response;
}

net::HttpResponse list_text(std::string_view api_version, std::string_view kind, const data::Json& metadata,
                            const std::vector<registry::ObjectText>& items) {
  static const std::string kComma = ",";
  static const std::string kEnd = "]}\n";
  net::HttpResponse response;
  response.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}};
  response.body = R"({"kind":)";
  data::append_json_string(response.body, kind);
  response.body += R"(,"apiVersion":)";
  data::append_json_string(response.body, api_version);
  response.body += R"(,"metadata":)" + data::to_json(metadata) + R"(,"items":[)";
  response.parts.reserve(items.size() * 2 + 1);
  for (const registry::ObjectText& item : items) {
    if (!response.parts.empty()) response.parts.push_back(for_ever(kComma));
    response.parts.push_back(item);
  }
  response.parts.push_back(for_ever(kEnd));
  return response;
}

net::SharedBytes WatchLines::line(const registry::TextEvent& event, Form form) {
  const auto tag = static_cast<std::uintptr_t>(event.type) * 2 + static_cast<std::uintptr_t>(form);
  if (auto known = lines_.find(event.object, tag)) return std::move(*known);
  std::string text = fmt::format(R"({{"type":"{}","object":)", registry::watch_event_type_text(event.type));
  text += form == Form::kPartialObject ? partial_object_text(*event.object) : *event.object;
  text += "}\n";
  auto made = std::make_shared<const std::string>(std::move(text));
  lines_.remember(event.object, made, tag);
  return made;
}

}  // namespace slipway::apiserver
