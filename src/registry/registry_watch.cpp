#include <algorithm>
#include <charconv>
#include <deque>
#include <fmt/core.h>
#include <optional>

#include "data/json_text.h"
#include "registry/field_errors.h"
#include "registry/registry_state.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::chrono::seconds kBookmarkInterval{30};
constexpr std::size_t kInitialPortion = 100;

// What a change in the store means to a watch. `bytes` hold the object to show, written at `revision`; `shown_at` is
// another resourceVersion that it has to bear, 0 when it is its own.
struct SelectedChange {
  WatchEvent::Type type = WatchEvent::Type::kAdded;
  store::Bytes bytes;
  store::Revision revision = 0;
  store::Revision shown_at = 0;
};

Json bookmark(const ResourceVersionInfo& version, store::Revision revision) {
  return Json::object({{"apiVersion", version.gvk().api_version()},
                       {"kind", version.resource->kind},
                       {"metadata", Json::object({{"resourceVersion", std::to_string(revision)}})}});
}

Json end_of_initial_events(const ResourceVersionInfo& version, store::Revision revision) {
  Json object = bookmark(version, revision);
  object.at({"metadata", "annotations"}).set("k8s.io/initial-events-end", "true");
  return object;
}

Json at_revision(Json object, store::Revision revision) {
  object.at("metadata").set("resourceVersion", std::to_string(revision));
  return object;
}

ObjectText text_of(const Json& object) {
  return std::make_shared<const std::string>(data::to_json(object));
}

}  // namespace

// How events carry their objects.
class WatchObjects {
 public:
  using Event = WatchEvent;
  WatchObjects(Registry::State& state, const ResourceVersionInfo& version) : state_(state), version_(version) {}

  base::Result<ObjectPtr> make(const SelectedChange& change) const {
    ObjectPtr object = SLIPWAY_TRY(state_.object_in(version_, change.bytes, true));
    if (change.shown_at == 0) return object;
    return std::make_shared<const Json>(at_revision(*object, change.shown_at));
  }
  ObjectPtr make(Json object) const { return std::make_shared<const Json>(std::move(object)); }

 private:
  Registry::State& state_;
  const ResourceVersionInfo& version_;
};

class WatchTexts {
 public:
  using Event = TextEvent;
  WatchTexts(Registry::State& state, const ResourceVersionInfo& version) : state_(state), version_(version) {}

  base::Result<ObjectText> make(const SelectedChange& change) const {
    if (change.shown_at == 0) return state_.shared_text_in(version_, change.bytes, change.revision);
    const ObjectPtr object = SLIPWAY_TRY(state_.object_in(version_, change.bytes, true));
    return text_of(at_revision(*object, change.shown_at));
  }
  ObjectText make(const Json& object) const { return text_of(object); }

 private:
  Registry::State& state_;
  const ResourceVersionInfo& version_;
};

// A store watch seen through a resource version and selectors. `Form` is one of the two above.
template <typename Form>
class ResourceWatch final : public WatchOf<typename Form::Event> {
 public:
  using Event = typename Form::Event;

  ResourceWatch(Registry::State& state, ResourceVersionPtr shown, WatchOptions options)
      : state_(state),
        shown_(std::move(shown)),
        version_(*shown_),
        options_(std::move(options)),
        selection_{options_.labels, options_.fields},
        form_(state, version_),
        last_bookmark_(state.clock.steady()) {}

  base::Status start() {
    const ResourceInfo& resource = *version_.resource;
    SLIPWAY_TRY(state_.check_fields(version_, options_.fields));
    store::Revision from = SLIPWAY_TRY(parse_watch_revision(options_.resource_version));
    if (from > state_.store.revision()) return too_large_resource_version(from, state_.store.revision());
    if (options_.send_initial_events.value_or(from == 0)) {
      ListOptions everything;
      everything.ns = options_.ns;
      everything.labels = options_.labels;
      everything.fields = options_.fields;
      const auto present = SLIPWAY_TRY(state_.select(version_, everything));
      for (const SelectedValue& value : present.items) {
        auto object = SLIPWAY_TRY(form_.make({WatchEvent::Type::kAdded, value.bytes, value.revision, 0}));
        pending_.push_back({WatchEvent::Type::kAdded, std::move(object)});
      }
      from = std::stoll(present.resource_version);
      if (options_.send_initial_events && options_.allow_bookmarks)
        pending_.push_back({WatchEvent::Type::kBookmark, form_.make(end_of_initial_events(version_, from))});
    } else if (from == 0) {
      from = state_.store.revision();
    }
    auto source =
        SLIPWAY_TRY(state_.store.watch(storage_prefix(resource, resource.namespaced ? options_.ns : ""), from));
    source_ = state_.open_watches.track(resource, std::move(source));
    // A definition that changed before this watch could be found among the open ones.
    if (!state_.is_current(resource)) source_->close();
    return {};
  }

  base::Result<std::vector<Event>> next(std::chrono::milliseconds timeout) override {
    if (!pending_.empty()) return take_pending();
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const auto events = SLIPWAY_TRY(source_->next(std::max(left, std::chrono::milliseconds(0))));
      std::vector<Event> out;
      out.reserve(events.size());
      for (const store::Event& event : events) {
        const auto change = SLIPWAY_TRY(select(event));
        if (!change) continue;
        auto object = SLIPWAY_TRY(form_.make(*change));
        out.push_back({change->type, std::move(object)});
      }
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
  static base::Result<store::Revision> parse_watch_revision(const std::string& text) {
    store::Revision from = 0;
    if (text.empty()) return from;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), from);
    if (error != std::errc() || end != text.data() + text.size() || from < 0)
      return fail(ErrorCode::kBadRequest, fmt::format("Invalid value: \"{}\": resourceVersion is not a number", text));
    return from;
  }

  base::Result<bool> is_selected(const store::Bytes& bytes, store::Revision revision) const {
    if (selection_.empty()) return true;
    if (state_.is_text_of(version_, revision)) return selection_.matches_text(*bytes);
    const ObjectPtr object = SLIPWAY_TRY(state_.object_in(version_, bytes, true));
    return selection_.matches(*object);
  }

  base::Result<std::optional<SelectedChange>> select(const store::Event& event) const {
    const bool put = event.type == store::Event::Type::kPut;
    const bool now = put && SLIPWAY_TRY(is_selected(event.value, event.revision));
    bool before = event.previous != nullptr || !put;
    if (before && !selection_.empty()) {
      before = event.previous != nullptr ? SLIPWAY_TRY(is_selected(event.previous, event.previous_revision))
                                         : SLIPWAY_TRY(is_selected(event.value, event.revision));
    }
    if (now)
      return std::optional(SelectedChange{before ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded, event.value,
                                          event.revision, 0});
    if (!before) return std::optional<SelectedChange>();
    // Leaving the selection shows the last object that was in it, at the revision of the change.
    if (put)
      return std::optional(
          SelectedChange{WatchEvent::Type::kDeleted, event.previous, event.previous_revision, event.revision});
    return std::optional(SelectedChange{WatchEvent::Type::kDeleted, event.value, event.revision, 0});
  }

  // In portions, so that whoever sends them can stop in between.
  std::vector<Event> take_pending() {
    std::vector<Event> out;
    const std::size_t count = std::min(kInitialPortion, pending_.size());
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(std::move(pending_.front()));
      pending_.pop_front();
    }
    return out;
  }

  void add_bookmark(std::vector<Event>& out) {
    const auto now = state_.clock.steady();
    if (!options_.allow_bookmarks || now - last_bookmark_ < kBookmarkInterval) return;
    last_bookmark_ = now;
    out.push_back({WatchEvent::Type::kBookmark, form_.make(bookmark(version_, source_->position()))});
  }

  Registry::State& state_;
  const ResourceVersionPtr shown_;
  const ResourceVersionInfo& version_;
  const WatchOptions options_;
  const Selection selection_;
  const Form form_;
  std::chrono::nanoseconds last_bookmark_;
  std::unique_ptr<store::Watch> source_;
  std::deque<Event> pending_;  // initial events
};

namespace {

template <typename Form>
base::Result<std::unique_ptr<WatchOf<typename Form::Event>>> start_watch(Registry::State& state,
                                                                         const ResourceVersionInfo& version,
                                                                         const WatchOptions& options) {
  auto watch = std::make_unique<ResourceWatch<Form>>(state, share(version), options);
  SLIPWAY_TRY(watch->start());
  return std::unique_ptr<WatchOf<typename Form::Event>>(std::move(watch));
}

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
  return start_watch<WatchObjects>(*state_, resource, options);
}

base::Result<std::unique_ptr<TextWatch>> Registry::watch_text(const ResourceVersionInfo& resource,
                                                              const WatchOptions& options) {
  return start_watch<WatchTexts>(*state_, resource, options);
}

}  // namespace slipway::registry
