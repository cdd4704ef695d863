#include "apiserver/openapi/meta_types.h"

#include <fmt/core.h>

#include "data/json_text.h"

namespace slipway::apiserver {

using data::Json;

namespace {

// Compact: "@Name" in place of a schema stands for a reference to a type of the same package.
constexpr std::string_view kMetaText = R"({
"Time":{"type":"string","format":"date-time","description":"A moment in RFC 3339, to the second."},
"MicroTime":{"type":"string","format":"date-time","description":"A moment in RFC 3339, to the microsecond."},
"Patch":{"type":"object","description":"A patch; what it looks like says the content type of the request."},
"FieldsV1":{"type":"object","description":"A set of fields as a tree: 'f:<name>' is a member, 'k:<keys>' an item of a list by its keys, 'v:<value>' an item by its value, 'i:<index>' by its place, '.' the thing itself."},
"ObjectMeta":{"type":"object","description":"What every stored object carries beside its own content.","properties":{
 "name":{"type":"string","description":"The name, unique for the kind within the namespace. Cannot be changed."},
 "generateName":{"type":"string","description":"A prefix; if name is empty, the server appends random characters to it."},
 "namespace":{"type":"string","description":"The namespace the object lives in; empty for cluster-scoped kinds. Cannot be changed."},
 "selfLink":{"type":"string","description":"No longer filled in."},
 "uid":{"type":"string","description":"Unique in time and space: an object made anew under the same name has another. Set by the server."},
 "resourceVersion":{"type":"string","description":"The state of the object as an opaque value: changes with every write, and makes updates safe against others'. Set by the server."},
 "generation":{"type":"integer","format":"int64","description":"Counts changes of the desired state. Set by the server."},
 "creationTimestamp":{"@":"Time","description":"When the object was created. Set by the server."},
 "deletionTimestamp":{"@":"Time","description":"When its deletion was asked for; the object goes when its finalizers are empty. Set by the server."},
 "deletionGracePeriodSeconds":{"type":"integer","format":"int64","description":"How long the object may take to end. Set with deletionTimestamp."},
 "labels":{"type":"object","additionalProperties":{"type":"string","default":""},"description":"Short key and value pairs that selectors choose by."},
 "annotations":{"type":"object","additionalProperties":{"type":"string","default":""},"description":"Key and value pairs for programs and people; not selectable."},
 "ownerReferences":{"type":"array","items":{"@":"OwnerReference","default":{}},"description":"Objects this one depends on: it is collected when all of them are gone.","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["uid"],"x-kubernetes-patch-merge-key":"uid","x-kubernetes-patch-strategy":"merge"},
 "finalizers":{"type":"array","items":{"type":"string","default":""},"description":"What must be done before the object may go; whoever did it removes its entry.","x-kubernetes-list-type":"set","x-kubernetes-patch-strategy":"merge"},
 "managedFields":{"type":"array","items":{"@":"ManagedFieldsEntry","default":{}},"description":"Which manager set which fields (server-side apply). Kept by the server.","x-kubernetes-list-type":"atomic"}}},
"OwnerReference":{"type":"object","required":["apiVersion","kind","name","uid"],"x-kubernetes-map-type":"atomic","description":"Names an owner in the same namespace, or a cluster-scoped one.","properties":{
 "apiVersion":{"type":"string","default":"","description":"Group and version of the owner."},
 "kind":{"type":"string","default":"","description":"Kind of the owner."},
 "name":{"type":"string","default":"","description":"Name of the owner."},
 "uid":{"type":"string","default":"","description":"UID of the owner."},
 "controller":{"type":"boolean","description":"The owner is the controller of this object; at most one is."},
 "blockOwnerDeletion":{"type":"boolean","description":"A foreground deletion of the owner waits for this object."}}},
"ManagedFieldsEntry":{"type":"object","description":"The fields that one manager set in one way.","properties":{
 "manager":{"type":"string","description":"Who set them."},
 "operation":{"type":"string","description":"Apply or Update."},
 "apiVersion":{"type":"string","description":"The version of the kind the field names are of."},
 "time":{"@":"Time","description":"When the entry changed last."},
 "fieldsType":{"type":"string","description":"FieldsV1."},
 "fieldsV1":{"@":"FieldsV1","description":"The fields."},
 "subresource":{"type":"string","description":"The subresource they were set through; empty for the object itself."}}},
"ListMeta":{"type":"object","description":"What a list carries beside its items.","properties":{
 "selfLink":{"type":"string","description":"No longer filled in."},
 "resourceVersion":{"type":"string","description":"The state the list shows; a watch goes on from here."},
 "continue":{"type":"string","description":"If the list was cut by limit, ask for the rest with this value."},
 "remainingItemCount":{"type":"integer","format":"int64","description":"How many items follow; absent when that is unknown, as with selectors."}}},
"Status":{"type":"object","description":"The answer of a request that has no object to show, failures above all.","properties":{
 "apiVersion":{"type":"string","description":"v1."},
 "kind":{"type":"string","description":"Status."},
 "metadata":{"@":"ListMeta","default":{},"description":"Metadata of a list."},
 "status":{"type":"string","description":"Success or Failure."},
 "message":{"type":"string","description":"What happened, for people."},
 "reason":{"type":"string","description":"One CamelCase word for programs: NotFound, Conflict, ..."},
 "details":{"@":"StatusDetails","description":"More about it, depending on the reason."},
 "code":{"type":"integer","format":"int32","description":"The HTTP status."}}},
"StatusDetails":{"type":"object","description":"What a Status is about.","properties":{
 "name":{"type":"string","description":"Name of the object."},
 "group":{"type":"string","description":"Group of the resource."},
 "kind":{"type":"string","description":"The resource, or the kind of an invalid object."},
 "uid":{"type":"string","description":"UID of the object."},
 "causes":{"type":"array","items":{"@":"StatusCause","default":{}},"description":"Everything that is wrong, one entry each.","x-kubernetes-list-type":"atomic"},
 "retryAfterSeconds":{"type":"integer","format":"int32","description":"When to try again."}}},
"StatusCause":{"type":"object","description":"One thing that is wrong.","properties":{
 "reason":{"type":"string","description":"One CamelCase word for programs."},
 "message":{"type":"string","description":"The same for people."},
 "field":{"type":"string","description":"The field, as spec.items[0].name."}}},
"DeleteOptions":{"type":"object","description":"How to delete.","properties":{
 "apiVersion":{"type":"string","description":"v1."},
 "kind":{"type":"string","description":"DeleteOptions."},
 "gracePeriodSeconds":{"type":"integer","format":"int64","description":"How long the object may take to end; 0 is at once."},
 "preconditions":{"@":"Preconditions","description":"What must be true of the object, otherwise 409."},
 "orphanDependents":{"type":"boolean","description":"The older form of propagationPolicy: true is Orphan."},
 "propagationPolicy":{"type":"string","description":"What happens to dependents: Background, Foreground or Orphan."},
 "dryRun":{"type":"array","items":{"type":"string","default":""},"description":"All: nothing is stored.","x-kubernetes-list-type":"atomic"},
 "ignoreStoreReadErrorWithClusterBreakingPotential":{"type":"boolean","description":"Asks for the deletion of an object that cannot be read."}}},
"Preconditions":{"type":"object","description":"What must be true of an object before it is changed.","properties":{
 "uid":{"type":"string","description":"The UID it must have."},
 "resourceVersion":{"type":"string","description":"The resourceVersion it must have."}}},
"WatchEvent":{"type":"object","required":["type","object"],"description":"One line of a watch.","properties":{
 "type":{"type":"string","default":"","description":"ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."},
 "object":{"type":"object","description":"The object as it is now, or was last when it was deleted; a Status with ERROR."}}}})";

constexpr std::string_view kScaleText = R"({
"Scale":{"type":"object","description":"Scale is the number of replicas of another object, in one form for all kinds.","properties":{
 "apiVersion":{"type":"string","description":"autoscaling/v1."},
 "kind":{"type":"string","description":"Scale."},
 "metadata":{"@ObjectMeta":"","default":{},"description":"Metadata of the object that is scaled."},
 "spec":{"@":"ScaleSpec","default":{},"description":"What is wanted."},
 "status":{"@":"ScaleStatus","default":{},"description":"What is there."}}},
"ScaleSpec":{"type":"object","description":"The number of replicas that is wanted.","properties":{
 "replicas":{"type":"integer","format":"int32","default":0,"description":"How many there ought to be."}}},
"ScaleStatus":{"type":"object","required":["replicas"],"description":"The number of replicas that is there.","properties":{
 "replicas":{"type":"integer","format":"int32","default":0,"description":"How many there are."},
 "selector":{"type":"string","description":"The label selector of the replicas, as text."}}}})";

// Writes out the short references.
Json expand(const Json& value, std::string_view package) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value.items()) out.append(expand(item, package));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.members()) {
    if (name == "@")
      out.set("allOf", Json::array({reference(fmt::format("{}{}", package, member.string_or_empty()))}));
    else if (name.starts_with('@'))
      out.set("allOf", Json::array({reference(fmt::format("{}{}", kMetaTypes, name.substr(1)))}));
    else
      out.set(name, expand(member, package));
  }
  return out;
}

// The texts above are ours: that they parse is a test, not a condition at run time.
Json types(std::string_view text, std::string_view package) {
  Json out = Json::object();
  if (const auto parsed = data::parse_json(text))
    for (const auto& [name, schema] : parsed->members())
      out.set(fmt::format("{}{}", package, name), expand(schema, package));
  return out;
}

}  // namespace

Json reference(std::string_view type) {
  return Json::object({{"$ref", fmt::format("#/components/schemas/{}", type)}});
}

Json described_reference(std::string_view type, std::string_view description) {
  return Json::object({{"allOf", Json::array({reference(type)})}, {"description", description}});
}

Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return Json::object({{"group", group}, {"version", version}, {"kind", kind}});
}

Json meta_types(std::string_view group, std::string_view version) {
  static const Json known = types(kMetaText, kMetaTypes);
  Json out = known;
  for (const std::string_view kind : {"Status", "DeleteOptions", "WatchEvent"}) {
    Json& kinds = out.at(fmt::format("{}{}", kMetaTypes, kind)).at("x-kubernetes-group-version-kind");
    kinds.append(group_version_kind("", "v1", kind));
    if (kind != "Status" && !(group.empty() && version == "v1")) kinds.append(group_version_kind(group, version, kind));
  }
  return out;
}

Json scale_types() {
  constexpr std::string_view kPackage = "io.k8s.api.autoscaling.v1.";
  Json out = types(kScaleText, kPackage);
  out.at(kScaleType)
      .set("x-kubernetes-group-version-kind", Json::array({group_version_kind("autoscaling", "v1", "Scale")}));
  return out;
}

}  // namespace slipway::apiserver
