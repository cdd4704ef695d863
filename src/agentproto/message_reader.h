#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"

namespace slipway::agentproto {

// Reads members of one JSON object and remembers the first thing that is wrong, with its path.
class MessageReader {
 public:
  MessageReader(const data::Json& object, std::string path);

  std::string text(std::string_view key, std::size_t limit, bool required = false);
  bool boolean(std::string_view key);
  int integer(std::string_view key, int fallback, int smallest, int largest);
  MessageReader object(std::string_view key);
  const data::Json& list(std::string_view key, std::size_t limit);

  void refuse(std::string_view key, base::ErrorCode code, std::string_view what);
  // Takes over the first error of a reader of a part.
  void join(const MessageReader& part);
  bool failed() const { return !status_.has_value(); }
  base::Status status() const { return status_; }

 private:
  const data::Json* object_;
  std::string path_;
  base::Status status_;
};

}  // namespace slipway::agentproto
