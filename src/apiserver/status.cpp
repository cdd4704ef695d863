#include "apiserver/status.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

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
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return {500, "InternalError"};
  }
  return {500, "InternalError"};
}

Json details_of(const StatusSubject& subject, bool by_kind) {
  Json details = Json::object();
  if (!subject.name.empty()) details.set("name", subject.name);
  if (!subject.group.empty()) details.set("group", subject.group);
  const std::string& kind = by_kind ? subject.kind : subject.resource;
  if (!kind.empty()) details.set("kind", kind);
  return details;
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
  Json status = failure_status(answer.status, answer.reason, error.message());
  Json details = details_of(subject, error.code() == ErrorCode::kInvalid);
  for (const base::FieldError& cause : error.fields())
    details.at("causes").append(
        Json::object({{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}}));
  if (error.code() == ErrorCode::kTimeout) details.set("retryAfterSeconds", 1);
  // client-go lists anew from the present when it sees this cause.
  if (error.code() == ErrorCode::kTimeout && error.message().starts_with("Too large resource version"))
    details.at("causes").append(
        Json::object({{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}));
  if (!details.empty()) status.set("details", std::move(details));
  return status;
}

Json failure_status(int code, std::string_view reason, std::string_view message, const StatusSubject& subject) {
  Json status = make_status("Failure");
  status.set("message", std::string(message));
  status.set("reason", std::string(reason));
  status.set("code", code);
  Json details = details_of(subject, false);
  if (!details.empty()) status.set("details", std::move(details));
  return status;
}

Json success_status(const StatusSubject& subject, std::string_view uid) {
  Json status = make_status("Success");
  Json details = details_of(subject, false);
  details.set("uid", std::string(uid));
  status.set("details", std::move(details));
  return status;
}

}  // namespace slipway::apiserver
