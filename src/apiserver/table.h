#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apiserver/json_path.h"
#include "base/clock.h"
#include "data/json.h"
#include "registry/resource.h"

namespace slipway::apiserver {

enum class IncludeObject { kNone, kMetadata, kObject };

// How the objects of one resource version become rows of a meta.k8s.io/v1 Table (what `kubectl get` prints). Columns
// come from the resource's printer columns; Secret, ConfigMap and Event have those of kube-apiserver. Immutable.
class TableFormat {
 public:
  explicit TableFormat(const registry::ResourceVersionInfo& resource);

  // `list_metadata` (may be null) is the list's metadata. Without `with_columns`, a watch's later events.
  data::Json table(const std::vector<const data::Json*>& objects, const data::Json& list_metadata,
                   IncludeObject include, bool with_columns, base::WallTime now) const;

 private:
  struct Column {
    registry::PrinterColumn definition;
    std::function<data::Json(const data::Json& object, base::WallTime now)> cell;
  };
  void add(registry::PrinterColumn definition, std::function<data::Json(const data::Json&, base::WallTime)> cell);
  void add_path_column(const registry::PrinterColumn& definition);
  bool add_builtin_columns(const registry::ResourceInfo& resource);
  void add_binding_columns();

  std::vector<Column> columns_;
};

// metadata of an object as meta.k8s.io/v1 PartialObjectMetadata.
data::Json partial_object(const data::Json& object);

// The formats of the resources that are there. Thread-safe.
class TableFormats {
 public:
  std::shared_ptr<const TableFormat> get(const registry::ResourceVersionInfo& resource);

 private:
  std::mutex mutex_;
  struct Made {
    std::weak_ptr<const registry::ResourceInfo> resource;  // whose end frees the key's address for another
    std::shared_ptr<const TableFormat> format;
  };
  std::map<const registry::ResourceVersionInfo*, Made> formats_;
};

}  // namespace slipway::apiserver
