#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::base {

// Why an operation failed, in the reason vocabulary of the Kubernetes API (metav1.StatusReason), so that every layer
// from the disk to the HTTP door speaks the same words. kUnavailable also stands for a broken connection.
enum class ErrorCode {
  kUnknown,
  kBadRequest,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kAlreadyExists,
  kConflict,
  kGone,     // the resource is not there and will not come back
  kExpired,  // a revision or continue token that is too old; list again
  kInvalid,
  kTimeout,
  kTooManyRequests,
  kTooLarge,
  kUnsupported,
  kUnavailable,
  kNoSpace,
  kCorrupt,
  kCancelled,
  kInternal,
};

std::string_view error_code_name(ErrorCode code);

// One cause of an invalid object: field path ("spec.replicas"), machine reason ("FieldValueInvalid") and text.
struct FieldError {
  std::string field;
  std::string reason;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

// A failure as a value. The callee states the reason; each caller adds its own context in front with with_context().
// Messages have no final period and never hold a secret.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<FieldError>& fields() const { return fields_; }

  Error with_context(std::string_view context) &&;
  Error with_context(std::string_view context) const&;
  Error with_fields(std::vector<FieldError> fields) &&;

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<FieldError> fields_;
};

}  // namespace slipway::base
