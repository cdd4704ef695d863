#pragma once

#include <functional>
#include <vector>

#include "registry/apply/path_element.h"

namespace slipway::registry {

class MergeType;

// A set of field paths, as a tree with sorted branches. A path may be a member without the ones below it and the other
// way round. Rules: structured-merge-diff, fieldpath.Set. A value type.
class FieldSet {
 public:
  struct Node;

  bool empty() const;
  std::size_t size() const;  // members, at any depth
  bool contains(const FieldPath& path) const;
  // Empty paths (the whole object) are never members.
  void insert(const FieldPath& path);

  FieldSet united(const FieldSet& other) const;
  FieldSet intersected(const FieldSet& other) const;
  // Without the members of `other`; what is below a member of `other` stays.
  FieldSet without(const FieldSet& other) const;
  // Without the members of `other` and everything below them.
  FieldSet without_subtrees(const FieldSet& other) const;
  // The same two on this set itself; quick where `other` is small.
  void remove(const FieldSet& other);
  void remove_subtrees(const FieldSet& other);
  // With every field that `type` names and that has members below it: the set of "spec.a" has "spec" too.
  FieldSet with_named_fields(const MergeType& type) const;

  // What the set says one level down: is the element itself a member, and what is below it (null: nothing).
  bool has_member(const PathElement& element) const;
  const FieldSet* below(const PathElement& element) const;

  const std::vector<Node>& nodes() const { return nodes_; }
  // Gets or makes the node of an element.
  Node& node(const PathElement& element);
  void append(Node node);  // elements must come in order
  // Every member, each level's own before what is below them.
  void for_each(const std::function<void(const FieldPath&)>& visit) const;

  friend bool operator==(const FieldSet& left, const FieldSet& right);

 private:
  const Node* find(const PathElement& element) const;
  void remove_each(const FieldSet& other, bool subtrees);
  void visit_members(FieldPath& prefix, const std::function<void(const FieldPath&)>& visit) const;

  std::vector<Node> nodes_;
};

struct FieldSet::Node {
  PathElement element;
  bool member = false;
  FieldSet children;
};

}  // namespace slipway::registry
