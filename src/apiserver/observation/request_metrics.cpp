#include "apiserver/observation/request_metrics.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::apiserver {

namespace {

std::string_view verb_label(std::string_view verb) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kVerbs{
      {{"get", "GET"},
       {"list", "LIST"},
       {"watch", "WATCH"},
       {"create", "POST"},
       {"post", "POST"},
       {"update", "PUT"},
       {"put", "PUT"},
       {"patch", "PATCH"},
       {"delete", "DELETE"},
       {"deletecollection", "DELETECOLLECTION"},
       {"head", "HEAD"}}};
  const auto found = std::ranges::find(kVerbs, verb, &std::pair<std::string_view, std::string_view>::first);
  return found == kVerbs.end() ? "other" : found->second;
}

}  // namespace

bool RequestMetrics::Subject::mutating() const {
  return verb != "GET" && verb != "LIST" && verb != "WATCH" && verb != "HEAD";
}

void RequestMetrics::begin(const Subject& subject) {
  ++(subject.mutating() ? mutating_ : reading_);
}

void RequestMetrics::end(const Subject& subject) {
  --(subject.mutating() ? mutating_ : reading_);
}

void RequestMetrics::count(const Subject& subject, int code, std::optional<std::chrono::nanoseconds> duration) {
  const auto view_of = [](const Subject& s) {
    return KeyView(s.verb, s.group, s.version, s.resource, s.subresource, s.scope);
  };
  const std::lock_guard lock(mutex_);
  auto found = series_.find(view_of(subject));
  if (found == series_.end()) {
    const Subject nameless{.verb = subject.verb};
    const Subject& counted = series_.size() < kMaxSeries ? subject : nameless;
    found = series_.try_emplace(Key(view_of(counted))).first;
  }
  Series& series = found->second;
  ++series.codes[code];
  if (!duration) return;
  const double seconds = std::chrono::duration<double>(*duration).count();
  series.seconds += seconds;
  ++series.buckets[static_cast<std::size_t>(std::ranges::lower_bound(kBounds, seconds) - kBounds.begin())];
}

MetricLabels RequestMetrics::labels_of(const Key& key) {
  const auto& [verb, group, version, resource, subresource, scope] = key;
  return {{"verb", verb},  {"group", group}, {"version", version}, {"resource", resource}, {"subresource", subresource},
          {"scope", scope}};
}

void RequestMetrics::write(Exposition& out) const {
  using Type = Exposition::Type;
  out.begin("apiserver_current_inflight_requests", Type::kGauge, "Requests that are being handled.");
  out.sample({{"request_kind", "mutating"}}, static_cast<double>(mutating_.load()));
  out.sample({{"request_kind", "readOnly"}}, static_cast<double>(reading_.load()));
  const auto all = [&] {
    const std::lock_guard lock(mutex_);
    return series_;
  }();
  out.begin("apiserver_request_total", Type::kCounter, "Requests that were answered, by what was asked and the code.");
  for (const auto& [key, series] : all) {
    for (const auto& [code, count] : series.codes) {
      const std::string text = fmt::format("{}", code);
      MetricLabels labels = labels_of(key);
      labels.emplace_back("code", text);
      out.sample(labels, count);
    }
  }
  out.begin("apiserver_request_duration_seconds", Type::kHistogram,
            "Time from a request's turn to its answer; watches are left out.");
  for (const auto& [key, series] : all)
    if (std::ranges::any_of(series.buckets, [](std::uint64_t count) { return count > 0; }))
      out.histogram(labels_of(key), kBounds, series.buckets, series.seconds);
}

RequestMetrics::Subject subject_of(const net::HttpRequest& request, const RequestPath& path, std::string_view verb,
                                   const registry::ResourceVersionInfo* resource) {
  RequestMetrics::Subject subject{.verb = verb_label(verb)};
  if (resource == nullptr) return subject;
  subject.group = path.group;
  subject.version = path.version;
  subject.resource = path.resource;
  constexpr std::array<std::string_view, 3> kSubresources{"status", "scale", "finalize"};
  if (std::ranges::find(kSubresources, path.subresource) != kSubresources.end()) subject.subresource = path.subresource;
  const bool one = path.kind == RequestPath::Kind::kObject || request.method == "POST";
  subject.scope = one ? "resource" : path.ns.empty() ? "cluster" : "namespace";
  return subject;
}

RequestMeter::RequestMeter(RequestMetrics& metrics, const RequestMetrics::Subject& subject, net::Responder& next,
                           base::Clock& clock)
    : metrics_(metrics), subject_(subject), next_(next), clock_(clock), started_(clock.steady()) {
  metrics_.begin(subject_);
}

RequestMeter::~RequestMeter() {
  metrics_.end(subject_);
}

void RequestMeter::send(net::HttpResponse response) {
  metrics_.count(subject_, response.status, clock_.steady() - started_);
  next_.send(std::move(response));
}

std::shared_ptr<net::BodyStream> RequestMeter::stream(net::HttpResponse head) {
  metrics_.count(subject_, head.status, std::nullopt);
  return next_.stream(std::move(head));
}

std::shared_ptr<net::WebSocket> RequestMeter::accept_websocket(net::WebSocketHandler handler) {
  metrics_.count(subject_, 101, std::nullopt);
  return next_.accept_websocket(std::move(handler));
}

}  // namespace slipway::apiserver
