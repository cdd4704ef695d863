#pragma once

#include <string>

#include "base/result.h"
#include "data/json.h"
#include "meta/object.h"
#include "registry/bytes_cache.h"
#include "store/store.h"

namespace slipway::registry {

// JSON text of an object with a gap where metadata.resourceVersion goes, so that the store can fill in the revision
// under its lock without serialising.
class EncodedObject {
 public:
  explicit EncodedObject(const data::Json& object);
  store::Encoder encoder() const;  // refers to this object
  std::size_t size() const { return before_.size() + after_.size(); }

 private:
  std::string before_;
  std::string after_;
};

// Decoded forms of recently written and watched values, by the identity of their bytes, so that N watchers and readers
// share one parse. Bounded; thread-safe.
class ObjectCache {
 public:
  // The decoded value; kCorrupt when the bytes are no JSON object. `keep`: remember it for the next caller.
  base::Result<meta::ObjectPtr> decode(const store::Bytes& bytes, bool keep);
  void remember(const store::Bytes& bytes, meta::ObjectPtr object) { objects_.remember(bytes, std::move(object)); }

 private:
  BytesCache<meta::ObjectPtr, 256> objects_;  // a parsed object takes several times its text
};

}  // namespace slipway::registry
