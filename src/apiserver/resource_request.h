#pragma once

#include <memory>
#include <string>

#include "apiserver/authorization/write_check.h"
#include "apiserver/field_validation.h"
#include "apiserver/negotiation.h"
#include "apiserver/object_text.h"
#include "apiserver/request_path.h"
#include "apiserver/status.h"
#include "apiserver/table.h"
#include "base/clock.h"
#include "net/http_server.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// One request for a resource, read from HTTP: everything its handler needs. Lives as long as the request.
struct ResourceRequest {
  registry::Registry& registry;
  const registry::ResourceVersionInfo& resource;
  const net::HttpRequest& http;
  const RequestPath& path;
  Negotiated form;
  TableFormats& tables;
  WatchLines& lines;
  base::Clock& clock;
  const RequestAccess& access;

  meta::ObjectKey key() const { return {path.ns, path.name}; }
  StatusSubject subject() const;
  // Of a kind of Kubernetes itself, whose rules differ a little from those of custom resources.
  bool is_built_in() const;
};

// A parameter of the query that must be a number; `fallback` when it is absent.
base::Result<std::int64_t> query_number(const net::HttpRequest& http, std::string_view name, std::int64_t fallback);
// "true", "1", "" (present without value) and their opposites.
base::Result<bool> query_flag(const net::HttpRequest& http, std::string_view name);
base::Result<IncludeObject> include_object(const net::HttpRequest& http);

// Reading. Each answers with the finished response.
base::Result<net::HttpResponse> get_object(const ResourceRequest& request);
base::Result<net::HttpResponse> list_objects(const ResourceRequest& request);
// What a list or deletecollection is about.
base::Result<registry::ListOptions> list_options(const ResourceRequest& request);
struct WatchChoice {
  registry::WatchOptions options;
  std::int64_t timeout_seconds = 0;  // 0 = the server's choice
};
base::Result<WatchChoice> watch_choice(const ResourceRequest& request);
// Makes the lines of a watch; outlives the request.
using WatchEncoder = std::function<base::Result<net::SharedBytes>(const registry::TextEvent&)>;
WatchEncoder watch_encoder(const ResourceRequest& request, IncludeObject include);
std::string watch_error_line(const base::Error& error);

// Writing. A creation does not hold its thread until the disk has it: `answer` is called once, by then on a thread of
// `connection`; the request must live until then.
using AnswerLater = std::function<void(base::Result<net::HttpResponse>)>;
void create_object(const ResourceRequest& request, net::Responder& connection, AnswerLater answer);
base::Result<net::HttpResponse> update_object(const ResourceRequest& request);
base::Result<net::HttpResponse> patch_object(const ResourceRequest& request);
base::Result<net::HttpResponse> apply_object(const ResourceRequest& request);  // PATCH application/apply-patch+yaml
base::Result<net::HttpResponse> delete_object(const ResourceRequest& request);
base::Result<net::HttpResponse> delete_collection(const ResourceRequest& request);

// The /scale subresource, for kinds that declare it (scale_handlers.cpp).
base::Result<net::HttpResponse> get_scale(const ResourceRequest& request);
base::Result<net::HttpResponse> update_scale(const ResourceRequest& request);
base::Result<net::HttpResponse> patch_scale(const ResourceRequest& request);

// One object in the form the client asked for. `text`: the object's JSON text where it is at hand, or null.
base::Result<net::HttpResponse> object_response(const ResourceRequest& request, int status, const data::Json& object,
                                                const registry::ObjectText& text = nullptr);

}  // namespace slipway::apiserver
