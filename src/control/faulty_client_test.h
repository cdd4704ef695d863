#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <thread>

#include "kube/local_client.h"
#include "registry/registry.h"
#include "store/memory/memory_store.h"

namespace slipway::control {

// Waits for what another thread does; real time, bounded.
inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A local client whose watches can be broken or expired, and hidden from what happens meanwhile.
class FaultyClient : public kube::Client {
 public:
  explicit FaultyClient(kube::Client& inner) : inner_(inner) {}

  base::Result<meta::ObjectPtr> get(const meta::Gvk& gvk, const meta::ObjectKey& key) override {
    return inner_.get(gvk, key);
  }
  base::Result<kube::ObjectList> list(const meta::Gvk& gvk, const kube::ListOptions& options) override {
    ++lists;
    return inner_.list(gvk, options);
  }
  base::Result<std::unique_ptr<kube::Watch>> watch(const meta::Gvk& gvk, const kube::WatchOptions& options) override {
    ++watches;
    if (refuse_watches) return base::fail(base::ErrorCode::kUnavailable, "no watches now");
    auto inner = SLIPWAY_TRY(inner_.watch(gvk, options));
    return std::make_unique<FaultyWatch>(*this, std::move(inner));
  }
  base::Result<meta::ObjectPtr> create(data::Json object) override { return inner_.create(std::move(object)); }
  base::Result<meta::ObjectPtr> update(data::Json object) override { return inner_.update(std::move(object)); }
  base::Result<meta::ObjectPtr> update_status(data::Json object) override {
    return inner_.update_status(std::move(object));
  }
  base::Result<meta::ObjectPtr> patch(const meta::Gvk& gvk, const meta::ObjectKey& key, kube::PatchType type,
                                      const data::Json& patch, const kube::WriteOptions& options) override {
    return inner_.patch(gvk, key, type, patch, options);
  }
  base::Result<meta::ObjectPtr> apply(const data::Json& object, const kube::ApplyOptions& options) override {
    return inner_.apply(object, options);
  }
  base::Result<meta::ObjectPtr> remove(const meta::Gvk& gvk, const meta::ObjectKey& key,
                                       const kube::DeleteOptions& options) override {
    return inner_.remove(gvk, key, options);
  }

  // Ends every open watch with `code`, and delivers nothing until then.
  void break_watches(base::ErrorCode code) { broken = static_cast<int>(code); }

  std::atomic<int> lists{0};
  std::atomic<int> watches{0};
  std::atomic<bool> refuse_watches{false};
  std::atomic<bool> mute{false};
  std::atomic<int> broken{-1};

 private:
  class FaultyWatch : public kube::Watch {
   public:
    FaultyWatch(FaultyClient& owner, std::unique_ptr<kube::Watch> inner) : owner_(owner), inner_(std::move(inner)) {}
    base::Result<std::vector<kube::WatchEvent>> next(std::chrono::milliseconds) override {
      if (const int code = owner_.broken.exchange(-1); code >= 0)
        return base::fail(static_cast<base::ErrorCode>(code), "broken by the test");
      if (owner_.mute && !closed_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return std::vector<kube::WatchEvent>();
      }
      return inner_->next(std::chrono::milliseconds(5));
    }
    void close() override {
      closed_ = true;
      inner_->close();
    }

   private:
    FaultyClient& owner_;
    std::unique_ptr<kube::Watch> inner_;
    std::atomic<bool> closed_{false};
  };

  kube::Client& inner_;
};

// An empty registry in memory with the built-in kinds and a namespace "default".
struct TestPlane {
  base::ManualClock clock;
  std::unique_ptr<store::Store> store = store::make_memory_store();
  registry::Registry registry{*store, {.clock = &clock}};
  kube::LocalClient local{registry};
  FaultyClient client{local};

  TestPlane() {
    const auto made = local.create(meta::make_object(kube::kNamespace, {"", "default"}));
    if (!made.has_value() && made.error().code() != base::ErrorCode::kAlreadyExists)
      ADD_FAILURE() << made.error().message();
  }

  static data::Json config_map(const std::string& name, const std::string& value = "1") {
    data::Json object = meta::make_object(kube::kConfigMap, {"default", name});
    object.at("data").set("value", value);
    return object;
  }
  meta::ObjectPtr create(const std::string& name, const std::string& value = "1") {
    auto made = local.create(config_map(name, value));
    EXPECT_TRUE(made.has_value());
    return made.has_value() ? *made : nullptr;
  }
  void write(const std::string& name, const std::string& value) {
    const auto patched = local.patch(kube::kConfigMap, {"default", name}, kube::PatchType::kMerge,
                                     data::Json::object({{"data", data::Json::object({{"value", value}})}}), {});
    EXPECT_TRUE(patched.has_value());
  }
  void remove(const std::string& name) {
    EXPECT_TRUE(local.remove(kube::kConfigMap, {"default", name}, {}).has_value());
  }
};

}  // namespace slipway::control
