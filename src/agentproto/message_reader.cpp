#include "agentproto/message_reader.h"

#include <fmt/core.h>

namespace slipway::agentproto {

using base::ErrorCode;
using data::Json;

MessageReader::MessageReader(const Json& object, std::string path) : object_(&object), path_(std::move(path)) {
  if (!object.is_null() && !object.is_object())
    status_ =
        base::fail(ErrorCode::kBadRequest, fmt::format("{}: must be an object", path_.empty() ? "message" : path_));
}

void MessageReader::refuse(std::string_view key, ErrorCode code, std::string_view what) {
  if (failed()) return;
  status_ = base::fail(code, fmt::format("{}{}{}: {}", path_, path_.empty() ? "" : ".", key, what));
}

void MessageReader::join(const MessageReader& part) {
  if (!failed() && part.failed()) status_ = part.status_;
}

std::string MessageReader::text(std::string_view key, std::size_t limit, bool required) {
  const Json& value = (*object_)[key];
  if (value.is_null()) {
    if (required) refuse(key, ErrorCode::kBadRequest, "is missing");
    return {};
  }
  if (!value.is_string()) {
    refuse(key, ErrorCode::kBadRequest, "must be a string");
    return {};
  }
  const std::string& text = value.string_or_empty();
  if (required && text.empty()) refuse(key, ErrorCode::kBadRequest, "is empty");
  if (text.size() > limit) {
    refuse(key, ErrorCode::kTooLarge, fmt::format("longer than {} bytes", limit));
    return {};
  }
  return text;
}

bool MessageReader::boolean(std::string_view key) {
  const Json& value = (*object_)[key];
  if (!value.is_null() && !value.is_bool()) refuse(key, ErrorCode::kBadRequest, "must be true or false");
  return value.bool_or(false);
}

int MessageReader::integer(std::string_view key, int fallback, int smallest, int largest) {
  const Json& value = (*object_)[key];
  if (value.is_null()) return fallback;
  const std::int64_t number = value.integer_or(std::int64_t{smallest} - 1);
  if (!value.is_integer() || number < smallest || number > largest) {
    refuse(key, ErrorCode::kBadRequest, fmt::format("must be a whole number from {} to {}", smallest, largest));
    return fallback;
  }
  return static_cast<int>(number);
}

MessageReader MessageReader::object(std::string_view key) {
  return {(*object_)[key], path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key)};
}

const Json& MessageReader::list(std::string_view key, std::size_t limit) {
  const Json& value = (*object_)[key];
  if (!value.is_null() && !value.is_array()) refuse(key, ErrorCode::kBadRequest, "must be a list");
  if (value.items().size() > limit) refuse(key, ErrorCode::kTooLarge, fmt::format("more than {} items", limit));
  return value;
}

}  // namespace slipway::agentproto
