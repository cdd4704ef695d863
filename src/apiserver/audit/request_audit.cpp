#include "apiserver/audit/request_audit.h"

#include "data/json_text.h"

namespace slipway::apiserver {

using data::Json;

namespace {

constexpr std::size_t kMaxText = 1024;  // of what a client chose: its name, the URL
constexpr std::size_t kMaxStatusBytes = 16u << 10;

std::string shorten(std::string_view text) {
  return std::string(text.substr(0, kMaxText));
}

Json user_json(const UserInfo& user) {
  Json out = Json::object({{"username", shorten(user.name)}});
  if (!user.uid.empty()) out.set("uid", user.uid);
  Json groups = Json::array();
  for (const std::string& group : user.groups) groups.append(shorten(group));
  out.set("groups", std::move(groups));
  return out;
}

// The reason of a failure Status; its message stays out, it may quote the request.
Json status_json(const net::HttpResponse& response) {
  Json out = Json::object({{"metadata", Json::object()}, {"code", response.status}});
  if (response.status < 400) return out;
  out.set("status", "Failure");
  if (response.body.size() > kMaxStatusBytes) return out;
  if (const auto body = data::parse_json(response.body); body && body->is_object())
    if (const std::string& reason = body->text({"reason"}); !reason.empty()) out.set("reason", reason);
  return out;
}

bool is_resource_path(const RequestPath& path) {
  return path.kind == RequestPath::Kind::kCollection || path.kind == RequestPath::Kind::kObject;
}

Json reference_json(const RequestPath& path) {
  Json out = Json::object({{"resource", path.resource}, {"apiVersion", path.version}});
  if (!path.group.empty()) out.set("apiGroup", path.group);
  if (!path.ns.empty()) out.set("namespace", path.ns);
  if (!path.name.empty()) out.set("name", path.name);
  if (!path.subresource.empty()) out.set("subresource", path.subresource);
  return out;
}

bool is_read(std::string_view verb) {
  return verb == "get" || verb == "list" || verb == "watch" || verb == "head" || verb == "options";
}

}  // namespace

RequestAudit::RequestAudit(AuditLog* log, const net::HttpRequest& request, const RequestPath& path, std::string verb,
                           net::Responder& next, base::Clock& clock, base::Random& random)
    : log_(log != nullptr && log->level() != AuditLevel::kNone ? log : nullptr),
      request_(request),
      path_(path),
      verb_(std::move(verb)),
      next_(next),
      clock_(clock),
      received_(clock.now()),
      id_(log_ != nullptr ? random.uuid() : std::string()) {}

bool RequestAudit::is_worth_a_line(int status) const {
  if (log_ == nullptr) return false;
  if (log_->level() == AuditLevel::kAll) return true;
  const bool secret = path_.group.empty() && path_.resource == "secrets";
  return !is_read(verb_) || secret || status == 401 || status == 403 || impersonated_.has_value();
}

std::string RequestAudit::line(std::string_view stage, const net::HttpResponse& response) const {
  Json event = Json::object({{"kind", "Event"},
                             {"apiVersion", "audit.k8s.io/v1"},
                             {"level", "Metadata"},
                             {"auditID", id_},
                             {"stage", stage},
                             {"requestURI", shorten(request_.target)},
                             {"verb", verb_},
                             {"user", user_json(user_)},
                             {"sourceIPs", Json::array({request_.peer_host()})},
                             {"userAgent", shorten(request_.header("user-agent"))},
                             {"responseStatus", status_json(response)},
                             {"requestReceivedTimestamp", base::format_rfc3339_micro(received_)},
                             {"stageTimestamp", base::format_rfc3339_micro(clock_.now())}});
  if (impersonated_) event.set("impersonatedUser", user_json(*impersonated_));
  if (is_resource_path(path_)) event.set("objectRef", reference_json(path_));
  if (allowed_)
    event.set("annotations", Json::object({{"authorization.k8s.io/decision", *allowed_ ? "allow" : "forbid"}}));
  return data::to_json(event);
}

void RequestAudit::write(std::string_view stage, const net::HttpResponse& response) {
  if (is_worth_a_line(response.status)) log_->write(line(stage, response), may_wait_);
}

void RequestAudit::send(net::HttpResponse response) {
  if (log_ != nullptr) response.headers.emplace_back("audit-id", id_);
  // First the line, then the answer: whoever knows the outcome finds it in the log.
  write("ResponseComplete", response);
  next_.send(std::move(response));
}

std::shared_ptr<net::BodyStream> RequestAudit::stream(net::HttpResponse head) {
  if (log_ != nullptr) head.headers.emplace_back("audit-id", id_);
  write("ResponseStarted", head);
  return next_.stream(std::move(head));
}

std::shared_ptr<net::WebSocket> RequestAudit::accept_websocket(net::WebSocketHandler handler) {
  write("ResponseStarted", {.status = 101, .headers = {}, .body = {}});
  return next_.accept_websocket(std::move(handler));
}

}  // namespace slipway::apiserver
