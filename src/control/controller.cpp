#include "control/controller.h"

#include <exception>

#include "base/log.h"

namespace slipway::control {

using base::ErrorCode;

namespace {

// A worker must outlive a reconciler that lets an exception out (bad_alloc, a library's).
base::Result<Outcome> guarded(const Reconcile& reconcile, const ObjectKey& key) {
  try {
    return reconcile(key);
  } catch (const std::exception& exception) {
    return base::fail(ErrorCode::kInternal, std::string("unexpected exception: ") + exception.what());
  }
}

}  // namespace

Controller::Controller(ControllerOptions options, Reconcile reconcile, base::Clock& clock)
    : options_(std::move(options)),
      reconcile_(std::move(reconcile)),
      clock_(clock),
      queue_(clock, {.backoff_base = options_.backoff_base, .backoff_limit = options_.backoff_limit}) {}

Controller::~Controller() {
  stop_taking();
  join();
}

void Controller::on_own_kind(const ObjectPtr& before, const ObjectPtr& after) {
  queue_.add(meta::key_of(after ? *after : *before));
}

void Controller::enqueue_owner(const Json& object) {
  const Json* owner = meta::controller_reference(object);
  if (owner == nullptr || owner->text({"kind"}) != options_.for_kind.kind) return;
  if (meta::parse_api_version(owner->text({"apiVersion"})).group != options_.for_kind.group) return;
  queue_.add({meta::ns(object), owner->text({"name"})});
}

void Controller::on_owned_kind(const ObjectPtr& before, const ObjectPtr& after) {
  // Both: an object that changed hands matters to the old owner, too.
  if (before) enqueue_owner(*before);
  if (after) enqueue_owner(*after);
}

void Controller::on_watched_kind(const MapToKeys& map, const ObjectPtr& before, const ObjectPtr& after) {
  if (before)
    for (const ObjectKey& key : map(*before)) queue_.add(key);
  if (after)
    for (const ObjectKey& key : map(*after)) queue_.add(key);
}

void Controller::start() {
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void Controller::join() {
  workers_.clear();
}

void Controller::work() {
  while (const auto key = queue_.take()) run_once(*key);
}

void Controller::run_once(const ObjectKey& key) {
  const auto begin = clock_.steady();
  const base::Result<Outcome> outcome = guarded(reconcile_, key);
  nanoseconds_ += (clock_.steady() - begin).count();
  ++reconciles_;
  if (outcome.has_value()) {
    queue_.finish(key, outcome->requeue_after);
    return;
  }
  const bool conflict = outcome.error().code() == ErrorCode::kConflict;
  ++errors_;
  if (conflict) ++conflicts_;
  const auto wait = queue_.fail(key, conflict);
  if (wait.count() > 0)
    base::log_warning(options_.name, "{}: {} (again in {} ms)", key.text(), outcome.error().message(), wait.count());
}

ControllerStatistics Controller::statistics() const {
  return {.name = options_.name,
          .reconciles = reconciles_,
          .errors = errors_,
          .conflicts = conflicts_,
          .seconds = static_cast<double>(nanoseconds_.load()) / 1e9,
          .queue_ready = queue_.ready(),
          .queue_delayed = queue_.delayed(),
          .busy = queue_.busy()};
}

}  // namespace slipway::control
