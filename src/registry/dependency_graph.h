#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "data/json.h"
#include "meta/gvk.h"
#include "meta/object.h"
#include "registry/resource.h"

namespace slipway::registry {

// Who owns whom among all objects, by uid. What the garbage collector knows; one thread.
class DependencyGraph {
 public:
  // What a kind is and stays under its name, whatever happens to its definition.
  struct Kind {
    std::string group;
    std::string plural;
    std::string kind;
    bool namespaced = true;
    meta::GroupKind group_kind() const { return {group, kind}; }
    auto operator<=>(const Kind&) const = default;
  };
  struct Node {
    const Kind* kind = nullptr;
    meta::ObjectKey key;
    std::string uid;
    std::string resource_version;
    std::vector<meta::OwnerReference> owners;
    bool deleting = false;
    bool foreground = false;  // has the foregroundDeletion finalizer
    bool orphan = false;      // has the orphan finalizer
    bool is_deleting_dependents() const { return deleting && foreground; }
  };

  // Adds or replaces a node; returns the uids whose fate may depend on the change (the node, its old and new owners).
  std::set<std::string> put(const ResourceInfo& resource, const data::Json& object);
  // Removes a node; returns the uids to look at again (its dependents, its owners, its namespace, its definition).
  std::set<std::string> erase(const std::string& uid);
  void clear();

  const Node* find(const std::string& uid) const;
  const std::set<std::string>& dependents(const std::string& uid) const;
  using Content = std::unordered_set<std::string_view>;
  const Content& content(const std::string& ns) const;  // uids of what is in a namespace
  std::vector<std::string> uids() const;

 private:
  void unlink(const Node& node);

  std::set<Kind> kinds_;  // every kind ever seen; few
  std::unordered_map<std::string, Node> nodes_;
  std::map<std::string, std::set<std::string>> dependents_;  // owner's uid -> uids; the owner may be gone
  std::map<std::string, Content> content_;                   // namespace -> uids, the keys of nodes_
  std::map<std::string, std::string> namespaces_;            // name -> uid
  std::map<std::string, std::string> definitions_;           // "plural.group" of a definition -> uid
};

}  // namespace slipway::registry
