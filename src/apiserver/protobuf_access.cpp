#include "apiserver/protobuf_kinds.h"

namespace slipway::apiserver::protobuf {

namespace {

constexpr Field kPolicyRule[] = {{1, "verbs", Type::kTexts},
                                 {2, "apiGroups", Type::kTexts},
                                 {3, "resources", Type::kTexts},
                                 {4, "resourceNames", Type::kTexts},
                                 {5, "nonResourceURLs", Type::kTexts}};
constexpr Field kRequirement[] = {{1, "key", Type::kText}, {2, "operator", Type::kText}, {3, "values", Type::kTexts}};
constexpr Field kLabelSelector[] = {{1, "matchLabels", Type::kTextMap},
                                    {2, "matchExpressions", Type::kMessages, kRequirement}};
constexpr Field kAggregationRule[] = {{1, "clusterRoleSelectors", Type::kMessages, kLabelSelector}};
constexpr Field kRole[] = {{1, "metadata", Type::kMessage, kMetadata},
                           {2, "rules", Type::kMessages, kPolicyRule},
                           {3, "aggregationRule", Type::kMessage, kAggregationRule}};
constexpr Field kSubject[] = {
    {1, "kind", Type::kText}, {2, "apiGroup", Type::kText}, {3, "name", Type::kText}, {4, "namespace", Type::kText}};
constexpr Field kRoleRef[] = {{1, "apiGroup", Type::kText}, {2, "kind", Type::kText}, {3, "name", Type::kText}};
constexpr Field kBinding[] = {{1, "metadata", Type::kMessage, kMetadata},
                              {2, "subjects", Type::kMessages, kSubject},
                              {3, "roleRef", Type::kMessage, kRoleRef}};

constexpr Field kSelectorAttributes[] = {{1, "rawSelector", Type::kText},
                                         {2, "requirements", Type::kMessages, kRequirement}};
constexpr Field kResourceAttributes[] = {{1, "namespace", Type::kText},
                                         {2, "verb", Type::kText},
                                         {3, "group", Type::kText},
                                         {4, "version", Type::kText},
                                         {5, "resource", Type::kText},
                                         {6, "subresource", Type::kText},
                                         {7, "name", Type::kText},
                                         {8, "fieldSelector", Type::kMessage, kSelectorAttributes},
                                         {9, "labelSelector", Type::kMessage, kSelectorAttributes}};
constexpr Field kExtraValue[] = {{1, "items", Type::kTexts}};
constexpr Field kNonResourceAttributes[] = {{1, "path", Type::kText}, {2, "verb", Type::kText}};
constexpr Field kReviewSpec[] = {{1, "resourceAttributes", Type::kMessage, kResourceAttributes},
                                 {2, "nonResourceAttributes", Type::kMessage, kNonResourceAttributes},
                                 {3, "user", Type::kText},
                                 {4, "groups", Type::kTexts},
                                 {5, "extra", Type::kFirstOfMap, kExtraValue},
                                 {6, "uid", Type::kText}};
constexpr Field kReview[] = {{1, "metadata", Type::kMessage, kMetadata}, {2, "spec", Type::kMessage, kReviewSpec}};
constexpr Field kRulesReviewSpec[] = {{1, "namespace", Type::kText}};
constexpr Field kRulesReview[] = {{1, "metadata", Type::kMessage, kMetadata},
                                  {2, "spec", Type::kMessage, kRulesReviewSpec}};
constexpr Field kSelfReview[] = {{1, "metadata", Type::kMessage, kMetadata}};

constexpr Field kBoundObject[] = {
    {1, "kind", Type::kText}, {2, "apiVersion", Type::kText}, {3, "name", Type::kText}, {4, "uid", Type::kText}};
constexpr Field kTokenRequestSpec[] = {{1, "audiences", Type::kTexts},
                                       {3, "boundObjectRef", Type::kMessage, kBoundObject},
                                       {4, "expirationSeconds", Type::kInteger}};
constexpr Field kTokenRequest[] = {{1, "metadata", Type::kMessage, kMetadata},
                                   {2, "spec", Type::kMessage, kTokenRequestSpec}};
constexpr Field kTokenReviewSpec[] = {{1, "token", Type::kText}, {2, "audiences", Type::kTexts}};
constexpr Field kTokenReview[] = {{1, "metadata", Type::kMessage, kMetadata},
                                  {2, "spec", Type::kMessage, kTokenReviewSpec}};

constexpr Field kPullSecret[] = {{1, "name", Type::kText}};
constexpr Field kServiceAccount[] = {{1, "metadata", Type::kMessage, kMetadata},
                                     {2, "secrets", Type::kMessages, kObjectReference},
                                     {3, "imagePullSecrets", Type::kMessages, kPullSecret},
                                     {4, "automountServiceAccountToken", Type::kBool}};

}  // namespace

std::span<const Field> access_fields(std::string_view api_version, std::string_view kind) {
  if (api_version == "v1" && kind == "ServiceAccount") return kServiceAccount;
  if (api_version == "rbac.authorization.k8s.io/v1") {
    if (kind == "Role" || kind == "ClusterRole") return kRole;
    if (kind == "RoleBinding" || kind == "ClusterRoleBinding") return kBinding;
  }
  if (api_version == "authorization.k8s.io/v1") {
    if (kind == "SelfSubjectRulesReview") return kRulesReview;
    if (kind.ends_with("SubjectAccessReview")) return kReview;
  }
  if (api_version == "authentication.k8s.io/v1") {
    if (kind == "SelfSubjectReview") return kSelfReview;
    if (kind == "TokenRequest") return kTokenRequest;
    if (kind == "TokenReview") return kTokenReview;
  }
  return {};
}

}  // namespace slipway::apiserver::protobuf
