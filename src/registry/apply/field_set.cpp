#include "registry/apply/field_set.h"

#include <algorithm>

#include "registry/apply/merge_type.h"

namespace slipway::registry {

namespace {

const auto kBefore = [](const FieldSet::Node& node, const PathElement& element) { return node.element < element; };

// Walks two sorted lists of nodes at once; the visitor gets the nodes of each element, null where a side has none.
template <typename Visit>
void zip(const std::vector<FieldSet::Node>& left, const std::vector<FieldSet::Node>& right, const Visit& visit) {
  std::size_t l = 0, r = 0;
  while (l < left.size() || r < right.size()) {
    const int order = l == left.size() ? 1 : r == right.size() ? -1 : left[l].element.compare(right[r].element);
    visit(order <= 0 ? &left[l] : nullptr, order >= 0 ? &right[r] : nullptr);
    if (order <= 0) ++l;
    if (order >= 0) ++r;
  }
}

}  // namespace

bool FieldSet::empty() const {
  return std::ranges::all_of(nodes_, [](const Node& node) { return !node.member && node.children.empty(); });
}

std::size_t FieldSet::size() const {
  std::size_t count = 0;
  for (const Node& node : nodes_) count += (node.member ? 1 : 0) + node.children.size();
  return count;
}

const FieldSet::Node* FieldSet::find(const PathElement& element) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), element, kBefore);
  return found != nodes_.end() && found->element == element ? &*found : nullptr;
}

FieldSet::Node& FieldSet::node(const PathElement& element) {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), element, kBefore);
  if (found != nodes_.end() && found->element == element) return *found;
  return *nodes_.insert(found, Node{element, false, {}});
}

void FieldSet::append(Node node) {
  if (node.member || !node.children.nodes_.empty()) nodes_.push_back(std::move(node));
}

bool FieldSet::contains(const FieldPath& path) const {
  const FieldSet* level = this;
  const Node* node = nullptr;
  for (const PathElement& element : path) {
    node = level->find(element);
    if (node == nullptr) return false;
    level = &node->children;
  }
  return node != nullptr && node->member;
}

void FieldSet::insert(const FieldPath& path) {
  FieldSet* level = this;
  Node* last = nullptr;
  for (const PathElement& element : path) {
    last = &level->node(element);
    level = &last->children;
  }
  if (last != nullptr) last->member = true;
}

FieldSet FieldSet::united(const FieldSet& other) const {
  FieldSet out;
  zip(nodes_, other.nodes_, [&](const Node* left, const Node* right) {
    if (left == nullptr || right == nullptr)
      out.append(left != nullptr ? *left : *right);
    else
      out.append({left->element, left->member || right->member, left->children.united(right->children)});
  });
  return out;
}

FieldSet FieldSet::intersected(const FieldSet& other) const {
  FieldSet out;
  zip(nodes_, other.nodes_, [&](const Node* left, const Node* right) {
    if (left != nullptr && right != nullptr)
      out.append({left->element, left->member && right->member, left->children.intersected(right->children)});
  });
  return out;
}

FieldSet FieldSet::without(const FieldSet& other) const {
  FieldSet out;
  zip(nodes_, other.nodes_, [&](const Node* left, const Node* right) {
    if (left == nullptr) return;
    if (right == nullptr)
      out.append(*left);
    else
      out.append({left->element, left->member && !right->member, left->children.without(right->children)});
  });
  return out;
}

FieldSet FieldSet::without_subtrees(const FieldSet& other) const {
  FieldSet out;
  zip(nodes_, other.nodes_, [&](const Node* left, const Node* right) {
    if (left == nullptr || (right != nullptr && right->member)) return;
    if (right == nullptr)
      out.append(*left);
    else
      out.append({left->element, left->member, left->children.without_subtrees(right->children)});
  });
  return out;
}

void FieldSet::remove_each(const FieldSet& other, bool subtrees) {
  for (const Node& gone : other.nodes_) {
    const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), gone.element, kBefore);
    if (found == nodes_.end() || found->element != gone.element) continue;
    if (gone.member) found->member = false;
    if (gone.member && subtrees)
      found->children = {};
    else
      found->children.remove_each(gone.children, subtrees);
    if (!found->member && found->children.nodes_.empty()) nodes_.erase(found);
  }
}

void FieldSet::remove(const FieldSet& other) {
  remove_each(other, false);
}

void FieldSet::remove_subtrees(const FieldSet& other) {
  remove_each(other, true);
}

FieldSet FieldSet::with_named_fields(const MergeType& type) const {
  FieldSet out;
  for (const Node& node : nodes_) {
    Node named{node.element, node.member, {}};
    const std::string* name = node.element.field_name();
    if (!node.children.nodes_.empty()) {
      if (name != nullptr && type.names_field(*name)) named.member = true;
      MergeType below = MergeType::none();
      if (name != nullptr) below = type.field(*name);
      if (node.element.is_key()) below = type.element();
      named.children = node.children.with_named_fields(below);
    }
    out.append(std::move(named));
  }
  return out;
}

bool FieldSet::has_member(const PathElement& element) const {
  const Node* found = find(element);
  return found != nullptr && found->member;
}

const FieldSet* FieldSet::below(const PathElement& element) const {
  const Node* found = find(element);
  return found != nullptr && !found->children.empty() ? &found->children : nullptr;
}

void FieldSet::visit_members(FieldPath& prefix, const std::function<void(const FieldPath&)>& visit) const {
  for (const Node& node : nodes_) {
    if (!node.member) continue;
    prefix.push_back(node.element);
    visit(prefix);
    prefix.pop_back();
  }
  for (const Node& node : nodes_) {
    prefix.push_back(node.element);
    node.children.visit_members(prefix, visit);
    prefix.pop_back();
  }
}

void FieldSet::for_each(const std::function<void(const FieldPath&)>& visit) const {
  FieldPath prefix;
  visit_members(prefix, visit);
}

bool operator==(const FieldSet& left, const FieldSet& right) {
  return std::ranges::equal(left.nodes_, right.nodes_, [](const FieldSet::Node& l, const FieldSet::Node& r) {
    return l.member == r.member && l.element == r.element && l.children == r.children;
  });
}

}  // namespace slipway::registry
