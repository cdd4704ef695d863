#include <fmt/core.h>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

const std::string kMap = std::string(kCaseConfigMaps) + "/present";
const std::string kShared = std::string(kCaseConfigMaps) + "/shared";
const std::string kSample = std::string(kCaseSamples) + "/present";

StatusCase patched(std::string name, std::string path, std::string_view type, std::string body) {
  return {.name = "patch: " + name,
          .method = "PATCH",
          .path = std::move(path),
          .body = std::move(body),
          .content_type = std::string(type)};
}

StatusCase applied(std::string name, std::string path, std::string body) {
  return patched("apply, " + name, std::move(path), kApplyPatch, std::move(body));
}

std::vector<StatusCase> patch_cases() {
  return {
      patched("empty JSON patch body", kMap, kJsonPatch, ""),
      patched("JSON patch that is no JSON", kMap, kJsonPatch, "nonsense"),
      patched("JSON patch that is an object", kMap, kJsonPatch, "{}"),
      patched("JSON patch of a text", kMap, kJsonPatch, R"("a")"),
      patched("test fails", kMap, kJsonPatch, R"([{"op": "test", "path": "/data/a", "value": "2"}])"),
      patched("test of what is not there", kMap, kJsonPatch, R"([{"op": "test", "path": "/data/zz", "value": "2"}])"),
      patched("remove of what is not there", kMap, kJsonPatch, R"([{"op": "remove", "path": "/data/zz"}])"),
      patched("replace of what is not there", kMap, kJsonPatch,
              R"([{"op": "replace", "path": "/data/zz", "value": "1"}])"),
      patched("add below what is not there", kMap, kJsonPatch,
              R"([{"op": "add", "path": "/nope/zz/a", "value": "1"}])"),
      patched("unknown operation", kMap, kJsonPatch, R"([{"op": "frob", "path": "/data/a"}])"),
      patched("operation without path", kMap, kJsonPatch, R"([{"op": "add", "value": "1"}])"),
      patched("operation without op", kMap, kJsonPatch, R"([{"path": "/data/a", "value": "1"}])"),
      patched("move without from", kMap, kJsonPatch, R"([{"op": "move", "path": "/data/a"}])"),
      patched("move of what is not there", kMap, kJsonPatch,
              R"([{"op": "move", "from": "/data/zz", "path": "/data/b"}])"),
      patched("add without value", kMap, kJsonPatch, R"([{"op": "add", "path": "/data/b"}])"),
      patched("list index", kSample, kJsonPatch, R"([{"op": "add", "path": "/spec/names/5", "value": "x"}])"),
      patched("test fails, custom", kSample, kJsonPatch, R"([{"op": "test", "path": "/spec/size", "value": 9}])"),
      patched("replaces by a wrong type", kMap, kJsonPatch, R"([{"op": "add", "path": "/data/b", "value": 5}])"),
      patched("replaces the whole object", kMap, kJsonPatch, R"([{"op": "replace", "path": "", "value": {}}])"),
      patched("removes the name", kMap, kJsonPatch, R"([{"op": "remove", "path": "/metadata/name"}])"),
      patched("merge patch that is no JSON", kMap, kMergePatch, "nonsense"),
      patched("merge patch that is a list", kMap, kMergePatch, "[]"),
      patched("merge patch that is a text", kMap, kMergePatch, R"("a")"),
      patched("merge patch that is a list, custom", kSample, kMergePatch, "[]"),
      patched("merge patch with a wrong type", kMap, kMergePatch, R"({"data": {"a": 5}})"),
      patched("merge patch of data by a text", kMap, kMergePatch, R"({"data": "a"})"),
      patched("merge patch with a wrong type, custom", kSample, kMergePatch, R"({"spec": "x"})"),
      patched("strategic patch that is no JSON", kMap, kStrategicPatch, "nonsense"),
      patched("strategic patch that is a list", kMap, kStrategicPatch, "[]"),
      patched("strategic patch with a wrong type", kMap, kStrategicPatch, R"({"data": {"a": 5}})"),
      patched("strategic patch with an unknown directive", kMap, kStrategicPatch, R"({"data": {"$patch": "frob"}})"),
      patched("strategic patch of a list entry without its key", "/api/v1/namespaces/cases/serviceaccounts/none",
              kStrategicPatch, R"({"secrets": [{"a": "b"}]})"),
  };
}

std::vector<StatusCase> apply_cases() {
  const std::string map =
      R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"both": "y"}})";
  const std::string by = "?fieldManager=three";
  return {
      applied("without fieldManager", kShared, map),
      applied(
          "with managedFields", kShared + by,
          R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "managedFields": [{"manager": "a"}]}})"),
      applied("conflict with one manager", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"one": "y"}})"),
      applied("conflict with two managers", kShared + by, map),
      applied(
          "conflicts of several fields", kShared + by,
          R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"one": "y", "two": "y", "both": "y"}})"),
      applied("another name", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})"),
      applied("another namespace", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "namespace": "other"}})"),
      applied("another kind", kShared + by,
              R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shared"}})"),
      applied("no kind", kShared + by, R"({"metadata": {"name": "shared"}})"),
      applied("no apiVersion", kShared + by, R"({"kind": "ConfigMap", "metadata": {"name": "shared"}})"),
      applied("no YAML", kShared + by, "a: [b"),
      applied("a list", kShared + by, "[]"),
      applied("a text", kShared + by, "text"),
      applied("empty", kShared + by, ""),
      applied("unknown field", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "dada": {}})"),
      applied("wrong type", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"a": 5}})"),
      applied("wrong type of a map", kShared + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": ["a"]})"),
      applied("new object that is invalid", std::string(kCaseConfigMaps) + "/Upper" + by,
              R"({"apiVersion": "v1", "kind": "ConfigMap"})"),
      applied("resourceVersion of another time", kShared + by + "&force=true",
              R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "resourceVersion": "1"}})"),
      applied(
          "uid for what is not there", std::string(kCaseConfigMaps) + "/absent" + by,
          R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "absent", "uid": "11111111-2222-3333-4444-555555555555"}})"),
      applied(
          "custom, conflict with an update", kSample + by,
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 6}})"),
      applied(
          "custom, wrong type", kSample + by,
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": "x"}})"),
      applied(
          "custom, unknown field", kSample + by,
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 5, "nope": 1}})"),
      applied(
          "custom, duplicate list-map key", kSample + by,
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 5, "parts": [{"name": "a"}, {"name": "a"}]}})"),
      applied(
          "custom, key of a list-map missing", kSample + by,
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 5, "parts": [{"count": 1}]}})"),
      applied(
          "custom, invalid", kSample + by + "&force=true",
          R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "present"}, "spec": {"size": 0}})"),
  };
}

// Unknown and duplicate fields: Strict refuses, Warn (the default) warns, Ignore says nothing.
std::vector<StatusCase> strict_cases() {
  const std::string samples(kCaseSamples);
  const std::string maps(kCaseConfigMaps);
  const std::string sample =
      R"({"apiVersion": "cases.example.com/v1", "kind": "Sample", "metadata": {"name": "f-NUMBER", "extra": 1},
    "spec": {"size": 1, "size": 2, "nope": 1, "nested": {"first": "a", "second": "b", "third": "c"}, "parts": [{"name": "a", "other": 1}]}, "more": 1})";
  const std::string map =
      R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "f-NUMBER", "extra": 1}, "data": {"a": "1", "a": "2"}, "more": {"x": 1}})";
  const auto numbered = [](std::string text, int number) {
    return text.replace(text.find("NUMBER"), 6, std::to_string(number));
  };
  std::vector<StatusCase> rows;
  int number = 0;
  for (const char* validation : {"Strict", "Warn", "Ignore"}) {
    const std::string query = std::string("?fieldValidation=") + validation;
    ++number;
    rows.push_back({fmt::format("fields: create, {}", validation), "POST", maps + query, numbered(map, number)});
    rows.push_back(
        {fmt::format("fields: create custom, {}", validation), "POST", samples + query, numbered(sample, number)});
    rows.push_back({fmt::format("fields: create from YAML, {}", validation), "POST", maps + query,
                    fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: y-{}}}\nmore: 1\n", number),
                    "application/yaml"});
    rows.push_back(patched(fmt::format("fields of a merge patch, {}", validation), kMap + query, kMergePatch,
                           R"({"more": 1, "data": {"b": "1", "b": "2"}})"));
    rows.push_back(patched(fmt::format("fields of a merge patch, custom, {}", validation), kSample + query, kMergePatch,
                           R"({"spec": {"nope": 1}})"));
    rows.push_back(patched(fmt::format("fields of a strategic patch, {}", validation), kMap + query, kStrategicPatch,
                           R"({"more": 1})"));
    rows.push_back(patched(fmt::format("fields of a JSON patch, {}", validation), kMap + query, kJsonPatch,
                           R"([{"op": "add", "path": "/more", "value": 1}])"));
    rows.push_back(patched(fmt::format("fields of a JSON patch operation, {}", validation), kMap + query, kJsonPatch,
                           R"([{"op": "add", "path": "/data/c", "value": "1", "extra": 1}])"));
    rows.push_back({fmt::format("fields: update, {}", validation), "PUT", maps + "/other" + query,
                    R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}, "more": 1})"});
  }
  rows.push_back({"fields: case of a name, Strict", "POST", maps + "?fieldValidation=Strict",
                  R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "f-9"}, "Data": {"a": "1"}})"});
  return rows;
}

}  // namespace

std::vector<StatusCase> patch_status_cases() {
  std::vector<StatusCase> rows = patch_cases();
  for (const auto& cases : {apply_cases, strict_cases})
    for (StatusCase& row : cases()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace slipway::real
