#include "registry/dependency_graph.h"

namespace slipway::registry {

namespace {

bool is_definition(const DependencyGraph::Kind& kind) {
  return kind.group == "apiextensions.k8s.io" && kind.kind == "CustomResourceDefinition";
}

bool is_namespace(const DependencyGraph::Kind& kind) {
  return kind.group.empty() && kind.kind == "Namespace";
}

template <typename Set>
const Set& lookup(const std::map<std::string, Set>& map, const std::string& key) {
  static const Set nothing;
  const auto found = map.find(key);
  return found != map.end() ? found->second : nothing;
}

template <typename Set>
void remove(std::map<std::string, Set>& map, const std::string& key, const std::string& uid) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  found->second.erase(uid);
  if (found->second.empty()) map.erase(found);
}
}  // namespace

std::set<std::string> DependencyGraph::put(const ResourceInfo& resource, const data::Json& object) {
  const Kind& kind = *kinds_.insert({resource.group, resource.plural, resource.kind, resource.namespaced}).first;
  Node node{.kind = &kind,
            .key = meta::key_of(object),
            .uid = meta::uid(object),
            .resource_version = meta::resource_version(object),
            .owners = meta::owner_references(object),
            .deleting = meta::is_deleting(object),
            .foreground = meta::has_finalizer(object, "foregroundDeletion"),
            .orphan = meta::has_finalizer(object, "orphan")};
  std::set<std::string> affected{node.uid};
  const auto [place, is_new] = nodes_.try_emplace(node.uid);
  if (!is_new) {
    for (const auto& owner : place->second.owners) affected.insert(owner.uid);
    unlink(place->second);
  }
  for (const auto& owner : node.owners) {
    affected.insert(owner.uid);
    dependents_[owner.uid].insert(node.uid);
  }
  if (resource.namespaced) content_[node.key.ns].insert(place->first);
  if (is_namespace(kind)) namespaces_[node.key.name] = node.uid;
  if (is_definition(kind)) definitions_[node.key.name] = node.uid;
  place->second = std::move(node);
  return affected;
}

std::set<std::string> DependencyGraph::erase(const std::string& uid) {
  const auto found = nodes_.find(uid);
  if (found == nodes_.end()) return {};
  std::set<std::string> affected = dependents(uid);
  for (const auto& owner : found->second.owners) affected.insert(owner.uid);
  if (const auto space = namespaces_.find(found->second.key.ns); space != namespaces_.end())
    affected.insert(space->second);
  const Kind& kind = *found->second.kind;
  if (const auto definition = definitions_.find(kind.plural + "." + kind.group); definition != definitions_.end())
    affected.insert(definition->second);
  unlink(found->second);
  nodes_.erase(found);
  return affected;
}

void DependencyGraph::unlink(const Node& node) {
  for (const auto& owner : node.owners) remove(dependents_, owner.uid, node.uid);
  if (node.kind->namespaced) remove(content_, node.key.ns, node.uid);
  if (is_namespace(*node.kind)) namespaces_.erase(node.key.name);
  if (is_definition(*node.kind)) definitions_.erase(node.key.name);
}

void DependencyGraph::clear() {
  dependents_.clear();
  content_.clear();
  nodes_.clear();
  namespaces_.clear();
  definitions_.clear();
}

const DependencyGraph::Node* DependencyGraph::find(const std::string& uid) const {
  const auto found = nodes_.find(uid);
  return found != nodes_.end() ? &found->second : nullptr;
}

const std::set<std::string>& DependencyGraph::dependents(const std::string& uid) const {
  return lookup(dependents_, uid);
}

const DependencyGraph::Content& DependencyGraph::content(const std::string& ns) const {
  return lookup(content_, ns);
}

std::vector<std::string> DependencyGraph::uids() const {
  std::vector<std::string> all;
  for (const auto& [uid, node] : nodes_) all.push_back(uid);
  return all;
}

}  // namespace slipway::registry
