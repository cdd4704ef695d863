#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apiserver/authorization/authorizer.h"
#include "base/result.h"
#include "data/json.h"
#include "meta/gvk.h"

namespace slipway::apiserver {

// Roles and bindings in memory, by whom they are for: a check looks only at bindings of this user and this user's
// groups, everywhere and in one namespace. Not thread-safe.
class RbacIndex {
 public:
  enum class Kind { kRole, kRoleBinding, kClusterRole, kClusterRoleBinding };

  void put(Kind kind, const data::Json& object);
  void remove(Kind kind, const meta::ObjectKey& key);
  void clear();

  // RBAC's answer. When the user is bound to a role that is not there, the reason of a refusal says so.
  Verdict authorize(const AccessAttributes& attributes) const;
  RuleReview rules_for(const UserInfo& user, std::string_view ns) const;
  // The rules of a role as a binding names it; `ns` is the binding's namespace ("" = a ClusterRoleBinding).
  base::Result<std::vector<PolicyRule>> role_rules(std::string_view role_kind, std::string_view name,
                                                   std::string_view ns) const;

 private:
  // A role that bindings name; it need not be there.
  struct Role {
    bool cluster = false;
    std::string name;
    bool present = false;
    std::vector<PolicyRule> rules;
  };
  struct Binding {
    std::string ns;
    std::string name;
    std::shared_ptr<Role> role;  // null: of an unknown kind
    std::string role_kind;
    std::vector<std::string> users;
    std::vector<std::string> groups;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
  struct Grants {
    std::vector<const Binding*> everywhere;
    TextMap<std::vector<const Binding*>> by_namespace;
    bool empty() const { return everywhere.empty() && by_namespace.empty(); }
  };
  using BindingKey = std::pair<std::string, std::string>;  // namespace ("" = ClusterRoleBinding), name

  std::shared_ptr<Role> role_slot(bool cluster, std::string_view ns, std::string_view name);
  void drop_unused_role(bool cluster, const std::string& ns, const std::string& name);
  void add_binding(const data::Json& object, const std::string& ns);
  void remove_binding(const BindingKey& key);
  static void change(TextMap<Grants>& subjects, const std::string& subject, const Binding& binding, bool add);
  // Calls `visit` for every binding of the user, everywhere first, until it returns false.
  template <typename Visit>
  void visit_bindings(const UserInfo& user, std::string_view ns, const Visit& visit) const;
  static std::string missing_text(const Binding& binding);

  std::map<std::pair<std::string, std::string>, std::shared_ptr<Role>, std::less<>> cluster_and_local_roles_;
  std::map<BindingKey, std::unique_ptr<Binding>> bindings_;
  TextMap<Grants> users_;
  TextMap<Grants> groups_;
};

}  // namespace slipway::apiserver
