#pragma once

#include <memory>

#include "store/store.h"

namespace slipway::store {

// A store without durability, for tests and simulation.
std::unique_ptr<Store> make_memory_store(StoreOptions options = {});

}  // namespace slipway::store
