#pragma once

#include <optional>
#include <string>

#include "apiserver/audit/audit_log.h"
#include "apiserver/authentication/user_info.h"
#include "apiserver/request_path.h"
#include "base/random.h"
#include "net/http_server.h"

namespace slipway::apiserver {

// Stands between the handlers of one request and its connection: gives the answer its Audit-Id, and puts one line into
// the audit log when the answer is sent, or, for a watch, when it begins. A line is an Event of audit.k8s.io/v1 at
// level Metadata: who, what, when, outcome; never a body, a header with credentials, or the text of an error, which may
// quote what was sent.
class RequestAudit final : public net::Responder {
 public:
  // `log` may be null: nothing is written.
  RequestAudit(AuditLog* log, const net::HttpRequest& request, const RequestPath& path, std::string verb,
               net::Responder& next, base::Clock& clock, base::Random& random);

  // The caller must not block: a line that finds no room at once is lost (and counted).
  void do_not_wait() { may_wait_ = false; }
  // What becomes known on the way.
  void set_user(const UserInfo& user) { user_ = user; }
  void set_impersonated(const UserInfo& user) { impersonated_ = user; }
  void set_allowed(bool allowed) { allowed_ = allowed; }

  void send(net::HttpResponse response) override;
  std::shared_ptr<net::BodyStream> stream(net::HttpResponse head) override;
  std::shared_ptr<net::WebSocket> accept_websocket(net::WebSocketHandler handler) override;
  std::shared_ptr<net::Responder> keep() override { return next_.keep(); }
  void resume(std::function<void()> task) override { next_.resume(std::move(task)); }

 private:
  bool is_worth_a_line(int status) const;
  void write(std::string_view stage, const net::HttpResponse& response);
  std::string line(std::string_view stage, const net::HttpResponse& response) const;

  AuditLog* const log_;
  const net::HttpRequest& request_;
  const RequestPath& path_;
  const std::string verb_;
  net::Responder& next_;
  base::Clock& clock_;
  const base::WallTime received_;
  const std::string id_;
  UserInfo user_;
  std::optional<UserInfo> impersonated_;
  std::optional<bool> allowed_;
  bool may_wait_ = true;
};

}  // namespace slipway::apiserver
