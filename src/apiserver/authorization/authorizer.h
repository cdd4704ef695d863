#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/authentication/user_info.h"

namespace slipway::apiserver {

// What somebody wants to do, in the words of Kubernetes' authorizers (k8s.io/apiserver/pkg/authorization/authorizer).
// The views live as long as the request.
struct AccessAttributes {
  const UserInfo& user;
  // get, list, watch, create, update, patch, delete, deletecollection or another verb of a resource ("" for a method
  // that has none); the lower-case HTTP method of a non-resource path.
  std::string_view verb;
  bool is_resource = false;
  std::string_view group;
  std::string_view version;
  std::string_view resource;
  std::string_view subresource;
  std::string_view name;  // "" = all or not known yet (create)
  std::string_view ns;    // "" = all namespaces, or a resource without; a Namespace is in the namespace of its name
  std::string_view path;  // of a non-resource request
};

enum class Decision { kAllow, kDeny, kNoOpinion };

struct Verdict {
  Decision decision = Decision::kNoOpinion;
  std::string reason;  // for people; may be empty
};

// One rule of RBAC; also what a rules review shows (rbac.authorization.k8s.io/v1 PolicyRule).
struct PolicyRule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;
  std::vector<std::string> non_resource_urls;

  bool operator==(const PolicyRule&) const = default;
};

struct RuleReview {
  std::vector<PolicyRule> rules;
  std::string error;  // why the list may lack some; empty = complete
};

// Decides about requests. Thread-safe; called for every request, so it must be quick.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Verdict authorize(const AccessAttributes& attributes) = 0;
  // What the user may do in the namespace ("" = only what holds everywhere).
  virtual RuleReview rules_for(const UserInfo& user, std::string_view ns) = 0;
};

// The first authorizer with an opinion decides.
class AuthorizerChain final : public Authorizer {
 public:
  explicit AuthorizerChain(std::vector<std::shared_ptr<Authorizer>> authorizers)
      : authorizers_(std::move(authorizers)) {}
  Verdict authorize(const AccessAttributes& attributes) override;
  RuleReview rules_for(const UserInfo& user, std::string_view ns) override;

 private:
  const std::vector<std::shared_ptr<Authorizer>> authorizers_;
};

// Members of one group may do everything (system:masters), or nothing at all whatever roles they are given (machines
// whose certificates are for another door).
class GroupAuthorizer final : public Authorizer {
 public:
  GroupAuthorizer(std::string group, Decision decision) : group_(std::move(group)), decision_(decision) {}
  Verdict authorize(const AccessAttributes& attributes) override;
  RuleReview rules_for(const UserInfo& user, std::string_view ns) override;

 private:
  const std::string group_;
  const Decision decision_;
};

// Lets everyone, known or not, ask these paths (health checks), whatever the roles in the store say.
class PathAuthorizer final : public Authorizer {
 public:
  explicit PathAuthorizer(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  Verdict authorize(const AccessAttributes& attributes) override;
  RuleReview rules_for(const UserInfo& user, std::string_view ns) override;

 private:
  const std::vector<std::string> paths_;
};

}  // namespace slipway::apiserver
