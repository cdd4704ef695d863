#include "kube/remote_client.h"

#include <fmt/core.h>

#include "data/json_text.h"
#include "kube/remote_watch.h"

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// A stop of whoever watches waits for it.
constexpr std::chrono::milliseconds kWatchOpenLimit{10'000};

// "?a=b&c=d", values encoded, empty ones left out.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{}{}={}", text_.empty() ? "?" : "&", name, url_encode(value));
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Items of a list do not say what they are on every server; the list does.
Json with_kind(Json item, const Gvk& gvk) {
  item.set("apiVersion", gvk.api_version());
  item.set("kind", gvk.kind);
  return item;
}

std::string_view propagation_text(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "Background";
}

std::string delete_body(const DeleteOptions& options) {
  Json body = Json::object({{"apiVersion", "v1"}, {"kind", "DeleteOptions"}});
  body.set("propagationPolicy", propagation_text(options.propagation));
  if (!options.precondition_uid.empty()) body.at("preconditions").set("uid", options.precondition_uid);
  if (!options.precondition_resource_version.empty()) {
    body.at("preconditions").set("resourceVersion", options.precondition_resource_version);
  }
  if (options.dry_run) body.set("dryRun", Json::array({"All"}));
  return data::to_json(body);
}

}  // namespace

Result<std::shared_ptr<RemoteClient>> RemoteClient::connect(const pki::Kubeconfig& config,
                                                            const RawClientOptions& options) {
  return std::make_shared<RemoteClient>(SLIPWAY_TRY(connect_raw(config, options)));
}

Result<std::string> RemoteClient::collection_path(const Gvk& gvk, const std::string& ns) {
  const RemoteResource resource = SLIPWAY_TRY(discovery_.find(gvk));
  const std::string scope = resource.namespaced && !ns.empty() ? "/namespaces/" + url_encode(ns) : "";
  return fmt::format("{}{}/{}", group_version_path(gvk), scope, url_encode(resource.plural));
}

Result<std::string> RemoteClient::object_path(const Gvk& gvk, const ObjectKey& key) {
  // An empty name would silently ask for the collection.
  if (key.name.empty()) return fail(ErrorCode::kBadRequest, fmt::format("a {} without a name", gvk.kind));
  return fmt::format("{}/{}", SLIPWAY_TRY(collection_path(gvk, key.ns)), url_encode(key.name));
}

Result<ObjectPtr> RemoteClient::exchange(RawRequest request) {
  return std::make_shared<const Json>(SLIPWAY_TRY(json_of(raw_->request(request))));
}

Result<ObjectPtr> RemoteClient::get(const Gvk& gvk, const ObjectKey& key) {
  RawRequest request;
  request.path = SLIPWAY_TRY(object_path(gvk, key));
  return exchange(std::move(request));
}

Result<ObjectList> RemoteClient::list(const Gvk& gvk, const ListOptions& options) {
  RawRequest request;
  request.path = SLIPWAY_TRY(collection_path(gvk, options.ns)) +
                 Query()
                     .add("labelSelector", options.labels.text())
                     .add("fieldSelector", options.fields.text())
                     .add("limit", options.limit > 0 ? std::to_string(options.limit) : "")
                     .add("continue", options.continue_token)
                     .add("resourceVersion", options.resource_version)
                     .text();
  const Json answer = SLIPWAY_TRY(json_of(raw_->request(request)));
  ObjectList list;
  list.resource_version = answer.text({"metadata", "resourceVersion"});
  list.continue_token = answer.text({"metadata", "continue"});
  list.remaining_item_count = answer.get({"metadata", "remainingItemCount"}).integer_or(0);
  for (const Json& item : answer["items"].items())
    list.items.push_back(std::make_shared<const Json>(with_kind(item, gvk)));
  return list;
}

Result<std::unique_ptr<Watch>> RemoteClient::watch(const Gvk& gvk, const WatchOptions& options) {
  const std::string path = SLIPWAY_TRY(collection_path(gvk, options.ns));
  const std::string selectors =
      Query()
          .add("watch", "true")
          .add("labelSelector", options.labels.text())
          .add("fieldSelector", options.fields.text())
          // Also for callers that want none: when the stream breaks the watch goes on after the last one.
          .add("allowWatchBookmarks", "true")
          .text();
  auto open = [raw = raw_, path, selectors](const std::string& revision) {
    RawRequest request;
    request.path = path + selectors;
    if (!revision.empty()) request.path += "&resourceVersion=" + url_encode(revision);
    request.timeout = kWatchOpenLimit;
    return raw->open_stream(request);
  };
  return open_watch(std::move(open), options.resource_version, options.allow_bookmarks);
}

Result<ObjectPtr> RemoteClient::create(Json object) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  RawRequest request;
  request.method = "POST";
  request.path = SLIPWAY_TRY(collection_path(gvk, meta::ns(object)));
  request.body = data::to_json(object);
  return exchange(std::move(request));
}

Result<ObjectPtr> RemoteClient::put(const Json& object, std::string_view subresource) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  RawRequest request;
  request.method = "PUT";
  request.path = SLIPWAY_TRY(object_path(gvk, meta::key_of(object))) + std::string(subresource);
  request.body = data::to_json(object);
  return exchange(std::move(request));
}

Result<ObjectPtr> RemoteClient::update(Json object) {
  return put(object, "");
}

Result<ObjectPtr> RemoteClient::update_status(Json object) {
  return put(object, "/status");
}

Result<ObjectPtr> RemoteClient::patch(const Gvk& gvk, const ObjectKey& key, PatchType type, const Json& patch,
                                      const WriteOptions& options) {
  RawRequest request;
  request.method = "PATCH";
  request.path = SLIPWAY_TRY(object_path(gvk, key));
  if (!options.subresource.empty()) request.path += "/" + url_encode(options.subresource);
  request.path += Query().add("dryRun", options.dry_run ? "All" : "").add("fieldManager", options.field_manager).text();
  request.content_type = type == PatchType::kJson ? "application/json-patch+json" : "application/merge-patch+json";
  request.body = data::to_json(patch);
  return exchange(std::move(request));
}

Result<ObjectPtr> RemoteClient::apply(const Json& object, const ApplyOptions& options) {
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  RawRequest request;
  request.method = "PATCH";
  request.path = SLIPWAY_TRY(object_path(gvk, meta::key_of(object)));
  if (!options.subresource.empty()) request.path += "/" + url_encode(options.subresource);
  request.path += Query()
                      .add("fieldManager", options.field_manager)
                      .add("force", options.force ? "true" : "")
                      .add("dryRun", options.dry_run ? "All" : "")
                      .text();
  request.content_type = "application/apply-patch+yaml";
  request.body = data::to_json(object);
  return exchange(std::move(request));
}

Result<ObjectPtr> RemoteClient::remove(const Gvk& gvk, const ObjectKey& key, const DeleteOptions& options) {
  RawRequest request;
  request.method = "DELETE";
  request.path = SLIPWAY_TRY(object_path(gvk, key));
  request.body = delete_body(options);
  const ObjectPtr answer = SLIPWAY_TRY(exchange(std::move(request)));
  if ((*answer)["kind"].string_or_empty() != "Status") return answer;
  // A finished deletion answers with a Status instead of the object.
  Json object = meta::make_object(gvk, key);
  const std::string& uid = answer->text({"details", "uid"});
  if (!uid.empty()) object.at("metadata").set("uid", uid);
  return std::make_shared<const Json>(std::move(object));
}

}  // namespace slipway::kube
