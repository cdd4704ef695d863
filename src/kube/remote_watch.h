#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kube/client.h"
#include "kube/raw_client.h"

namespace slipway::kube {

// Opens the stream of JSON lines of a watch that begins after `revision`.
using OpenWatch = std::function<base::Result<std::unique_ptr<RawStream>>(const std::string& revision)>;

// The events of such a stream. A stream that ends or breaks is opened again after the last event or bookmark, so that
// no event is lost or comes twice; five times without success (about three seconds) and the watch ends with
// kUnavailable. When the server has forgotten that revision it ends with kExpired. A watch without a first revision
// cannot go on and ends with its stream. Bookmarks are given to the caller when `bookmarks`.
base::Result<std::unique_ptr<Watch>> open_watch(OpenWatch open, std::string revision, bool bookmarks);

}  // namespace slipway::kube
