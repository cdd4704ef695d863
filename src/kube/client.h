#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "meta/gvk.h"
#include "meta/object.h"
#include "meta/selector.h"
#include "registry/registry.h"

namespace slipway::kube {

using data::Json;
using meta::Gvk;
using meta::ObjectKey;
using meta::ObjectPtr;
using registry::ApplyOptions;
using registry::DeleteOptions;
using registry::ListOptions;
using registry::ObjectList;
using registry::PatchType;
using registry::Propagation;
using registry::Watch;
using registry::WatchEvent;
using registry::WatchOptions;
using registry::WriteOptions;

// The one way to resources for controllers and doors: in-process over the registry (local_client.h) or over HTTPS to
// any Kubernetes API server (remote_client.h). Callers cannot tell them apart; one conformance suite runs on both.
// Objects say their own apiVersion and kind. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;

  virtual base::Result<ObjectPtr> get(const Gvk& gvk, const ObjectKey& key) = 0;
  virtual base::Result<ObjectList> list(const Gvk& gvk, const ListOptions& options = {}) = 0;
  virtual base::Result<std::unique_ptr<Watch>> watch(const Gvk& gvk, const WatchOptions& options) = 0;
  virtual base::Result<ObjectPtr> create(Json object) = 0;
  // The object's resourceVersion is the optimistic lock: kConflict when it moved on.
  virtual base::Result<ObjectPtr> update(Json object) = 0;
  virtual base::Result<ObjectPtr> update_status(Json object) = 0;
  virtual base::Result<ObjectPtr> patch(const Gvk& gvk, const ObjectKey& key, PatchType type, const Json& patch,
                                        const WriteOptions& options = {}) = 0;
  // Server-side apply: `object` holds the fields its manager wants, and no others. kConflict with the causes when other
  // managers own some of them with other values, unless options.force.
  virtual base::Result<ObjectPtr> apply(const Json& object, const ApplyOptions& options) = 0;
  virtual base::Result<ObjectPtr> remove(const Gvk& gvk, const ObjectKey& key, const DeleteOptions& options = {}) = 0;
};

// Kinds every API server has.
inline const Gvk kNamespace{"", "v1", "Namespace"};
inline const Gvk kSecret{"", "v1", "Secret"};
inline const Gvk kConfigMap{"", "v1", "ConfigMap"};
inline const Gvk kEvent{"", "v1", "Event"};
inline const Gvk kLease{"coordination.k8s.io", "v1", "Lease"};

}  // namespace slipway::kube
