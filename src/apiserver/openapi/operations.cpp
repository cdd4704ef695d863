#include "apiserver/openapi/operations.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <string>
#include <vector>

#include "apiserver/openapi/meta_types.h"
#include "apiserver/openapi/schema_component.h"

namespace slipway::apiserver {

using data::Json;
using registry::ResourceVersionInfo;

namespace {

struct Parameter {
  std::string_view type;
  std::string_view description;
};

const std::map<std::string_view, Parameter>& known_parameters() {
  static const std::map<std::string_view, Parameter> known{
      {"pretty", {"string", "If true, the answer is laid out for people."}},
      {"dryRun", {"string", "All: everything is checked, nothing is stored."}},
      {"fieldManager", {"string", "Who makes the change; at most 128 printable characters."}},
      {"fieldValidation", {"string", "What unknown and duplicate fields do: Ignore, Warn (the default) or Strict."}},
      {"force", {"boolean", "For apply: take over fields that others own."}},
      {"gracePeriodSeconds", {"integer", "How long the object may take to end."}},
      {"orphanDependents", {"boolean", "The older form of propagationPolicy."}},
      {"propagationPolicy", {"string", "What happens to dependents: Background, Foreground or Orphan."}},
      {"ignoreStoreReadErrorWithClusterBreakingPotential",
       {"boolean", "Asks for the deletion of an unreadable object."}},
      {"allowWatchBookmarks", {"boolean", "The watch may send BOOKMARK events."}},
      {"continue", {"string", "Goes on with a list that was cut by limit."}},
      {"fieldSelector", {"string", "Only objects whose fields are so."}},
      {"labelSelector", {"string", "Only objects whose labels are so."}},
      {"limit", {"integer", "At most this many items; the rest is asked for with continue."}},
      {"resourceVersion", {"string", "How recent the answer must be, or where a watch starts."}},
      {"resourceVersionMatch", {"string", "How resourceVersion is meant: NotOlderThan or Exact."}},
      {"sendInitialEvents", {"boolean", "The watch starts with what is there, then a BOOKMARK that says so."}},
      {"timeoutSeconds", {"integer", "When the server ends the request."}},
      {"watch", {"boolean", "Follow changes instead of listing."}}};
  return known;
}

Json parameter(std::string_view name) {
  const Parameter& known = known_parameters().at(name);
  return Json::object({{"name", name},
                       {"in", "query"},
                       {"description", known.description},
                       {"schema", Json::object({{"type", known.type}, {"uniqueItems", true}})}});
}

Json path_parameter(std::string_view name, std::string_view description) {
  return Json::object({{"name", name},
                       {"in", "path"},
                       {"required", true},
                       {"description", description},
                       {"schema", Json::object({{"type", "string"}, {"uniqueItems", true}})}});
}

Json content(std::initializer_list<std::string_view> types, std::string_view component) {
  Json out = Json::object();
  for (const std::string_view type : types) out.set(type, Json::object({{"schema", reference(component)}}));
  return out;
}

// "inventory.slipway.dev" -> "InventorySlipwayDev"; a first letter stays small with `capital` false.
std::string identifier(std::string_view text, bool capital) {
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9' && !out.empty();
    if (letter || digit) out += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    capital = !letter && !digit;
  }
  return out;
}

struct Verb {
  std::string_view method;     // HTTP
  std::string_view action;     // x-kubernetes-action
  std::string_view operation;  // first word of the operationId
  std::vector<std::string_view> parameters;
  std::vector<int> codes;
};

const std::vector<std::string_view> kListParameters{
    "allowWatchBookmarks",  "continue",          "fieldSelector",  "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"};
const std::vector<std::string_view> kDeleteParameters{"dryRun", "gracePeriodSeconds",
                                                      "ignoreStoreReadErrorWithClusterBreakingPotential",
                                                      "orphanDependents", "propagationPolicy"};
const std::vector<std::string_view> kWriteParameters{"dryRun", "fieldManager", "fieldValidation"};

std::vector<std::string_view> joined(std::vector<std::string_view> left, const std::vector<std::string_view>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const std::vector<Verb>& collection_verbs() {
  static const std::vector<Verb> verbs{
      {"get", "list", "list", kListParameters, {200}},
      {"post", "post", "create", kWriteParameters, {200, 201, 202}},
      {"delete", "deletecollection", "delete", joined(kDeleteParameters, kListParameters), {200}}};
  return verbs;
}

const std::vector<Verb>& object_verbs() {
  static const std::vector<Verb> verbs{{"get", "get", "read", {}, {200}},
                                       {"put", "put", "replace", kWriteParameters, {200, 201}},
                                       {"patch", "patch", "patch", joined(kWriteParameters, {"force"}), {200, 201}},
                                       {"delete", "delete", "delete", kDeleteParameters, {200, 202}}};
  return verbs;
}

class PathWriter {
 public:
  PathWriter(const ResourceVersionInfo& info, Json& paths) : info_(info), resource_(*info.resource), paths_(paths) {}

  void write() {
    const std::string base = resource_.group.empty() ? fmt::format("/api/{}/", info_.version)
                                                     : fmt::format("/apis/{}/{}/", resource_.group, info_.version);
    const std::string all = base + resource_.plural;
    const std::string collection =
        resource_.namespaced ? fmt::format("{}namespaces/{{namespace}}/{}", base, resource_.plural) : all;
    const std::string object = collection + "/{name}";
    if (resource_.namespaced) add(all, collection_verbs().front(), "", "ForAllNamespaces");
    for (const Verb& verb : collection_verbs())
      if (verb.action != "deletecollection" || has_verb("deletecollection")) add(collection, verb, "", "");
    for (const Verb& verb : object_verbs()) add(object, verb, "", "");
    if (info_.has_status) add_subresource(object, "status");
    if (info_.scale) add_subresource(object, "scale");
    if (resource_.group_kind() == meta::GroupKind{"", "Namespace"})
      add(object + "/finalize", object_verbs()[1], "finalize", "");
  }

 private:
  bool has_verb(std::string_view verb) const {
    return std::ranges::find(resource_.verbs, verb) != resource_.verbs.end();
  }

  void add_subresource(const std::string& object, std::string_view name) {
    for (const Verb& verb : object_verbs())
      if (verb.method != "delete") add(fmt::format("{}/{}", object, name), verb, name, "");
  }

  void add(const std::string& path, const Verb& verb, std::string_view subresource, std::string_view suffix) {
    Json& item = paths_.at(path);
    if (!item.contains("parameters")) {
      item.set("parameters", Json::array({parameter("pretty")}));
      if (path.find("{name}") != path.npos)
        item.at("parameters").append(path_parameter("name", fmt::format("Name of the {}.", resource_.kind)));
      if (path.find("{namespace}") != path.npos)
        item.at("parameters").append(path_parameter("namespace", "The namespace."));
    }
    item.set(verb.method, operation(verb, subresource, suffix));
  }

  Json operation(const Verb& verb, std::string_view subresource, std::string_view suffix) const {
    const bool scale = subresource == "scale";
    const std::string kind = scale ? std::string(kScaleType) : component_name(info_, resource_.kind);
    Json out = Json::object({{"description", describe(verb, subresource)},
                             {"operationId", operation_id(verb, subresource, suffix)},
                             {"tags", Json::array({tag()})},
                             {"x-kubernetes-action", verb.action},
                             {"x-kubernetes-group-version-kind",
                              scale ? group_version_kind("autoscaling", "v1", "Scale")
                                    : group_version_kind(resource_.group, info_.version, resource_.kind)}});
    for (const std::string_view name : verb.parameters) out.at("parameters").append(parameter(name));
    if (const Json body = request_body(verb, kind); !body.is_null()) out.set("requestBody", body);
    out.set("responses", responses(verb, kind));
    return out;
  }

  Json request_body(const Verb& verb, const std::string& kind) const {
    if (verb.method == "get") return {};
    const std::string options = fmt::format("{}DeleteOptions", kMetaTypes);
    if (verb.method == "delete") return Json::object({{"content", content({"*/*"}, options)}});
    Json body = Json::object({{"required", true}});
    if (verb.method != "patch") {
      body.set("content", content({"*/*"}, kind));
      return body;
    }
    const std::string patch = fmt::format("{}Patch", kMetaTypes);
    body.set("content",
             content({"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"},
                     patch));
    if (resource_.built_in)
      body.at("content").set("application/strategic-merge-patch+json", Json::object({{"schema", reference(patch)}}));
    return body;
  }

  Json responses(const Verb& verb, const std::string& kind) const {
    Json out = Json::object({{"401", Json::object({{"description", "Unauthorized"}})}});
    for (const int code : verb.codes) {
      Json answer = Json::object({{"description", code == 200 ? "OK" : code == 201 ? "Created" : "Accepted"}});
      if (verb.action == "list")
        answer.set("content", content({"application/json", "application/json;stream=watch", "application/yaml"},
                                      component_name(info_, resource_.list_kind)));
      else
        answer.set("content", content({"application/json", "application/yaml"},
                                      verb.method == "delete" ? fmt::format("{}Status", kMetaTypes) : kind));
      out.set(std::to_string(code), std::move(answer));
    }
    return out;
  }

  std::string describe(const Verb& verb, std::string_view subresource) const {
    const std::string of = subresource.empty() ? resource_.kind : fmt::format("{} of {}", subresource, resource_.kind);
    if (verb.action == "list") return fmt::format("List or watch {}.", resource_.plural);
    if (verb.action == "deletecollection") return fmt::format("Delete all selected {}.", resource_.plural);
    if (verb.action == "post") return fmt::format("Create {}.", of);
    if (verb.action == "put") return fmt::format("Replace {}.", of);
    if (verb.action == "patch") return fmt::format("Change parts of {}.", of);
    return fmt::format("{} {}.", verb.action == "get" ? "Read" : "Delete", of);
  }

  std::string_view short_group() const {
    const std::string_view group = resource_.group;
    if (group.empty()) return "core";
    constexpr std::string_view kKubernetes = ".k8s.io";
    return group.ends_with(kKubernetes) ? group.substr(0, group.size() - kKubernetes.size()) : group;
  }

  std::string tag() const { return fmt::format("{}_{}", identifier(short_group(), false), info_.version); }

  // As k8s.io/apiserver/pkg/endpoints/openapi.GetOperationIDAndTags: clients are generated from them.
  std::string operation_id(const Verb& verb, std::string_view subresource, std::string_view suffix) const {
    return fmt::format("{}{}{}{}{}{}{}{}", verb.operation, identifier(short_group(), true),
                       identifier(info_.version, true), verb.action == "deletecollection" ? "Collection" : "",
                       resource_.namespaced && suffix.empty() ? "Namespaced" : "", resource_.kind,
                       identifier(subresource, true), suffix);
  }

  const ResourceVersionInfo& info_;
  const registry::ResourceInfo& resource_;
  Json& paths_;
};

}  // namespace

void add_paths(const ResourceVersionInfo& info, Json& paths) {
  PathWriter(info, paths).write();
}

}  // namespace slipway::apiserver
