#include "apiserver/api_server.h"

#include <algorithm>
#include <fmt/core.h>

#include "apiserver/audit/request_audit.h"
#include "apiserver/authentication/impersonation.h"
#include "apiserver/authentication/token_resources.h"
#include "apiserver/authorization/access_reviews.h"
#include "apiserver/authorization/rbac_authorizer.h"
#include "apiserver/authorization/request_access.h"
#include "apiserver/discovery.h"
#include "apiserver/observation/process_metrics.h"
#include "apiserver/observation/request_metrics.h"
#include "apiserver/openapi/documents.h"
#include "apiserver/request_body.h"
#include "apiserver/request_flow.h"
#include "apiserver/resource_request.h"
#include "apiserver/response_decorator.h"
#include "apiserver/response_encoding.h"
#include "apiserver/watch_pump.h"
#include "base/log.h"
#include "base/version.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;
using Method = std::string_view;

namespace {

// Changes wait on them for the disk: those that wait together are written with one fsync. More of them get in each
// other's way.
constexpr int kWorkerThreads = 32;

// The Kubernetes whose API this is; clients derive from it what they may ask for.
constexpr std::string_view kKubernetesMinor = "36";

Json version_info() {
  return Json::object({{"major", "1"},
                       {"minor", std::string(kKubernetesMinor)},
                       {"gitVersion", fmt::format("v1.{}.0+slipway-{}", kKubernetesMinor, base::kVersion)},
                       {"gitCommit", ""},
                       {"gitTreeState", ""},
                       {"buildDate", ""},
                       {"goVersion", ""},
                       {"compiler", ""},
                       {"platform", "linux/amd64"}});
}

net::HttpResponse error_response(const base::Error& error, const StatusSubject& subject, const Negotiated& form) {
  Negotiated plain;
  plain.yaml = form.yaml;
  net::HttpResponse response = make_response(http_status_of(error.code()), status_of(error, subject), plain);
  if (error.code() == ErrorCode::kTimeout || error.code() == ErrorCode::kUnavailable)
    response.headers.emplace_back("retry-after", "1");
  return response;
}

// Without a resource in question; kube-apiserver's generic errors have empty details.
net::HttpResponse generic_failure(int code, std::string_view reason, std::string_view message) {
  Json status = failure_status(code, reason, message);
  status.set("details", Json::object());
  return make_response(code, status, {});
}

// With an entity tag, by which clients that know the answer are spared it.
net::HttpResponse tagged(const net::HttpRequest& request, net::HttpResponse response) {
  const std::string tag = entity_tag(response.body);
  response.headers.emplace_back("etag", tag);
  response.headers.emplace_back("vary", "Accept");
  if (is_unchanged(request, tag)) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

net::HttpResponse not_found() {
  return generic_failure(404, "NotFound", "the server could not find the requested resource");
}

net::HttpResponse method_not_allowed() {
  return generic_failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

bool has_subresource(const registry::ResourceVersionInfo& resource, std::string_view name) {
  if (name == "status") return resource.has_status;
  if (name == "scale") return resource.scale.has_value();
  return name == "finalize" && resource.resource->group_kind() == meta::GroupKind{"", "Namespace"};
}

std::shared_ptr<const TokenAuthentication> tokens_of(const ApiServerOptions& options) {
  std::vector<std::shared_ptr<TokenAuthenticator>> all;
  std::vector<std::string> audiences;
  if (options.service_accounts) {
    all.push_back(options.service_accounts);
    audiences.push_back(options.service_accounts->issuer());
  }
  all.insert(all.end(), options.tokens.begin(), options.tokens.end());
  return std::make_shared<const TokenAuthentication>(std::move(all), std::move(audiences));
}

std::vector<UnstoredResource> unstored_of(const ApiServerOptions& options) {
  std::vector<UnstoredResource> all;
  for (const std::span<const UnstoredResource> some :
       {access_reviews(), token_resources(options.service_accounts != nullptr)})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<std::shared_ptr<Authenticator>> authenticators_of(const ApiServerOptions& options,
                                                              std::shared_ptr<const TokenAuthentication> tokens) {
  std::vector<std::shared_ptr<Authenticator>> all{std::make_shared<ClientCertificateAuthenticator>(),
                                                  std::make_shared<BearerTokenAuthenticator>(std::move(tokens))};
  all.insert(all.end(), options.authenticators.begin(), options.authenticators.end());
  return all;
}

std::vector<std::shared_ptr<Authorizer>> authorizers_of(const ApiServerOptions& options,
                                                        std::shared_ptr<Authorizer> roles) {
  std::vector<std::shared_ptr<Authorizer>> all;
  for (const std::string& group : options.denied_groups)
    all.push_back(std::make_shared<GroupAuthorizer>(group, Decision::kDeny));
  all.push_back(std::make_shared<GroupAuthorizer>(std::string(kMastersGroup), Decision::kAllow));
  all.push_back(std::make_shared<PathAuthorizer>(std::vector<std::string>{"/healthz", "/livez", "/readyz"}));
  all.push_back(std::move(roles));
  return all;
}

// Where an answer is made for somebody else to send.
class Draft final : public net::Responder {
 public:
  void send(net::HttpResponse answer) override { response = std::move(answer); }
  std::shared_ptr<net::BodyStream> stream(net::HttpResponse) override { return nullptr; }
  std::shared_ptr<net::WebSocket> accept_websocket(net::WebSocketHandler) override { return nullptr; }
  std::shared_ptr<net::Responder> keep() override { return nullptr; }
  void resume(std::function<void()> task) override { task(); }

  net::HttpResponse response;
};

}  // namespace

struct ApiServer::State {
  State(registry::Registry& the_registry, ApiServerOptions the_options)
      : registry(the_registry),
        options(std::move(the_options)),
        tokens(tokens_of(options)),
        unstored(unstored_of(options)),
        authentication(authenticators_of(options, tokens), options.allow_anonymous),
        roles(std::make_shared<RbacAuthorizer>(the_registry)),
        authorizer(authorizers_of(options, roles)),
        health(options.health_checks),
        pump(*options.clock, options.watch_threads) {}

  registry::Registry& registry;
  const ApiServerOptions options;
  const std::shared_ptr<const TokenAuthentication> tokens;
  const std::vector<UnstoredResource> unstored;
  const RequestAuthentication authentication;
  const std::shared_ptr<RbacAuthorizer> roles;
  AuthorizerChain authorizer;
  TableFormats tables;
  OpenApiDocuments openapi{registry.catalog(), *options.clock};
  WatchLines lines;
  RequestMetrics metrics;
  HealthChecks health;
  WatchPump pump;  // last: its threads use the tables

  // One request on its way to its answer, which may come after its handler returned.
  struct Call;
  void serve(const net::HttpRequest& request, net::Responder& connection);
  net::HttpResponse refuse(const net::RefusedRequest& refused);
  net::HttpResponse serve_review(const UnstoredResource& review, const net::HttpRequest& request,
                                 const RequestPath& path, const UserInfo& user);
  net::HttpResponse serve_token_resource(const net::HttpRequest& request, const RequestPath& path);
  net::HttpResponse serve_metrics() const;
  net::HttpResponse serve_document(const net::HttpRequest& request, const RequestPath& path);
  void serve_resource(const std::shared_ptr<Call>& call);
  base::Status start_watch(const ResourceRequest& request, net::Responder& responder);
};

struct ApiServer::State::Call {
  Call(State& state, const net::HttpRequest& the_request, net::Responder& connection)
      : kept(connection.keep()),
        request(the_request),
        path(parse_request_path(request.path)),
        form(negotiate(request.header("accept"), path.kind == RequestPath::Kind::kGroups)),
        verb(verb_of(request, path)),
        resource(is_resource() ? state.registry.catalog().find(path.group, path.version, path.resource) : nullptr),
        meter(state.metrics, subject_of(request, path, verb, resource.get()), connection, *state.options.clock),
        decorated(request, meter),
        responder(state.options.audit.get(), request, path, verb, decorated, *state.options.clock,
                  *state.options.random) {}

  bool is_resource() const {
    return path.kind == RequestPath::Kind::kCollection || path.kind == RequestPath::Kind::kObject;
  }
  void send(net::HttpResponse response) { responder.send(std::move(response)); }
  void refuse(const base::Error& error) {
    send(error_response(error, StatusSubject{path.group, path.resource, path.name}, form));
  }

  const std::shared_ptr<net::Responder> kept;  // what all below refers to lives as long as this
  const net::HttpRequest& request;
  const RequestPath path;
  const Negotiated form;
  const std::string verb;
  const registry::ResourceVersionPtr resource;
  RequestMeter meter;
  ResponseDecorator decorated;
  RequestAudit responder;
  // Found out on the way.
  UserInfo user;
  std::string selected;
  std::optional<AccessAttributes> attributes;
  std::optional<RequestAccess> access;
  std::optional<ResourceRequest> resource_request;
};

ApiServer::ApiServer(registry::Registry& registry, ApiServerOptions options)
    : state_(std::make_unique<State>(registry, std::move(options))) {}

ApiServer::~ApiServer() = default;

void ApiServer::handle(const net::HttpRequest& request, net::Responder& responder) {
  state_->serve(request, responder);
}

net::HttpResponse ApiServer::refuse(const net::RefusedRequest& refused) {
  return state_->refuse(refused);
}

net::HttpServerOptions ApiServer::http_options() {
  net::HttpServerOptions http;
  http.worker_threads = kWorkerThreads;
  http.flow_of = flow_of;
  http.refuse = [this](const net::RefusedRequest& refused) { return refuse(refused); };
  return http;
}

void ApiServer::begin_shutdown() {
  state_->health.begin_shutdown();
}

void ApiServer::stop() {
  state_->pump.stop();
}

std::size_t ApiServer::watch_count() const {
  return state_->pump.size();
}

void ApiServer::State::serve(const net::HttpRequest& request, net::Responder& connection) {
  const auto call = std::make_shared<Call>(*this, request, connection);
  const RequestPath& path = call->path;
  const auto known = authentication.authenticate(request);
  if (!known) {
    base::log_info("apiserver", "{} {} from {}: {}", request.method, request.path, request.peer_address,
                   known.error().message());
    return call->refuse(base::fail(ErrorCode::kUnauthorized, "Unauthorized"));
  }
  call->responder.set_user(*known);
  auto user = impersonate(request, *known, authorizer);
  if (user && *user != *known) call->responder.set_impersonated(*user);
  if (!user) return call->refuse(user.error());
  call->user = std::move(*user);
  call->selected = selected_name(request);
  call->attributes.emplace(attributes_of(call->user, call->verb, request, path, call->selected));
  const auto allowed = check_access(authorizer, *call->attributes);
  call->responder.set_allowed(allowed.has_value());
  if (!allowed) return call->refuse(allowed.error());
  if (!call->form.acceptable)
    return call->send(generic_failure(
        406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml"));
  if (!call->is_resource()) return call->send(serve_document(request, path));
  if (const UnstoredResource* review = find_access_review(path))
    return call->send(serve_review(*review, request, path, call->user));
  if (is_token_review(path) || (options.service_accounts && is_token_request(path)))
    return call->send(serve_token_resource(request, path));
  if (!call->resource) return call->send(not_found());
  const registry::ResourceVersionInfo& resource = *call->resource;
  const bool wrong_scope = !path.ns.empty() && !resource.resource->namespaced;
  const bool lacks_namespace = path.ns.empty() && resource.resource->namespaced && !path.name.empty();
  if (wrong_scope || lacks_namespace) return call->send(not_found());
  if (resource.deprecated) call->decorated.warn(deprecation_warning(resource));
  if (!path.subresource.empty() && !has_subresource(resource, path.subresource)) {
    if (resource.resource->built_in) return call->send(not_found());
    return call->refuse(registry::not_found(resource.resource->group_resource(), path.name));
  }
  call->access.emplace(RequestAccess{authorizer, *roles, *call->attributes});
  call->resource_request.emplace(
      ResourceRequest{registry, resource, request, path, call->form, tables, lines, *options.clock, *call->access});
  serve_resource(call);
}

net::HttpResponse ApiServer::State::refuse(const net::RefusedRequest& refused) {
  net::HttpResponse response = refusal(refused.status, refused.message);
  if (refused.request == nullptr) {
    metrics.count({.verb = "other"}, refused.status, std::nullopt);
    return response;
  }
  const net::HttpRequest& request = *refused.request;
  const RequestPath path = parse_request_path(request.path);
  const std::string verb = verb_of(request, path);
  const registry::ResourceVersionPtr resource =
      path.resource.empty() ? nullptr : registry.catalog().find(path.group, path.version, path.resource);
  metrics.count(subject_of(request, path, verb, resource.get()), refused.status, std::nullopt);
  Draft draft;
  RequestAudit audit(options.audit.get(), request, path, verb, draft, *options.clock, *options.random);
  audit.do_not_wait();
  // A certificate is verified already; who a token belongs to is not asked for a request that is not served.
  if (const auto user = ClientCertificateAuthenticator().authenticate(request); user && *user) audit.set_user(**user);
  audit.send(std::move(response));
  return std::move(draft.response);
}

net::HttpResponse ApiServer::State::serve_review(const UnstoredResource& review, const net::HttpRequest& request,
                                                 const RequestPath& path, const UserInfo& user) {
  if (request.method != "POST") return method_not_allowed();
  const Negotiated form = negotiate(request.header("accept"), false);
  const auto answer = [&]() -> base::Result<Json> {
    Json body = SLIPWAY_TRY(read_body(request, review.kind.kind));
    return answer_access_review(review, path, std::move(body), user, authorizer, *options.clock);
  }();
  if (!answer) return error_response(answer.error(), {path.group, path.resource, ""}, form);
  return make_response(201, *answer, form);
}

net::HttpResponse ApiServer::State::serve_token_resource(const net::HttpRequest& request, const RequestPath& path) {
  if (request.method != "POST") return method_not_allowed();
  const Negotiated form = negotiate(request.header("accept"), false);
  const bool review = is_token_review(path);
  const auto answer = [&]() -> base::Result<Json> {
    Json body = SLIPWAY_TRY(read_body(request, review ? "TokenReview" : "TokenRequest"));
    if (review) return answer_token_review(*tokens, std::move(body));
    return answer_token_request(*options.service_accounts, path, std::move(body));
  }();
  if (!answer) return error_response(answer.error(), {path.group, path.resource, path.name}, form);
  return make_response(201, *answer, form);
}

net::HttpResponse ApiServer::State::serve_metrics() const {
  using Type = Exposition::Type;
  Exposition out;
  metrics.write(out);
  out.begin("apiserver_longrunning_requests", Type::kGauge, "Watches that are open.");
  out.sample({{"verb", "WATCH"}}, static_cast<std::uint64_t>(pump.size()));
  out.begin("apiserver_storage_objects", Type::kGauge, "Stored objects by resource.");
  for (const registry::ResourcePtr& resource : registry.catalog().all()) {
    if (resource->stored_as != nullptr) continue;
    const auto page = registry.list_text(resource->storage(), {.limit = 1});
    if (!page) continue;
    const auto objects = static_cast<std::int64_t>(page->items.size()) + page->remaining_item_count;
    const std::string name = resource->group_resource();
    out.sample({{"resource", name}}, static_cast<std::uint64_t>(objects));
  }
  if (options.audit) {
    out.begin("apiserver_audit_event_total", Type::kCounter, "Lines of the audit log.");
    out.sample({}, options.audit->written());
    out.begin("apiserver_audit_requests_dropped_total", Type::kCounter,
              "Lines that the audit log lost because it was full or its disk refused them.");
    out.sample({}, options.audit->dropped());
  }
  for (const auto& source : options.metrics) source(out);
  write_process_metrics(out);
  return {200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, out.take()};
}

net::HttpResponse ApiServer::State::serve_document(const net::HttpRequest& request, const RequestPath& path) {
  if (request.method != "GET" && request.method != "HEAD") return method_not_allowed();
  const Negotiated form = negotiate(request.header("accept"), path.kind == RequestPath::Kind::kGroups);
  const ServedApi catalog(registry.catalog(), unstored);
  const auto found = [&](const std::optional<Json>& document) {
    return document ? make_response(200, *document, form) : not_found();
  };
  switch (path.kind) {
    case RequestPath::Kind::kGroups:
      if (form.shape == Negotiated::Shape::kAggregatedDiscovery)
        return tagged(request,
                      make_response(200, aggregated_discovery(catalog, path.legacy, form.discovery_version), form));
      return make_response(200, path.legacy ? api_versions(options.address) : api_group_list(catalog), form);
    case RequestPath::Kind::kGroup:
      return found(api_group(catalog, path.group));
    case RequestPath::Kind::kGroupVersion:
      if (path.group.empty() != path.legacy) return not_found();
      return found(api_resource_list(catalog, path.group, path.version));
    default:
      break;
  }
  if (auto answer = health.answer(request)) return std::move(*answer);
  if (request.path == "/metrics") return serve_metrics();
  if (request.path == "/version" || request.path == "/version/") return make_response(200, version_info(), form);
  if (options.service_accounts)
    if (auto document = issuer_document(*options.service_accounts, request.path)) return std::move(*document);
  if (request.path == "/openapi/v3") return openapi.index(request);
  constexpr std::string_view kOpenApi = "/openapi/v3/";
  if (request.path.starts_with(kOpenApi)) {
    auto answer = openapi.document(request, std::string_view(request.path).substr(kOpenApi.size()));
    return answer ? std::move(*answer) : not_found();
  }
  if (request.path == "/") {
    std::vector<std::string> paths = health.paths();
    for (const char* further : {"/api", "/api/v1", "/apis", "/metrics", "/openapi/v3", "/version"})
      paths.emplace_back(further);
    std::ranges::sort(paths);
    Json names = Json::array();
    for (std::string& name : paths) names.append(std::move(name));
    return make_response(200, Json::object({{"paths", std::move(names)}}), {});
  }
  return not_found();
}

void ApiServer::State::serve_resource(const std::shared_ptr<Call>& call) {
  const ResourceRequest& request = *call->resource_request;
  const std::string& verb = call->verb;
  const bool object = request.path.kind == RequestPath::Kind::kObject;
  const bool status = !request.path.subresource.empty();
  const bool scale = request.path.subresource == "scale";
  const auto& verbs = request.resource.resource->verbs;
  const auto answer = [call](base::Result<net::HttpResponse> response) {
    if (response) return call->send(std::move(*response));
    if (http_status_of(response.error().code()) >= 500)
      base::log_warning("apiserver", "{} {}: {}", call->request.method, call->request.path, response.error().message());
    call->refuse(response.error());
  };
  if (!status && std::ranges::find(verbs, verb) == verbs.end()) return call->send(method_not_allowed());
  if (scale) {
    if (verb == "get") return answer(get_scale(request));
    if (verb == "update") return answer(update_scale(request));
    return verb == "patch" ? answer(patch_scale(request)) : call->send(method_not_allowed());
  }
  if (verb == "watch") {
    const base::Status started = start_watch(request, call->responder);
    if (!started) answer(started.error());
    return;
  }
  const bool whole_cluster = request.path.ns.empty() && request.resource.resource->namespaced;
  if (verb == "get") return answer(get_object(request));
  if (verb == "list") return answer(list_objects(request));
  if (verb == "create" && !object && !whole_cluster) return create_object(request, *call->kept, answer);
  if (verb == "update" && object) return answer(update_object(request));
  if (verb == "patch" && object) return answer(patch_object(request));
  if (verb == "delete" && !status) return answer(delete_object(request));
  if (verb == "deletecollection" && !whole_cluster) return answer(delete_collection(request));
  call->send(method_not_allowed());
}

base::Status ApiServer::State::start_watch(const ResourceRequest& request, net::Responder& responder) {
  const WatchChoice choice = SLIPWAY_TRY(watch_choice(request));
  const IncludeObject include = SLIPWAY_TRY(include_object(request.http));
  // Without a wish 30 to 60 minutes, spread so that clients do not all come back at once.
  const auto spread = static_cast<unsigned char>(options.random->bytes(1)[0]);
  std::int64_t seconds = choice.timeout_seconds;
  if (seconds == 0) seconds = 1800 + spread * 7;
  const std::chrono::seconds lifetime(std::min<std::int64_t>(seconds, 24 * 3600));
  auto watch = registry.watch_text(request.resource, choice.options);
  const bool out_of_reach =
      !watch && (watch.error().code() == ErrorCode::kExpired || watch.error().code() == ErrorCode::kTimeout);
  if (!watch && !out_of_reach) return std::move(watch.error());

  net::HttpResponse head;
  head.headers = {{"content-type", "application/json"}, {"cache-control", "no-cache, private"}};
  std::shared_ptr<net::BodyStream> body = responder.stream(std::move(head));
  if (!watch) {
    // kube-apiserver tells a watch that is too old, or ahead, inside the stream.
    body->write(watch_error_line(watch.error()));
    body->finish();
    return {};
  }
  pump.add(std::move(*watch), std::move(body), watch_encoder(request, include), watch_error_line, lifetime);
  return {};
}

}  // namespace slipway::apiserver
