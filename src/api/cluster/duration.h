#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// metav1.Duration as text, in the way of Go's time package: "1h30m", "300s", "1.5s".
namespace slipway::api::cluster {

// None when the text is no duration or does not fit in 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// "5m0s", "1h0m0s", "0s".
std::string format_duration(std::chrono::seconds duration);

}  // namespace slipway::api::cluster
