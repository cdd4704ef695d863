#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "data/json_text.h"
#include "registry/continue_token.h"
#include "registry/definition/conversion_webhook.h"
#include "registry/field_errors.h"
#include "registry/registry_state.h"
#include "registry/schema.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {
constexpr std::size_t kSelectionPage = 500;  // entries read at a time while a selector fills a page

base::Result<store::Revision> parse_revision(std::string_view text) {
  store::Revision revision = 0;
  if (text.empty()) return revision;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc() || end != text.data() + text.size() || revision < 0)
    return fail(ErrorCode::kBadRequest, fmt::format("Invalid value: \"{}\": resourceVersion is not a number", text));
  return revision;
}
}  // namespace

namespace {
store::Revision revision_of(const Json& object) {
  const std::string& text = meta::resource_version(object);
  store::Revision revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}
}  // namespace

std::string storage_prefix(const ResourceInfo& resource, std::string_view ns) {
  const ResourceInfo& stored = *resource.storage().resource;
  std::string prefix = fmt::format("/registry/{}/{}/", stored.group.empty() ? "core" : stored.group, stored.plural);
  if (!ns.empty()) prefix.append(ns).append("/");
  return prefix;
}

std::string storage_key(const ResourceInfo& resource, const ObjectKey& key) {
  return storage_prefix(resource, resource.namespaced ? key.ns : "") + key.name;
}

const KindStrategy& Registry::State::strategy(const ResourceInfo& resource) const {
  static const KindStrategy custom_resource;
  const auto found = strategies.find(resource.group_kind());
  return found != strategies.end() ? found->second : custom_resource;
}

base::Result<ObjectPtr> Registry::State::decode(const ResourceInfo& resource, const store::Bytes& bytes, bool keep) {
  ObjectPtr stored = SLIPWAY_TRY(cache.decode(bytes, keep).with_context(resource.group_resource()));
  const ResourceVersionInfo& storage = resource.storage();
  if (storage.schema == nullptr || revision_of(*stored) > storage.resource->schema_revision) return stored;
  // Written under another schema: what this one no longer knows goes, what it has gained comes.
  Json object = *stored;
  storage.schema->prune(object);
  storage.schema->apply_defaults(object);
  return std::make_shared<const Json>(std::move(object));
}

base::Result<Json> Registry::State::convert(const ResourceInfo& resource, const ResourceVersionInfo& version,
                                            const Json& object) const {
  const auto name = [&] {
    return fmt::format("conversion of {} \"{}\" to {}", resource.group_resource(), meta::name(object), version.version);
  };
  if (const auto found = converters.find(resource.group_kind()); found != converters.end())
    return found->second(object, version.version).with_context(name());
  if (resource.conversion_webhook != nullptr)
    return convert_by_webhook(*resource.conversion_webhook, webhook_caller, object, version.gvk().api_version(),
                              random.uuid())
        .with_context(name());
  return object;
}

base::Result<ObjectPtr> Registry::State::to_version(const ResourceVersionInfo& version, ObjectPtr stored) const {
  const ResourceInfo& resource = *version.resource;
  if (stored->text({"apiVersion"}) == version.gvk().api_version()) return stored;
  Json object = SLIPWAY_TRY(convert(resource, version, *stored));
  object.set("apiVersion", version.gvk().api_version());
  if (version.schema != nullptr) version.schema->apply_defaults(object);
  return std::make_shared<const Json>(std::move(object));
}

bool Registry::State::is_text_of(const ResourceVersionInfo& version, store::Revision revision) const {
  return &version == &version.resource->storage() && revision > version.resource->schema_revision;
}

base::Result<ObjectPtr> Registry::State::object_in(const ResourceVersionInfo& version, const store::Bytes& bytes,
                                                   bool keep) {
  ObjectPtr stored = SLIPWAY_TRY(decode(*version.resource, bytes, keep));
  return to_version(version, std::move(stored));
}

base::Result<ObjectText> Registry::State::text_in(const ResourceVersionInfo& version, const store::Bytes& bytes,
                                                  store::Revision revision) {
  if (is_text_of(version, revision)) return bytes;
  const ObjectPtr object = SLIPWAY_TRY(object_in(version, bytes, false));
  return std::make_shared<const std::string>(data::to_json(*object));
}

base::Result<ObjectText> Registry::State::shared_text_in(const ResourceVersionInfo& version, const store::Bytes& bytes,
                                                         store::Revision revision) {
  if (is_text_of(version, revision)) return bytes;
  const std::uintptr_t tag = version.id;
  if (auto known = converted.find(bytes, tag)) return std::move(*known);
  ObjectText text = SLIPWAY_TRY(text_in(version, bytes, revision));
  converted.remember(bytes, text, tag);
  return text;
}

base::Result<store::Entry> Registry::State::read_entry(const ResourceInfo& resource, const ObjectKey& key) {
  if (key.name.empty()) return fail(ErrorCode::kBadRequest, "resource name may not be empty");
  if (resource.namespaced && key.ns.empty())
    return fail(ErrorCode::kBadRequest, "an empty namespace may not be set when a resource name is provided");
  // A slash would reach into another namespace's keys.
  if (key.name.find('/') != key.name.npos || key.ns.find('/') != key.ns.npos)
    return not_found(resource.group_resource(), key.name);
  auto entry = store.get(storage_key(resource, key));
  if (!entry && entry.error().code() == ErrorCode::kNotFound) return not_found(resource.group_resource(), key.name);
  return entry;
}

base::Result<StoredObject> Registry::State::read(const ResourceInfo& resource, const ObjectKey& key) {
  store::Entry entry = SLIPWAY_TRY(read_entry(resource, key));
  ObjectPtr object = SLIPWAY_TRY(decode(resource, entry.value, true));
  return StoredObject{std::move(entry), std::move(object)};
}

base::Status Registry::State::check_fields(const ResourceVersionInfo& version,
                                           const meta::FieldSelector& fields) const {
  for (const auto& requirement : fields.requirements()) {
    const bool known =
        requirement.path == "metadata.name" || requirement.path == "metadata.namespace" ||
        std::ranges::find(version.selectable_fields, requirement.path) != version.selectable_fields.end();
    if (!known) return fail(ErrorCode::kBadRequest, fmt::format("field label not supported: {}", requirement.path));
  }
  return {};
}

base::Result<ObjectPtr> Registry::decode(const ResourceInfo& resource, const store::Bytes& bytes) {
  return state_->decode(resource, bytes, true);
}

base::Result<ObjectPtr> Registry::get(const ResourceVersionInfo& resource, const ObjectKey& key) {
  StoredObject stored = SLIPWAY_TRY(state_->read(*resource.resource, key));
  return state_->to_version(resource, std::move(stored.object));
}

base::Result<ObjectText> Registry::get_text(const ResourceVersionInfo& resource, const ObjectKey& key) {
  const store::Entry entry = SLIPWAY_TRY(state_->read_entry(*resource.resource, key));
  return state_->text_in(resource, entry.value, entry.revision);
}

base::Result<ObjectPtr> Registry::parse(const ObjectText& text) {
  return state_->cache.decode(text, true);
}

// The entries of one page that the selectors let through, decoded only where their bytes do not tell.
class PageReader {
 public:
  PageReader(Registry::State& state, const ResourceVersionInfo& version, const ListOptions& options)
      : state_(state), version_(version), selection_{options.labels, options.fields} {}

  // None when the value is not selected.
  base::Result<std::optional<SelectedValue>> take(store::Entry entry) const {
    SelectedValue value{entry.revision, std::move(entry.value), nullptr};
    if (selection_.empty()) return std::optional(std::move(value));
    bool selected = false;
    if (state_.is_text_of(version_, value.revision)) {
      selected = selection_.matches_text(*value.bytes);
    } else {
      value.object = SLIPWAY_TRY(state_.object_in(version_, value.bytes, false));
      selected = selection_.matches(*value.object);
    }
    return selected ? std::optional(std::move(value)) : std::nullopt;
  }
  bool is_selective() const { return !selection_.empty(); }

 private:
  Registry::State& state_;
  const ResourceVersionInfo& version_;
  const Selection selection_;
};

namespace {

// The words of kube-apiserver (k8s.io/apiserver/pkg/storage/etcd3/errors.go), which clients look for. A list that was
// cut gets a token to go on with whatever is there now.
base::Error expired_list(const ListOptions& options, const ContinueToken& position) {
  if (options.continue_token.empty())
    return fail(ErrorCode::kExpired, "The resourceVersion for the provided list is too old.");
  return fail(
             ErrorCode::kExpired,
             "The provided continue parameter is too old to display a consistent list result. You can start a new list "
             "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
             "the results. Continuing with the provided token results in an inconsistent list - objects that were "
             "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
             "list.")
      .with_fields({{std::string(kContinueField), "", ContinueToken{-1, position.start}.encode()}});
}

}  // namespace

base::Error too_large_resource_version(store::Revision wanted, store::Revision current) {
  return fail(ErrorCode::kTimeout, fmt::format("Too large resource version: {}, current: {}", wanted, current));
}

base::Result<ListOf<SelectedValue>> Registry::State::select(const ResourceVersionInfo& version,
                                                            const ListOptions& options) {
  const ResourceInfo& info = *version.resource;
  SLIPWAY_TRY(check_fields(version, options.fields));
  const std::string prefix = storage_prefix(info, info.namespaced ? options.ns : "");
  ContinueToken position;
  if (!options.continue_token.empty()) {
    position = SLIPWAY_TRY(ContinueToken::decode(options.continue_token).with_context("invalid continue token"));
    if (position.revision > store.revision()) return too_large_resource_version(position.revision, store.revision());
  } else if (const store::Revision wanted = SLIPWAY_TRY(parse_revision(options.resource_version));
             wanted > store.revision()) {
    return too_large_resource_version(wanted, store.revision());
  } else if (options.exact) {
    position.revision = wanted;
  }

  const PageReader reader(*this, version, options);
  const std::size_t page_size = reader.is_selective() && options.limit != 0 ? kSelectionPage : options.limit;
  ListOf<SelectedValue> list;
  std::string start = position.start.empty() ? "" : prefix + position.start;
  store::Revision revision = std::max<store::Revision>(position.revision, 0);
  while (true) {
    auto page = store.list(prefix, start, page_size, revision);
    if (!page) {
      if (page.error().code() == ErrorCode::kExpired) return expired_list(options, position);
      return std::move(page.error());
    }
    revision = page->revision;
    if (!reader.is_selective()) list.items.reserve(page->entries.size());
    for (store::Entry& entry : page->entries) {
      if (options.limit != 0 && list.items.size() == options.limit) {
        list.continue_token = ContinueToken{revision, entry.key.substr(prefix.size())}.encode();
        break;
      }
      auto selected = SLIPWAY_TRY(reader.take(std::move(entry)));
      if (selected) list.items.push_back(std::move(*selected));
    }
    if (!list.continue_token.empty() || page->next_key.empty()) break;
    if (!reader.is_selective()) {
      list.continue_token = ContinueToken{revision, page->next_key.substr(prefix.size())}.encode();
      list.remaining_item_count = page->remaining;
      break;
    }
    start = page->next_key;
  }
  list.resource_version = std::to_string(revision);
  return list;
}

namespace {

// The same list with other items.
template <typename Item, typename Make>
base::Result<ListOf<Item>> map_items(ListOf<SelectedValue> selected, Make make) {
  ListOf<Item> list;
  list.resource_version = std::move(selected.resource_version);
  list.continue_token = std::move(selected.continue_token);
  list.remaining_item_count = selected.remaining_item_count;
  list.items.reserve(selected.items.size());
  for (SelectedValue& value : selected.items) list.items.push_back(SLIPWAY_TRY(make(value)));
  return list;
}

}  // namespace

base::Result<ObjectList> Registry::list(const ResourceVersionInfo& resource, const ListOptions& options) {
  auto selected = SLIPWAY_TRY(state_->select(resource, options));
  return map_items<ObjectPtr>(std::move(selected), [&](SelectedValue& value) -> base::Result<ObjectPtr> {
    if (value.object) return std::move(value.object);
    return state_->object_in(resource, value.bytes, false);
  });
}

base::Result<TextList> Registry::list_text(const ResourceVersionInfo& resource, const ListOptions& options) {
  auto selected = SLIPWAY_TRY(state_->select(resource, options));
  return map_items<ObjectText>(std::move(selected), [&](SelectedValue& value) -> base::Result<ObjectText> {
    if (value.object) return std::make_shared<const std::string>(data::to_json(*value.object));
    return state_->text_in(resource, value.bytes, value.revision);
  });
}

}  // namespace slipway::registry
