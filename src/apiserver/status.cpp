#include "apiserver/status.h"

#include <algorithm>

#include "data/encoding.h"
#include "registry/registry.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

// Messages quote what was sent; a Status with other bytes could not be read.
std::string as_utf8(std::string_view text) {
  std::string out(text);
  if (!data::is_valid_utf8(text))
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

struct Answer {
  int status;
  std::string_view reason;
};

Answer answer_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadRequest:
      return {400, "BadRequest"};
    case ErrorCode::kUnauthorized:
      return {401, "Unauthorized"};
    case ErrorCode::kForbidden:
      return {403, "Forbidden"};
    case ErrorCode::kNotFound:
      return {404, "NotFound"};
    case ErrorCode::kAlreadyExists:
      return {409, "AlreadyExists"};
    case ErrorCode::kConflict:
      return {409, "Conflict"};
    case ErrorCode::kGone:
      return {410, "Gone"};
    case ErrorCode::kExpired:
      return {410, "Expired"};
    case ErrorCode::kInvalid:
      return {422, "Invalid"};
    case ErrorCode::kTimeout:
      return {504, "Timeout"};
    case ErrorCode::kTooManyRequests:
      return {429, "TooManyRequests"};
    case ErrorCode::kTooLarge:
      return {413, "RequestEntityTooLarge"};
    case ErrorCode::kUnsupported:
      return {415, "UnsupportedMediaType"};
    // A full disk heals when space is freed: clients may try again.
    case ErrorCode::kNoSpace:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return {503, "ServiceUnavailable"};
    case ErrorCode::kUnknown:
      return {500, ""};
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return {500, "InternalError"};
  }
  return {500, "InternalError"};
}

Json details_of(const StatusSubject& subject) {
  Json details = Json::object();
  if (!subject.name.empty()) details.set("name", subject.name);
  if (!subject.group.empty()) details.set("group", subject.group);
  if (!subject.resource.empty()) details.set("kind", subject.resource);
  return details;
}

// The object a message of these codes is about stands in it: `hosts.inventory.slipway.dev "a" not found`. It need not
// be the object of the request: the namespace may be what is missing.
StatusSubject subject_in(std::string_view message) {
  constexpr std::string_view kConflict = "Operation cannot be fulfilled on ";
  if (message.starts_with(kConflict)) message.remove_prefix(kConflict.size());
  const std::size_t quote = message.find(" \"");
  const std::size_t end = quote == message.npos ? quote : message.find('"', quote + 2);
  const std::string_view resource = message.substr(0, quote);
  if (end == message.npos || resource.empty() || resource.find(' ') != resource.npos) return {};
  const std::size_t dot = resource.find('.');
  StatusSubject subject;
  subject.resource = std::string(resource.substr(0, dot));
  if (dot != resource.npos) subject.group = std::string(resource.substr(dot + 1));
  subject.name = std::string(message.substr(quote + 2, end - quote - 2));
  return subject;
}

// As kube-apiserver: bad requests and timeouts name no object.
Json details_for(const base::Error& error, const StatusSubject& subject) {
  switch (error.code()) {
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
    case ErrorCode::kInvalid:
      return details_of(subject_in(error.message()));
    case ErrorCode::kForbidden: {
      // A new object has its name from the body, or was given one.
      StatusSubject named = subject;
      const StatusSubject told = subject_in(error.message());
      if (named.name.empty() && told.resource == named.resource) named.name = told.name;
      return details_of(named);
    }
    default:
      return Json::object();
  }
}

Json make_status(std::string_view outcome) {
  return Json::object(
      {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", std::string(outcome)}});
}

}  // namespace

int http_status_of(ErrorCode code) {
  return answer_of(code).status;
}

Json status_of(const base::Error& error, const StatusSubject& subject) {
  const Answer answer = answer_of(error.code());
  const bool timeout = error.code() == ErrorCode::kTimeout;
  Json status = failure_status(answer.status, answer.reason, (timeout ? "Timeout: " : "") + error.message());
  Json details = details_for(error, subject);
  for (const base::FieldError& cause : error.fields()) {
    if (cause.field == registry::kContinueField) {
      status.at("metadata").set("continue", cause.message);
      continue;
    }
    details.at("causes").append(
        Json::object({{"reason", cause.reason}, {"message", as_utf8(cause.message)}, {"field", as_utf8(cause.field)}}));
  }
  if (timeout) details.set("retryAfterSeconds", 1);
  // client-go lists anew from the present when it sees this cause.
  if (timeout && error.message().starts_with("Too large resource version"))
    details.at("causes").append(
        Json::object({{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}));
  if (!details.empty()) status.set("details", std::move(details));
  return status;
}

Json failure_status(int code, std::string_view reason, std::string_view message) {
  Json status = make_status("Failure");
  status.set("message", as_utf8(message));
  if (!reason.empty()) status.set("reason", std::string(reason));
  status.set("code", code);
  return status;
}

Json success_status(const StatusSubject& subject, std::string_view uid) {
  Json status = make_status("Success");
  Json details = details_of(subject);
  details.set("uid", std::string(uid));
  status.set("details", std::move(details));
  return status;
}

}  // namespace slipway::apiserver
