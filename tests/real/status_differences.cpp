#include <algorithm>
#include <map>

#include "real/status_cases.h"

namespace slipway::real {

namespace {

struct Difference {
  std::string why;
  bool same_reason;
  std::vector<std::string> rows;
};

std::vector<Difference> differences_in_words() {
  return {
      {"words of a parser: what is wrong is told by the parsers used here, not in the words of Go's",
       true,
       {"body: empty",
        "body: empty, custom",
        "body: no JSON",
        "body: cut JSON",
        "body: cut JSON, custom",
        "body: list",
        "body: number",
        "body: kind of the wrong type",
        "body: apiVersion with two slashes",
        "body: YAML that is none",
        "media type: broken protobuf",
        "options of a delete: no JSON",
        "options of a deletecollection: body",
        "patch: JSON patch that is no JSON",
        "patch: JSON patch that is an object",
        "patch: JSON patch of a text",
        "patch: merge patch that is no JSON",
        "patch: merge patch that is a list",
        "patch: merge patch that is a text",
        "patch: merge patch that is a list, custom",
        "patch: strategic patch that is no JSON",
        "patch: strategic patch that is a list",
        "patch: apply, no YAML",
        "patch: apply, a list",
        "patch: apply, a text",
        "definition: pattern that does not compile",
        "secret: type dockerconfigjson that is no JSON"}},
      {"words of Go's decoder, which names its own structures",
       true,
       {"metadata: metadata of the wrong type", "metadata: labels of the wrong type",
        "metadata: creationTimestamp that is no time", "custom: metadata of the wrong type",
        "custom: label of the wrong type", "body: no kind, custom", "body: another kind", "body: another version",
        "body: unknown kind", "body: update of another kind", "body: YAML of another kind",
        "options of a delete: another kind", "metadata: binaryData that is no base64",
        "metadata: data of the wrong type", "metadata: data that is a list", "metadata: immutable of the wrong type",
        "secret: data that is no base64", "role: rules of the wrong type"}},
      {"words of selectors and continue tokens: the part that is wrong is quoted",
       true,
       {"parameter: labelSelector=a%20b%20c of configmaps", "parameter: labelSelector=a%20in%20x of configmaps",
        "parameter: labelSelector=%3D%3D of configmaps", "parameter: labelSelector=Bad_Prefix%2Fa%3Db of configmaps",
        "parameter: fieldSelector=nothing of configmaps", "parameter: fieldSelector=spec.nope%3Dx of configmaps",
        "parameter: fieldSelector=metadata.uid%3Dx of configmaps",
        "parameter: timeoutSeconds=1&watch=true&fieldSelector=spec.nope%3Dx of configmaps",
        "options of a deletecollection: selector", "options of a deletecollection: field selector",
        "parameter: continue=nonsense of configmaps", "parameter: continue=nonsense of samples",
        "parameter: continue=e30 of configmaps", "parameter: continue=e30&resourceVersion=5 of configmaps"}},
      {"media types: what is accepted is listed in one form for all kinds; answers are never protobuf",
       true,
       {"media type: accept", "media type: accept of a list", "media type: accept of custom",
        "media type: accept of a create", "media type: patch", "media type: no content type of a patch",
        "patch: empty JSON patch body", "patch: apply, empty"}},
      {"a refused patch names the object and shows the patch; kube-apiserver names none and shows the patched object",
       true,
       {"change: lease time", "patch: test fails", "patch: test of what is not there",
        "patch: remove of what is not there", "patch: add below what is not there", "patch: list index",
        "patch: test fails, custom", "patch: replaces by a wrong type", "patch: replaces the whole object",
        "patch: removes the name", "patch: merge patch with a wrong type", "patch: merge patch of data by a text",
        "patch: strategic patch with a wrong type", "patch: fields of a merge patch, Strict",
        "patch: fields of a merge patch, custom, Strict", "patch: fields of a strategic patch, Strict",
        "patch: fields of a JSON patch, Strict", "patch: fields of a JSON patch operation, Strict"}},
      {"the storage of kube-apiserver shows in its words",
       true,
       {"conflict: other uid in an update", "conflict: other uid in an update, custom",
        "conflict: uid precondition of a namespace"}},
      {"the object is named by its kind and its group, also where kube-apiserver leaves one out",
       true,
       {"event: new form without its fields", "review: no spec", "review: both kinds of attributes", "review: nobody",
        "review: another namespace"}},
      {"the role that is missing is named, not its binding", true, {"jane: escalation by a binding"}},
      {"the right that is missing is the one that impersonates the user: there are no constrained impersonations",
       true,
       {"impersonation: group without user", "impersonation: by somebody without the right"}},
      {"no warning about finalizers without a domain", true, {"custom change: finalizer without a domain"}},
      {"the path of a default that does not fit is written out", true, {"definition: default that does not fit"}},
      {"required fields of an empty definition are all named", true, {"definition: empty spec"}},
      {"a method that a subresource does not have is refused in the words for all paths",
       true,
       {"method: delete of status", "method: post to status"}},
      {"characters that cannot be printed are quoted as in JSON", true, {"parameter of a create: fieldManager=a%01b"}},
  };
}

std::vector<Difference> differences_in_reason() {
  return {
      {"unknown groups and paths are told as a Status; kube-apiserver sends a line of text with 404",
       false,
       {"not found: group of resources", "not found: group document", "not found: version",
        "not found: resource of a custom group", "not found: post to unknown", "not found: path",
        "method: post without namespace, custom"}},
      {"another kind or version in the body is a BadRequest for every kind",
       false,
       {"change: kind", "custom change: kind", "custom change: apiVersion", "body: another kind, custom"}},
      {"what cannot be read is the client's mistake; kube-apiserver answers 500 or closes the connection",
       false,
       {"invalid: resourceVersion that is no number", "invalid: create with resourceVersion",
        "parameter: timeoutSeconds=1&watch=true&resourceVersion=x of configmaps",
        "parameter: resourceVersion=x of present", "media type: protobuf body, custom",
        "patch: strategic patch with an unknown directive"}},
      {"a body is one JSON object in UTF-8", false, {"body: null", "body: invalid UTF-8"}},
      {"JSON patches are read by RFC 6902: a malformed one is a BadRequest, what is replaced or moved must be there",
       false,
       {"patch: replace of what is not there", "patch: unknown operation", "patch: operation without path",
        "patch: operation without op", "patch: move without from", "patch: move of what is not there",
        "patch: add without value"}},
      {"a rule that does not compile is told by a Warning and a condition, and refuses what it covers",
       false,
       {"definition: rule that does not compile", "definition: rule that is no boolean"}},
      {"a foreign uid in a patch is a conflict, as in an update", false, {"conflict: other uid in a patch"}},
      {"kube-apiserver answers a PUT of discovery documents", false, {"method: put to a group"}},
      {"not checked here: the version of a table", false, {"media type: unknown table version"}},
  };
}

}  // namespace

std::vector<std::string> note_differences(std::vector<StatusCase>& rows) {
  std::vector<std::string> unknown;
  for (const auto& part : {differences_in_words, differences_in_reason}) {
    for (const Difference& difference : part()) {
      for (const std::string& name : difference.rows) {
        const auto row = std::ranges::find(rows, name, &StatusCase::name);
        if (row == rows.end()) {
          unknown.push_back(name);
          continue;
        }
        row->difference = difference.why;
        row->same_reason = difference.same_reason;
      }
    }
  }
  return unknown;
}

}  // namespace slipway::real
