#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

// Reading single values out of JSON text without parsing the rest, for text that is known to be valid JSON (stored
// objects). On other text the answers mean nothing, but nothing is read outside it.
namespace slipway::data {

// The text of the value at `path` below the object in `text` (of a string: with its quotes); none when it is absent.
// Keys are compared as append_json_string() writes them.
std::optional<std::string_view> find_json_value(std::string_view text, std::span<const std::string_view> path);
std::optional<std::string_view> find_json_value(std::string_view text, std::initializer_list<std::string_view> path);

// Every member of the object in `object`, in its order: the key without its quotes (escapes are left as they are) and
// the text of the value.
void for_each_json_member(std::string_view object,
                          const std::function<void(std::string_view name, std::string_view value)>& visit);

}  // namespace slipway::data
