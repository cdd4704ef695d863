#include <atomic>
#include <charconv>
#include <fmt/core.h>

#include "registry/field_errors.h"
#include "registry/registry_state.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::chrono::seconds kBookmarkInterval{30};

// A store watch seen through a resource version and selectors.
class ResourceWatch final : public Watch {
 public:
  using Decode = std::function<base::Result<ObjectPtr>(const store::Bytes&)>;

  ResourceWatch(ResourceVersionPtr resource, WatchOptions options, base::Clock& clock, Decode decode)
      : resource_(std::move(resource)),
        options_(std::move(options)),
        clock_(clock),
        decode_(std::move(decode)),
        selective_(!options_.labels.empty() || !options_.fields.empty()),
        last_bookmark_(clock.steady()) {}

  void start(std::unique_ptr<store::Watch> source, std::vector<ObjectPtr> present) {
    source_ = std::move(source);
    for (ObjectPtr& object : present) pending_.push_back({WatchEvent::Type::kAdded, std::move(object)});
  }

  base::Result<std::vector<WatchEvent>> next(std::chrono::milliseconds timeout) override {
    if (!pending_.empty()) return std::exchange(pending_, {});
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const auto events = SLIPWAY_TRY(source_->next(std::max(left, std::chrono::milliseconds(0))));
      std::vector<WatchEvent> out;
      for (const store::Event& event : events) SLIPWAY_TRY(translate(event, out));
      if (events.empty()) add_bookmark(out);
      if (!out.empty() || left.count() <= 0) return out;
    }
  }

  void close() override { source_->close(); }

  void on_ready(std::function<void()> callback) override {
    if (callback && !pending_.empty()) callback();
    source_->on_ready(std::move(callback));
  }

 private:
  bool matches(const Json& object) const {
    return !selective_ || (options_.labels.matches(object) && options_.fields.matches(object));
  }

  base::Status translate(const store::Event& event, std::vector<WatchEvent>& out) {
    const ObjectPtr object = SLIPWAY_TRY(decode_(event.value));
    const bool now = event.type == store::Event::Type::kPut && matches(*object);
    ObjectPtr old;
    bool before = event.previous != nullptr || event.type == store::Event::Type::kDelete;
    if (before && selective_) {
      old = event.previous != nullptr ? SLIPWAY_TRY(decode_(event.previous)) : object;
      before = matches(*old);
    }
    if (now) {
      out.push_back({before ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded, object});
    } else if (before) {
      // Leaving the selection shows the last object that was in it, at the revision of the change.
      const bool left = event.type == store::Event::Type::kPut;
      out.push_back({WatchEvent::Type::kDeleted, left ? at_revision(*old, event.revision) : object});
    }
    return {};
  }

  static ObjectPtr at_revision(const Json& object, store::Revision revision) {
    Json copy = object;
    copy.at("metadata").set("resourceVersion", std::to_string(revision));
    return std::make_shared<const Json>(std::move(copy));
  }

  void add_bookmark(std::vector<WatchEvent>& out) {
    const auto now = clock_.steady();
    if (!options_.allow_bookmarks || now - last_bookmark_ < kBookmarkInterval) return;
    last_bookmark_ = now;
    Json object =
        Json::object({{"apiVersion", resource_->gvk().api_version()},
                      {"kind", resource_->resource->kind},
                      {"metadata", Json::object({{"resourceVersion", std::to_string(source_->position())}})}});
    out.push_back({WatchEvent::Type::kBookmark, std::make_shared<const Json>(std::move(object))});
  }

  const ResourceVersionPtr resource_;
  const WatchOptions options_;
  base::Clock& clock_;
  const Decode decode_;
  const bool selective_;
  std::chrono::nanoseconds last_bookmark_;
  std::unique_ptr<store::Watch> source_;
  std::vector<WatchEvent> pending_;
};

}  // namespace

std::string_view watch_event_type_text(WatchEvent::Type type) {
  switch (type) {
    case WatchEvent::Type::kAdded:
      return "ADDED";
    case WatchEvent::Type::kModified:
      return "MODIFIED";
    case WatchEvent::Type::kDeleted:
      return "DELETED";
    case WatchEvent::Type::kBookmark:
      return "BOOKMARK";
  }
  return "";
}

base::Result<std::unique_ptr<Watch>> Registry::watch(const ResourceVersionInfo& resource, const WatchOptions& options) {
  const ResourceInfo& info = *resource.resource;
  SLIPWAY_TRY(state_->check_fields(resource, options.fields));
  store::Revision from = 0;
  std::vector<ObjectPtr> present;
  if (options.resource_version.empty() || options.resource_version == "0") {
    ListOptions everything;
    everything.ns = options.ns;
    everything.labels = options.labels;
    everything.fields = options.fields;
    ObjectList list = SLIPWAY_TRY(this->list(resource, everything));
    present = std::move(list.items);
    from = std::stoll(list.resource_version);
  } else {
    const std::string& text = options.resource_version;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), from);
    if (error != std::errc() || end != text.data() + text.size() || from < 0)
      return fail(ErrorCode::kBadRequest, fmt::format("Invalid value: \"{}\": resourceVersion is not a number", text));
  }
  auto watch = std::make_unique<ResourceWatch>(
      share(resource), options, state_->clock,
      [state = state_.get(), version = share(resource)](const store::Bytes& bytes) -> base::Result<ObjectPtr> {
        ObjectPtr stored = SLIPWAY_TRY(state->decode(*version->resource, bytes, true));
        return state->to_version(*version, std::move(stored));
      });
  auto source = SLIPWAY_TRY(state_->store.watch(storage_prefix(info, info.namespaced ? options.ns : ""), from));
  watch->start(std::move(source), std::move(present));
  return std::unique_ptr<Watch>(std::move(watch));
}

}  // namespace slipway::registry
