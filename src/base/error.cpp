#include "base/error.h"

#include <fmt/core.h>

namespace slipway::base {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknown:
      return "Unknown";
    case ErrorCode::kBadRequest:
      return "BadRequest";
    case ErrorCode::kUnauthorized:
      return "Unauthorized";
    case ErrorCode::kForbidden:
      return "Forbidden";
    case ErrorCode::kNotFound:
      return "NotFound";
    case ErrorCode::kAlreadyExists:
      return "AlreadyExists";
    case ErrorCode::kConflict:
      return "Conflict";
    case ErrorCode::kGone:
      return "Gone";
    case ErrorCode::kExpired:
      return "Expired";
    case ErrorCode::kInvalid:
      return "Invalid";
    case ErrorCode::kTimeout:
      return "Timeout";
    case ErrorCode::kTooManyRequests:
      return "TooManyRequests";
    case ErrorCode::kTooLarge:
      return "RequestEntityTooLarge";
    case ErrorCode::kUnsupported:
      return "UnsupportedMediaType";
    case ErrorCode::kUnavailable:
      return "ServiceUnavailable";
    case ErrorCode::kNoSpace:
      return "NoSpace";
    case ErrorCode::kCorrupt:
      return "Corrupt";
    case ErrorCode::kCancelled:
      return "Cancelled";
    case ErrorCode::kInternal:
      return "InternalError";
  }
  return "Unknown";
}

Error Error::with_context(std::string_view context) && {
  message_ = fmt::format("{}: {}", context, message_);
  return std::move(*this);
}

Error Error::with_context(std::string_view context) const& {
  Error copy = *this;
  return std::move(copy).with_context(context);
}

Error Error::with_fields(std::vector<FieldError> fields) && {
  fields_ = std::move(fields);
  return std::move(*this);
}

}  // namespace slipway::base
