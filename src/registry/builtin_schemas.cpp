#include "registry/builtin_schemas.h"

namespace slipway::registry {

const std::string_view kNamespaceSchema = R"({"type":"object",
 "description":"Namespace is a scope for names: objects of namespaced kinds live in exactly one.","properties":{
 "spec":{"type":"object","title":"NamespaceSpec","description":"How the namespace behaves.","properties":{
  "finalizers":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"atomic",
   "description":"What must be done before the namespace may go; changed through the finalize subresource only."}}},
 "status":{"type":"object","title":"NamespaceStatus","description":"What the namespace is doing now.","properties":{
  "phase":{"type":"string","description":"Active, or Terminating once its deletion was accepted."},
  "conditions":{"type":"array","description":"Why a deletion does not finish, one entry a type.",
   "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],
   "x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"type",
   "items":{"type":"object","title":"NamespaceCondition",
    "description":"One observation about the namespace.","x-kubernetes-preserve-unknown-fields":true,"properties":{
    "type":{"type":"string","description":"What was observed."},
    "status":{"type":"string","description":"True, False or Unknown."},
    "reason":{"type":"string","description":"One CamelCase word that says why."},
    "message":{"type":"string","description":"The same for people."},
    "lastTransitionTime":{"type":"string","format":"date-time","nullable":true,
     "description":"When the status changed last."}}}}}}}})";

const std::string_view kSecretSchema = R"({"type":"object",
 "description":"Secret holds a small amount of confidential data.","properties":{
 "data":{"type":"object","additionalProperties":{"type":"string","nullable":true},
  "description":"The data, each value in base64. Keys consist of letters, digits, '-', '_' and '.'."},
 "stringData":{"type":"object","additionalProperties":{"type":"string"},
  "description":"Data given as plain text, written into data and never read back."},
 "type":{"type":"string","description":"What kind of data this is, for programs; Opaque unless it says otherwise."},
 "immutable":{"type":"boolean","description":"If true, the data can no longer be changed, only the whole Secret deleted."}}})";

const std::string_view kConfigMapSchema = R"({"type":"object",
 "description":"ConfigMap holds configuration that is not confidential.","properties":{
 "data":{"type":"object","additionalProperties":{"type":"string"},
  "description":"Text by key. Keys consist of letters, digits, '-', '_' and '.', and are not in binaryData too."},
 "binaryData":{"type":"object","additionalProperties":{"type":"string","format":"byte"},
  "description":"Bytes by key, in base64, for what is no UTF-8 text."},
 "immutable":{"type":"boolean","description":"If true, the data can no longer be changed, only the whole ConfigMap deleted."}}})";

const std::string_view kEventSchema = R"({"type":"object",
 "description":"Event tells that something happened to an object. Events are kept for a while only and nothing may depend on them.",
 "properties":{
 "involvedObject":{"type":"object","title":"ObjectReference","description":"What the event is about.",
  "x-kubernetes-map-type":"atomic","x-kubernetes-preserve-unknown-fields":true,"properties":{
  "kind":{"type":"string","description":"Kind of the object."},
  "namespace":{"type":"string","description":"Namespace of the object."},
  "name":{"type":"string","description":"Name of the object."},
  "uid":{"type":"string","description":"UID of the object."},
  "apiVersion":{"type":"string","description":"Group and version of the object."},
  "resourceVersion":{"type":"string","description":"The state of the object that is meant."},
  "fieldPath":{"type":"string","description":"The part of the object that is meant, such as spec.containers{web}."}}},
 "related":{"type":"object","title":"ObjectReference","description":"A second object, for actions that concern two.",
  "x-kubernetes-map-type":"atomic","x-kubernetes-preserve-unknown-fields":true,"properties":{
  "kind":{"type":"string","description":"Kind of the object."},
  "namespace":{"type":"string","description":"Namespace of the object."},
  "name":{"type":"string","description":"Name of the object."},
  "uid":{"type":"string","description":"UID of the object."},
  "apiVersion":{"type":"string","description":"Group and version of the object."},
  "resourceVersion":{"type":"string","description":"The state of the object that is meant."},
  "fieldPath":{"type":"string","description":"The part of the object that is meant, such as spec.containers{web}."}}},
 "reason":{"type":"string","description":"One CamelCase word that says why."},
 "message":{"type":"string","description":"What happened, for people."},
 "type":{"type":"string","description":"Normal or Warning."},
 "source":{"type":"object","title":"EventSource","description":"Who reports it (older form).","properties":{
  "component":{"type":"string","description":"The program that reports."},
  "host":{"type":"string","description":"The node it runs on."}}},
 "firstTimestamp":{"type":"string","format":"date-time","nullable":true,"description":"When it was first seen."},
 "lastTimestamp":{"type":"string","format":"date-time","nullable":true,"description":"When it was seen last."},
 "eventTime":{"type":"string","format":"date-time","nullable":true,"description":"When it was first seen, in microseconds."},
 "count":{"type":"integer","format":"int32","description":"How often it was seen."},
 "series":{"type":"object","title":"EventSeries","description":"The series this event is part of, if it goes on.",
  "properties":{
  "count":{"type":"integer","format":"int32","description":"How often it was seen, up to the last report."},
  "lastObservedTime":{"type":"string","format":"date-time","nullable":true,"description":"When it was seen last."}}},
 "action":{"type":"string","description":"What was done about the object, or failed."},
 "reportingComponent":{"type":"string","description":"The controller that reports, such as slipway.dev/cluster."},
 "reportingInstance":{"type":"string","description":"Which instance of that controller."}}})";

const std::string_view kLeaseSchema = R"({"type":"object",
 "description":"Lease says who may act for now: leader election and heartbeats.","properties":{
 "spec":{"type":"object","title":"LeaseSpec","description":"Who holds the lease, and since when.","properties":{
  "holderIdentity":{"type":"string","description":"Who holds the lease."},
  "leaseDurationSeconds":{"type":"integer","format":"int32",
   "description":"How long others wait after the last renewal before they take the lease by force."},
  "acquireTime":{"type":"string","format":"date-time","nullable":true,"description":"When the holder took the lease."},
  "renewTime":{"type":"string","format":"date-time","nullable":true,"description":"When the holder renewed it last."},
  "leaseTransitions":{"type":"integer","format":"int32","description":"How often the holder changed."},
  "strategy":{"type":"string","description":"How a leader is picked in coordinated leader election."},
  "preferredHolder":{"type":"string","description":"Who ought to get the lease; asks the holder to give it up."}}}}})";

}  // namespace slipway::registry
