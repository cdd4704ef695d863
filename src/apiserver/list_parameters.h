#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http_message.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// The parameters of list, watch and deletecollection requests (metav1.ListOptions), with the defaults, rules and words
// of k8s.io/apimachinery/pkg/apis/meta/internalversion (defaults.go, validation/validation.go).
struct ListParameters {
  std::string label_selector, field_selector;
  std::string resource_version, resource_version_match, continue_token;
  std::optional<bool> send_initial_events;
  std::int64_t limit = 0;  // 0 = none
  std::int64_t timeout_seconds = 0;
  bool allow_bookmarks = false;
};

// kBadRequest for what cannot be read, kInvalid for what does not go together. A watch without resourceVersion, or from
// "0", asks for the present state first: sendInitialEvents is true then.
base::Result<ListParameters> read_list_parameters(const net::HttpRequest& http, bool watch);

// How recent a list must be. Selectors are not filled in.
base::Result<registry::ListOptions> list_options_of(const ListParameters& parameters);
base::Result<registry::WatchOptions> watch_options_of(const ListParameters& parameters);

// A resourceVersion as number; "" is 0. kBadRequest in the words of kube-apiserver.
base::Result<store::Revision> parse_resource_version(std::string_view text);

}  // namespace slipway::apiserver
