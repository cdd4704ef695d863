#pragma once

#include <string>

#include "data/json.h"

// Order and text of JSON values inside field paths (sigs.k8s.io/structured-merge-diff, package value).
namespace slipway::registry {

// A total order: numbers (1 and 1.0 are equal), strings, booleans, lists, maps, null. Negative, 0 or positive.
int compare_values(const data::Json& left, const data::Json& right);

// As people read it in messages: strings quoted, numbers as Go prints them. What was stored in a field path or applied
// has lost the difference between integers and other numbers there: 1000000 is "1e+06" (kFloats).
enum class Numbers { kFloats, kKeepIntegers };
std::string value_text(const data::Json& value, Numbers numbers = Numbers::kFloats);
std::string number_text(double number);

// A string in Go's quotes (%q).
std::string quoted_text(std::string_view text);

// Compact JSON as it stands in the keys of fieldsV1: <, > and & are escaped, whole numbers have no fraction.
void append_value_json(std::string& out, const data::Json& value);
// A string in double quotes; `escape_html` also escapes <, >, & and the Unicode line separators.
void append_quoted_json(std::string& out, std::string_view text, bool escape_html);

}  // namespace slipway::registry
