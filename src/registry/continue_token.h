#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace slipway::registry {

// Where the next page of a list starts. Opaque to clients: base64url of JSON, as kube-apiserver's.
struct ContinueToken {
  store::Revision revision = 0;  // -1: whatever is newest then (a list that goes on although its state is gone)
  std::string start;             // the first key of the page, relative to the list's prefix

  std::string encode() const;
  // kBadRequest for anything that encode() did not make.
  static base::Result<ContinueToken> decode(std::string_view text);
};

}  // namespace slipway::registry
