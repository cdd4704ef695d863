#include "plane/objects.h"

#include <fmt/core.h>
#include <thread>

#include "data/json_text.h"

namespace slipway::bench {

using data::Json;

namespace {

constexpr std::string_view kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr std::string_view kDefinition = R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
  "metadata":{"name":"devices.bench.slipway.dev"},
  "spec":{"group":"bench.slipway.dev","scope":"Namespaced",
    "names":{"kind":"Device","listKind":"DeviceList","plural":"devices","singular":"device"},
    "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
      "spec":{"type":"object","required":["serial"],"properties":{
        "serial":{"type":"string","minLength":1,"maxLength":64},
        "stamp":{"type":"string"},
        "site":{"type":"string","default":"main"},
        "tags":{"type":"object","additionalProperties":{"type":"string"}},
        "interfaces":{"type":"array","items":{"type":"object","required":["name"],"properties":{
          "name":{"type":"string"},"mac":{"type":"string"},"mtu":{"type":"integer","minimum":576},
          "addresses":{"type":"array","items":{"type":"string"}}}}},
        "notes":{"type":"string"}}}}}}}]}})";

base::Status expect_made(const base::Result<Answer>& answer, std::string_view what) {
  if (!answer) return answer.error();
  if (answer->status / 100 == 2 || answer->status == 409) return {};
  const auto code =
      answer->status == 404 || answer->status == 405 ? base::ErrorCode::kUnsupported : base::ErrorCode::kInternal;
  return base::fail(code, fmt::format("{} was answered with {}: {}", what, answer->status, answer->body));
}

}  // namespace

base::Status ObjectKind::install(Load& load) const {
  SLIPWAY_TRY(expect_made(
      load.ask("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"bench"}})"),
      "the namespace"));
  SLIPWAY_TRY(expect_made(
      load.ask("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"watched"}})"),
      "the namespace"));
  if (!custom_) return {};
  SLIPWAY_TRY(expect_made(load.ask("POST", kDefinitions, kDefinition), "the definition"));
  for (int i = 0; i < 300; ++i) {
    const auto list = SLIPWAY_TRY(load.ask("GET", collection()));
    if (list.status == 200) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return base::fail(base::ErrorCode::kTimeout, "the definition was not established in 30 s");
}

std::string ObjectKind::collection(std::string_view ns) const {
  return custom_ ? fmt::format("/apis/bench.slipway.dev/v1/namespaces/{}/devices", ns)
                 : fmt::format("/api/v1/namespaces/{}/configmaps", ns);
}

std::string ObjectKind::object(std::string_view name, std::size_t bytes) const {
  Json object = Json::object(
      {{"apiVersion", custom_ ? "bench.slipway.dev/v1" : "v1"},
       {"kind", custom_ ? "Device" : "ConfigMap"},
       {"metadata",
        Json::object({{"name", std::string(name)}, {"labels", Json::object({{"app", "bench"}, {"tier", "edge"}})}})}});
  // A third of the object is structure, the rest one text.
  const int parts = static_cast<int>(bytes / 512);
  Json tags = Json::object();
  for (int i = 0; i < parts; ++i) tags.set(fmt::format("tag-{:02}", i), fmt::format("value of tag {}", i));
  if (custom_) {
    Json interfaces = Json::array();
    for (int i = 0; i < parts / 2; ++i)
      interfaces.append(Json::object({{"name", fmt::format("eth{}", i)},
                                      {"mac", fmt::format("02:00:00:00:00:{:02x}", i)},
                                      {"mtu", 1500},
                                      {"addresses", Json::array({fmt::format("192.0.2.{}/24", i + 1)})}}));
    object.set("spec", Json::object({{"serial", std::string(name)},
                                     {"stamp", "0"},
                                     {"tags", std::move(tags)},
                                     {"interfaces", std::move(interfaces)}}));
  } else {
    tags.set("stamp", "0");
    object.set("data", std::move(tags));
  }
  constexpr std::size_t kServerFields = 250;  // uid, timestamps, managedFields' least
  const std::size_t size = data::to_json(object).size() + kServerFields;
  object.at(custom_ ? "spec" : "data").set("notes", std::string(size < bytes ? bytes - size : 1, 'n'));
  return data::to_json(object);
}

ObjectPattern::ObjectPattern(std::string text, std::string_view name) : text_(std::move(text)) {
  for (auto at = text_.find(name); at != text_.npos; at = text_.find(name, at + 1)) places_.push_back(at);
}

std::string ObjectPattern::with_name(std::string_view name) const {
  std::string text = text_;
  for (const std::size_t place : places_) text.replace(place, name.size(), name);
  return text;
}

std::string ObjectKind::patch(std::int64_t stamp) const {
  return fmt::format(R"({{"{}":{{"stamp":"{}"}}}})", custom_ ? "spec" : "data", stamp);
}

}  // namespace slipway::bench
