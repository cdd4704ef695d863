#pragma once

#include <string_view>

#include "data/json.h"
#include "meta/selector.h"

namespace slipway::registry {

// What the selectors of a list or watch let through.
struct Selection {
  const meta::LabelSelector& labels;
  const meta::FieldSelector& fields;

  bool empty() const { return labels.empty() && fields.empty(); }
  bool matches(const data::Json& object) const { return labels.matches(object) && fields.matches(object); }
  // The same for the text of an object; reads the selected fields only.
  bool matches_text(std::string_view text) const;
};

}  // namespace slipway::registry
