#include "registry/rbac_schemas.h"

namespace slipway::registry {

#define SLIPWAY_STRINGS(name, description)                                                        \
  R"(")" name R"(":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"atomic",)" \
  R"("description":")" description R"("})"

#define SLIPWAY_RULES \
  R"("rules":{"type":"array","nullable":true,"x-kubernetes-list-type":"atomic",)"                          \
  R"("description":"What is allowed: everything that any of the rules allows.",)"                          \
  R"("items":{"type":"object","title":"PolicyRule","description":"Verbs on resources or on paths.",)"      \
  R"("properties":{)" SLIPWAY_STRINGS("verbs", "What may be done: get, list, watch, create, update, patch, " \
                                               "delete, deletecollection, or * for everything.") "," \
  SLIPWAY_STRINGS("apiGroups", "The API groups of the resources; an empty text is the core group, * is any.") "," \
  SLIPWAY_STRINGS("resources", "Resources (hosts), their subresources (hosts/status, */scale), or * for all.") "," \
  SLIPWAY_STRINGS("resourceNames", "Only objects of these names; none means all.") "," \
  SLIPWAY_STRINGS("nonResourceURLs", "Paths that are no resources; a * at the end stands for anything. Only in a " \
                                     "ClusterRole.") "}}}"

#define SLIPWAY_BINDING                                                                                            \
  R"("subjects":{"type":"array","nullable":true,"x-kubernetes-list-type":"atomic",)"                               \
  R"("description":"Who gets the role.","items":{"type":"object","title":"Subject",)"                              \
  R"("description":"A user, a group or a ServiceAccount.","x-kubernetes-map-type":"atomic","properties":{)"        \
  R"("kind":{"type":"string","description":"User, Group or ServiceAccount."},)"                                    \
  R"("apiGroup":{"type":"string","description":"rbac.authorization.k8s.io for users and groups (the default)."},)" \
  R"("name":{"type":"string","description":"The name of the user, group or ServiceAccount."},)"                    \
  R"("namespace":{"type":"string","description":"The namespace of the ServiceAccount."}}}},)"                      \
  R"("roleRef":{"type":"object","title":"RoleRef","x-kubernetes-map-type":"atomic",)"                              \
  R"("description":"The role that is given; it cannot be changed.","properties":{)"                                \
  R"("apiGroup":{"type":"string","description":"rbac.authorization.k8s.io (the default)."},)"                      \
  R"("kind":{"type":"string","description":"ClusterRole, or Role (of the same namespace)."},)"                     \
  R"("name":{"type":"string","description":"The name of the role."}}})"

const std::string_view kRoleSchema =
    R"({"type":"object","description":"Role allows things in its namespace to whom a RoleBinding gives it.",)"
    R"("properties":{)" SLIPWAY_RULES "}}";

const std::string_view kRoleBindingSchema =
    R"({"type":"object","description":"RoleBinding gives a Role or a ClusterRole to somebody in its namespace.",)"
    R"("properties":{)" SLIPWAY_BINDING "}}";

const std::string_view kClusterRoleSchema =
    R"({"type":"object","description":"ClusterRole allows things everywhere by a ClusterRoleBinding, or in one )"
    R"(namespace by a RoleBinding.","properties":{)" SLIPWAY_RULES
    R"(,"aggregationRule":{"type":"object","nullable":true,"title":"AggregationRule",)"
    R"("description":"The rules are collected from other ClusterRoles; own ones are overwritten.","properties":{)"
    R"("clusterRoleSelectors":{"type":"array","x-kubernetes-list-type":"atomic",)"
    R"("description":"ClusterRoles that any of these selectors matches are collected.",)"
    R"("items":{"type":"object","title":"LabelSelector","x-kubernetes-map-type":"atomic",)"
    R"("description":"Labels that must all match.","properties":{)"
    R"("matchLabels":{"type":"object","additionalProperties":{"type":"string"},)"
    R"("description":"Labels and their values."},)"
    R"("matchExpressions":{"type":"array","x-kubernetes-list-type":"atomic","description":"Further conditions.",)"
    R"("items":{"type":"object","title":"LabelSelectorRequirement","description":"A condition on one label.",)"
    R"("properties":{"key":{"type":"string","description":"The label."},)"
    R"("operator":{"type":"string","description":"In, NotIn, Exists or DoesNotExist."},)" SLIPWAY_STRINGS(
        "values", "The values for In and NotIn.") R"(}}}}}}}}}})";

const std::string_view kClusterRoleBindingSchema =
    R"({"type":"object","description":"ClusterRoleBinding gives a ClusterRole to somebody everywhere.",)"
    R"("properties":{)" SLIPWAY_BINDING "}}";

#undef SLIPWAY_STRINGS
#undef SLIPWAY_RULES
#undef SLIPWAY_BINDING

}  // namespace slipway::registry
