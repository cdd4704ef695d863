#pragma once

#include "kube/client.h"

// Writing back what a reconciler decided, once, and only when it changed something.
namespace slipway::control {

using data::Json;
using meta::Gvk;
using meta::ObjectKey;
using meta::ObjectPtr;

// Sends the difference between the object as read and as wanted: metadata and spec as one merge patch, status as
// another on the status subresource; nothing when equal. The object's resourceVersion guards both (kConflict when it
// moved on) when one of them replaces a list that others write, too: finalizers, owner references, conditions. Returns
// the newest object; the wanted one when dropping the last finalizer removed it.
base::Result<ObjectPtr> patch_object(kube::Client& client, const Json& original, const Json& wanted);

// Adds a finalizer unless it is there or the object is being deleted; true when it was written.
base::Result<bool> ensure_finalizer(kube::Client& client, const Json& object, std::string_view finalizer);
base::Status drop_finalizer(kube::Client& client, const Json& object, std::string_view finalizer);

// Creates the object; when it exists already (a repeated pass) returns the existing one if `owner` owns it or owner is
// null, kAlreadyExists with the owner's name otherwise.
base::Result<ObjectPtr> create_or_get(kube::Client& client, Json object, const Json* owner = nullptr);

}  // namespace slipway::control
