#include <map>
#include <optional>

#include "registry/apply/typed_value.h"

namespace slipway::registry {

using data::Json;

namespace {

const Json kNull;

// The items of a list by path element, in order. An element that is there more than once stands for null: such items
// do not merge.
struct IndexedList {
  std::vector<PathElement> elements;
  std::vector<const Json*> items;
  std::map<PathElement, const Json*> by_element;

  IndexedList(const Json* list, const MergeType& type) {
    if (list == nullptr) return;
    for (const Json& item : list->items()) {
      auto element = element_of_item(type, item);
      if (!element) continue;
      const auto [found, is_new] = by_element.try_emplace(*element, &item);
      if (!is_new) found->second = &kNull;
      elements.push_back(std::move(*element));
      items.push_back(&item);
    }
  }
  const Json* find(const PathElement& element) const {
    const auto found = by_element.find(element);
    return found != by_element.end() ? found->second : nullptr;
  }
};

// Null pointers are absent values; no value is an absent result.
std::optional<Json> merge_values(const Json* live, const Json* applied, const MergeType& type);

std::optional<Json> take_leaf(const Json* live, const Json* applied) {
  if (applied != nullptr) return *applied;
  if (live != nullptr) return *live;
  return std::nullopt;
}

std::optional<Json> merge_maps(const Json* live, const Json* applied, const MergeType& type) {
  const Json* left = live != nullptr && live->is_object() ? live : nullptr;
  const Json* right = applied != nullptr && applied->is_object() ? applied : nullptr;
  const bool both_empty = (left == nullptr || left->empty()) && (right == nullptr || right->empty());
  if (type.is_map_atomic() || both_empty) return take_leaf(live, applied);
  Json out = Json::object();
  Json::Object& members = out.mutable_members();
  const Json::Object& l = left != nullptr ? left->members() : kNull.members();
  const Json::Object& r = right != nullptr ? right->members() : kNull.members();
  for (const auto& [name, value] : l) {
    const auto found = r.find(name);
    if (auto merged = merge_values(&value, found != r.end() ? &found->second : nullptr, type.field(name)))
      members.insert_or_assign(name, std::move(*merged));
  }
  for (const auto& [name, value] : r) {
    if (l.contains(name)) continue;
    if (auto merged = merge_values(nullptr, &value, type.field(name)))
      members.insert_or_assign(name, std::move(*merged));
  }
  if (members.empty()) return std::nullopt;
  return out;
}

// Items of both lists come in the configuration's order; items of the live list alone keep their place between them.
class ListMerger {
 public:
  ListMerger(const Json* live, const Json* applied, const MergeType& type)
      : type_(type.element()), live_(live, type), applied_(applied, type) {
    for (const PathElement& element : applied_.elements)
      if (live_.find(element) != nullptr) shared_.push_back(&element);
  }

  std::optional<Json> run() {
    std::size_t l = 0, r = 0;
    while (l < live_.elements.size() || r < applied_.elements.size()) {
      if (l < live_.elements.size() && r < applied_.elements.size()) {
        const PathElement& element = live_.elements[l];
        if (element == applied_.elements[r]) {
          add_applied(element);
          ++l, ++r, ++next_shared_;
          continue;
        }
        const bool waits = next_shared_ < shared_.size() && !(*shared_[next_shared_] == element);
        if (applied_.find(element) != nullptr && waits) {
          ++l;
          continue;
        }
      }
      if (l < live_.elements.size()) {
        const PathElement& element = live_.elements[l];
        if (applied_.find(element) == nullptr) {
          add(merge_values(live_.items[l], nullptr, type_));
          ++l;
          continue;
        }
        if (done_.contains(element)) ++l;
      }
      if (r < applied_.elements.size()) {
        const PathElement& element = applied_.elements[r];
        add_applied(element);
        ++r;
        if (next_shared_ < shared_.size() && *shared_[next_shared_] == element) ++next_shared_;
      }
    }
    if (out_.empty()) return std::nullopt;
    return Json(std::move(out_));
  }

 private:
  void add(std::optional<Json> item) {
    if (item) out_.push_back(std::move(*item));
  }
  void add_applied(const PathElement& element) {
    done_.emplace(element, nullptr);
    add(merge_values(live_.find(element), applied_.find(element), type_));
  }

  const MergeType type_;
  const IndexedList live_, applied_;
  std::vector<const PathElement*> shared_;
  std::size_t next_shared_ = 0;
  std::map<PathElement, const Json*> done_;
  Json::Array out_;
};

std::optional<Json> merge_lists(const Json* live, const Json* applied, const MergeType& type) {
  const Json* left = live != nullptr && live->is_array() ? live : nullptr;
  const Json* right = applied != nullptr && applied->is_array() ? applied : nullptr;
  const bool both_empty = (left == nullptr || left->empty()) && (right == nullptr || right->empty());
  if (type.is_list_atomic() || both_empty) return take_leaf(live, applied);
  return ListMerger(left, right, type).run();
}

std::optional<Json> merge_values(const Json* live, const Json* applied, const MergeType& type) {
  // A value of another form than the live one replaces it; null takes the form of the other side.
  const Atom atom = atom_of(type, applied != nullptr ? applied : live);
  if (atom.map) return merge_maps(live, applied, type);
  if (atom.scalar) return take_leaf(live, applied);
  if (atom.list) return merge_lists(live, applied, type);
  return std::nullopt;
}

}  // namespace

Json merge(const Json& live, const Json& configuration, const MergeType& type) {
  return merge_values(&live, &configuration, type).value_or(Json());
}

}  // namespace slipway::registry
