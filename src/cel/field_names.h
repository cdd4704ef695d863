#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::cel {

// Property names as identifiers of the language: "a-b" is a__dash__b, "in" is __in__. Rules and words:
// k8s.io/apiserver/pkg/cel/escaping.go.

// Nothing when the name cannot be written as an identifier.
std::optional<std::string> escape_field(std::string_view name);
// Nothing when the identifier has an escape that does not exist.
std::optional<std::string> unescape_field(std::string_view identifier);

// Words that no variable or function may be called.
bool is_reserved_word(std::string_view word);

}  // namespace slipway::cel
