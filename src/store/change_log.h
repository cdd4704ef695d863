#pragma once

#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace slipway::store {

// Where a LoggedStore keeps its writes. Called by one thread at a time.
class ChangeLog {
 public:
  virtual ~ChangeLog() = default;
  // Makes the events durable, all or none. On an error none of them will ever be seen again.
  virtual base::Status append(const std::vector<Event>& events) = 0;
};

}  // namespace slipway::store
