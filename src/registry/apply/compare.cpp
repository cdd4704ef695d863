#include <algorithm>
#include <map>

#include "registry/apply/typed_value.h"

namespace slipway::registry {

using data::Json;

namespace {

// Items of a list with the same path element, in order.
using ItemGroups = std::map<PathElement, std::vector<const Json*>>;

ItemGroups group_items(const Json* list, const MergeType& type) {
  ItemGroups groups;
  if (list == nullptr) return groups;
  for (const Json& item : list->items())
    if (auto element = element_of_item(type, item)) groups[std::move(*element)].push_back(&item);
  return groups;
}

bool same_items(const std::vector<const Json*>& left, const std::vector<const Json*>& right) {
  return std::ranges::equal(left, right, [](const Json* l, const Json* r) { return *l == *r; });
}

class Comparer {
 public:
  Comparison comparison;

  // A side that is null does not exist.
  void compare(const Json* before, const Json* after, const MergeType& type) {
    const Atom atom_before = atom_of(type, before);
    const Atom atom_after = atom_of(type, after);
    bool leaf = false;
    if (after == nullptr) {
      leaf = compare_as(atom_before, before, after, type);
    } else if (before == nullptr || atom_before == atom_after) {
      leaf = compare_as(atom_after, before, after, type);
    } else {
      compare_as(atom_before, before, after, type);
      leaf = compare_as(atom_after, before, after, type);
    }
    if (leaf) return;
    if (before == nullptr)
      comparison.added.insert(path_);
    else if (after == nullptr)
      comparison.removed.insert(path_);
  }

 private:
  // Returns whether the place was compared as one value.
  bool compare_as(const Atom& atom, const Json* before, const Json* after, const MergeType& type) {
    if (atom.map) return compare_maps(before, after, type);
    if (atom.scalar) return compare_leaves(before, after);
    if (atom.list) return compare_lists(before, after, type);
    return false;
  }

  bool compare_leaves(const Json* before, const Json* after) {
    if (before == nullptr)
      comparison.added.insert(path_);
    else if (after == nullptr)
      comparison.removed.insert(path_);
    else if (*before != *after)
      comparison.modified.insert(path_);
    return true;
  }

  bool compare_maps(const Json* before, const Json* after, const MergeType& type) {
    const Json* left = before != nullptr && before->is_object() ? before : nullptr;
    const Json* right = after != nullptr && after->is_object() ? after : nullptr;
    const bool both_empty = (left == nullptr || left->empty()) && (right == nullptr || right->empty());
    if (type.is_map_atomic() || both_empty) return compare_leaves(before, after);
    const Json nothing;
    const Json::Object& l = left != nullptr ? left->members() : nothing.members();
    const Json::Object& r = right != nullptr ? right->members() : nothing.members();
    auto here = l.begin();
    auto there = r.begin();
    while (here != l.end() || there != r.end()) {
      const int order = here == l.end() ? 1 : there == r.end() ? -1 : here->first.compare(there->first);
      const std::string& name = order <= 0 ? here->first : there->first;
      const Json* old_value = order <= 0 ? &here->second : nullptr;
      const Json* new_value = order >= 0 ? &there->second : nullptr;
      if (old_value == nullptr || new_value == nullptr || *old_value != *new_value)
        descend(PathElement::field(name), old_value, new_value, type.field(name));
      if (order <= 0) ++here;
      if (order >= 0) ++there;
    }
    return false;
  }

  bool compare_lists(const Json* before, const Json* after, const MergeType& type) {
    const Json* left = before != nullptr && before->is_array() ? before : nullptr;
    const Json* right = after != nullptr && after->is_array() ? after : nullptr;
    const bool both_empty = (left == nullptr || left->empty()) && (right == nullptr || right->empty());
    if (type.is_list_atomic() || both_empty) return compare_leaves(before, after);
    const ItemGroups old_items = group_items(left, type);
    const ItemGroups new_items = group_items(right, type);
    static const std::vector<const Json*> kNone;
    for (const auto& [element, items] : old_items) {
      const auto found = new_items.find(element);
      compare_items(element, items, found != new_items.end() ? found->second : kNone, type.element());
    }
    for (const auto& [element, items] : new_items)
      if (!old_items.contains(element)) compare_items(element, kNone, items, type.element());
    return false;
  }

  // Items that are there more than once are compared as one value.
  void compare_items(const PathElement& element, const std::vector<const Json*>& before,
                     const std::vector<const Json*>& after, const MergeType& type) {
    const Json* first_before = before.empty() ? nullptr : before.front();
    const Json* first_after = after.empty() ? nullptr : after.front();
    path_.push_back(element);
    if (before.size() <= 1 && after.size() <= 1) {
      const bool same = first_before != nullptr && first_after != nullptr && *first_before == *first_after;
      if (!same) compare(first_before, first_after, type);
    } else if (before.size() >= 2 && after.size() >= 2) {
      if (!same_items(before, after)) comparison.modified.insert(path_);
    } else if (before.size() >= 2) {
      if (first_after != nullptr) compare(nullptr, first_after, type);
      comparison.removed.insert(path_);
    } else {
      if (first_before != nullptr) compare(first_before, nullptr, type);
      comparison.added.insert(path_);
    }
    path_.pop_back();
  }

  void descend(PathElement element, const Json* before, const Json* after, const MergeType& type) {
    path_.push_back(std::move(element));
    compare(before, after, type);
    path_.pop_back();
  }

  FieldPath path_;
};

}  // namespace

Comparison compare(const Json& before, const Json& after, const MergeType& type) {
  Comparer comparer;
  comparer.compare(&before, &after, type);
  return std::move(comparer.comparison);
}

}  // namespace slipway::registry
