#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/definition/definition_status.h"
#include "registry/registry.h"

namespace slipway::registry {

// Makes stored CustomResourceDefinitions the kinds that are served. A definition is in the catalog before the answer
// to its writer goes out. Every function but concerns() is called with the registry's structure lock held alone.
class Definitions {
 public:
  explicit Definitions(Registry::State& state) : state_(state) {}

  static bool concerns(const ResourceInfo& resource);

  // What is served according to the store; definitions that cannot be read are left out with an error in the log.
  void load();

  // Defaults and status of a definition on its way in; `old` is null on create.
  void prepare(Json& definition, const Json* old) const;
  // Adds the finalizer that keeps the definition until its objects are gone.
  void begin_removal(Json& definition) const;

  // Definitions that come with the program: users may change their labels and annotations only. kForbidden.
  void protect(const std::string& name) { protected_.insert(name); }
  base::Status check_change(const Json& before, const Json& after) const;
  base::Status check_removal(const std::string& name) const;

  // A change of the catalog that is undone unless it is kept.
  class Change {
   public:
    Change() = default;
    Change(Change&& other) noexcept
        : definitions_(std::exchange(other.definitions_, nullptr)),
          before_(std::move(other.before_)),
          after_(std::move(other.after_)),
          definition_(std::move(other.definition_)),
          name_(std::move(other.name_)) {}
    Change& operator=(Change&&) = delete;
    ~Change();
    void keep();

   private:
    friend class Definitions;
    Definitions* definitions_ = nullptr;
    ResourcePtr before_;
    ResourcePtr after_;
    std::optional<Json> definition_;
    std::string name_;
  };
  // Serves `definition`, which is about to be written (null: erased). Nothing for objects of other kinds.
  base::Result<Change> stage(const ResourceInfo& resource, const std::string& name, const Json* definition);

  // Names of the definitions of a group that were refused a name.
  std::vector<std::string> waiting_for_names(const std::string& group) const;

 private:
  struct Known {
    std::string group;
    Json definition;     // without its versions
    Json served_form;    // what `served` was made from
    ResourcePtr served;  // null: not established
  };
  TakenNames taken_beside(const std::string& group, const std::string& name) const;
  void replace(const ResourcePtr& before, const ResourcePtr& after);

  Registry::State& state_;
  std::map<std::string, Known> known_;
  std::set<std::string> protected_;
  std::uint64_t last_form_ = 0;
};

}  // namespace slipway::registry
