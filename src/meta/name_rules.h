#pragma once

#include <string>
#include <string_view>

// k8s.io/apimachinery/pkg/util/validation: each function returns why the text is refused, or "".
namespace slipway::meta {

// What fits between two slashes of a path (IsPathSegmentName).
std::string path_segment_problem(std::string_view text);
std::string dns_subdomain_problem(std::string_view text);
std::string dns_label_problem(std::string_view text);
std::string dns_1035_label_problem(std::string_view text);  // begins with a letter
// [prefix/]name, as label and annotation keys and finalizers are.
std::string qualified_name_problem(std::string_view text);
std::string label_value_problem(std::string_view text);

}  // namespace slipway::meta
