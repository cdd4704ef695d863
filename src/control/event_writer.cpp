#include "control/event_writer.h"

#include <fmt/core.h>

#include "base/log.h"

namespace slipway::control {

using base::ErrorCode;

namespace {

constexpr std::size_t kQueueLimit = 1000;
constexpr std::size_t kMessageLimit = 1024;  // the API's own limit for an Event's message
constexpr std::size_t kNameLimit = 253;
constexpr std::size_t kWritesAfterStop = 200;
constexpr std::chrono::hours kEventLife{1};
constexpr std::chrono::minutes kSweepInterval{10};
constexpr std::size_t kSweepPage = 500;

// FNV-1a: names must be the same after a restart, which std::hash does not promise.
std::uint64_t stable_hash(std::initializer_list<std::string_view> parts) {
  std::uint64_t hash = 14695981039346656037ull;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211ull; };
  for (const std::string_view part : parts) {
    for (const char character : part) mix(static_cast<unsigned char>(character));
    mix(0);
  }
  return hash;
}

// What tells one object from every other.
std::string text_of(const Json& object) {
  return fmt::format("{}/{}/{}/{}/{}", object["apiVersion"].string_or_empty(), object["kind"].string_or_empty(),
                     meta::ns(object), meta::name(object), meta::uid(object));
}

Json reference_to(const Json& object) {
  Json reference = Json::object({{"apiVersion", object["apiVersion"]}, {"kind", object["kind"]}});
  for (const char* field : {"name", "namespace", "uid", "resourceVersion"})
    if (const Json& value = object.get({"metadata", field}); value.is_string()) reference.set(field, value);
  return reference;
}

// Cuts between characters, not inside one.
std::string shorten(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

EventWriter::EventWriter(kube::Client& client, base::Clock& clock, std::string component)
    : client_(client), clock_(clock), component_(std::move(component)) {}

EventWriter::~EventWriter() {
  stop();
}

void EventWriter::normal(const Json& about, std::string_view reason, std::string message) {
  record(about, "Normal", reason, std::move(message));
}

void EventWriter::warning(const Json& about, std::string_view reason, std::string message) {
  record(about, "Warning", reason, std::move(message));
}

void EventWriter::record(const Json& about, std::string_view type, std::string_view reason, std::string message) {
  message = shorten(std::move(message), kMessageLimit);
  const std::string suffix = fmt::format(".{:016x}", stable_hash({meta::uid(about), type, reason, message}));
  const std::string name = meta::name(about).substr(0, kNameLimit - suffix.size()) + suffix;
  const ObjectKey key{meta::ns(about).empty() ? "default" : meta::ns(about), name};
  const std::string now = base::format_rfc3339(clock_.now());
  Json event = meta::make_object(kube::kEvent, key);
  event.set("involvedObject", reference_to(about));
  event.set("type", type);
  event.set("reason", reason);
  event.set("message", std::move(message));
  event.set("source", Json::object({{"component", component_}}));
  event.set("reportingComponent", component_);
  event.set("firstTimestamp", now);
  event.set("lastTimestamp", now);

  std::lock_guard lock(mutex_);
  if (const auto waiting = pending_.find(key); waiting != pending_.end()) {
    ++waiting->second.repeats;
    waiting->second.event.set("lastTimestamp", now);
    return;
  }
  if (stopping_ || order_.size() >= kQueueLimit || !spam_filter_.allows(text_of(about), clock_.steady())) {
    ++dropped_;
    return;
  }
  order_.push_back(key);
  pending_.emplace(key, Pending{std::move(event)});
  changed_.notify_one();
}

void EventWriter::start() {
  thread_ = std::jthread([this] { run(); });
}

void EventWriter::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void EventWriter::run() {
  std::size_t after_stop = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !order_.empty(); });
    if (order_.empty() || (stopping_ && ++after_stop > kWritesAfterStop)) return;
    auto node = pending_.extract(order_.front());
    order_.pop_front();
    writing_ = true;
    lock.unlock();
    write(node.mapped());
    if (clock_.now() - swept_ >= kSweepInterval) remove_expired();
    lock.lock();
    writing_ = false;
  }
}

void EventWriter::write(const Pending& pending) {
  Json event = pending.event;
  event.set("count", pending.repeats);
  auto written = client_.create(event);
  if (!written.has_value() && written.error().code() == ErrorCode::kAlreadyExists) {
    const ObjectKey key = meta::key_of(event);
    const auto existing = client_.get(kube::kEvent, key);
    const std::int64_t count = existing.has_value() ? (**existing)["count"].integer_or(1) : 1;
    const Json patch = Json::object({{"count", count + pending.repeats}, {"lastTimestamp", event["lastTimestamp"]}});
    written = client_.patch(kube::kEvent, key, registry::PatchType::kMerge, patch);
  }
  // An Event in a namespace that is being deleted cannot be written; nobody misses it.
  if (!written.has_value())
    base::log_debug("control", "event about {} not written: {}", event.text({"involvedObject", "name"}),
                    written.error().message());
}

void EventWriter::remove_expired() {
  swept_ = clock_.now();
  kube::ListOptions options;
  options.limit = kSweepPage;
  do {
    auto page = client_.list(kube::kEvent, options);
    if (!page.has_value()) return;  // next time
    for (const ObjectPtr& event : page->items) {
      const auto last = base::parse_rfc3339(event->text({"lastTimestamp"}));
      if (event->text({"reportingComponent"}) != component_ || !last.has_value() || swept_ - *last < kEventLife)
        continue;
      // Guarded, so that a repeat in between keeps the Event.
      kube::DeleteOptions only_this;
      only_this.precondition_resource_version = meta::resource_version(*event);
      if (const auto removed = client_.remove(kube::kEvent, meta::key_of(*event), only_this); !removed.has_value())
        base::log_debug("control", "expired event not removed: {}", removed.error().message());
    }
    options.continue_token = page->continue_token;
  } while (!options.continue_token.empty() && !stopping());
}

bool EventWriter::stopping() const {
  std::lock_guard lock(mutex_);
  return stopping_;
}

bool EventWriter::is_idle() const {
  std::lock_guard lock(mutex_);
  return order_.empty() && !writing_;
}

std::uint64_t EventWriter::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace slipway::control
