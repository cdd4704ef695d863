#include "apiserver/observation/health_checks.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <set>

#include "base/log.h"

namespace slipway::apiserver {

namespace {

constexpr std::array<std::string_view, 3> kEndpoints{"healthz", "livez", "readyz"};

net::HttpResponse text_response(int status, std::string text) {
  return {status,
          {{"content-type", "text/plain; charset=utf-8"},
           {"x-content-type-options", "nosniff"},
           {"cache-control", "no-cache, private"}},
          std::move(text)};
}

bool belongs_to(const HealthCheck& check, std::string_view endpoint) {
  return !check.only_readiness || endpoint == "readyz";
}

std::set<std::string> excluded_by(const net::HttpRequest& request) {
  std::set<std::string> names;
  const auto [first, last] = request.query.equal_range("exclude");
  for (auto at = first; at != last; ++at)
    if (!at->second.empty()) names.insert(at->second);
  return names;
}

}  // namespace

HealthChecks::HealthChecks(std::vector<HealthCheck> checks) {
  checks_.push_back({.name = "ping", .test = [] { return base::Status(); }});
  std::ranges::move(checks, std::back_inserter(checks_));
  checks_.push_back({.name = "shutdown",
                     .test = [this]() -> base::Status {
                       if (stopping_) return base::fail(base::ErrorCode::kUnavailable, "the server is stopping");
                       return {};
                     },
                     .only_readiness = true});
}

base::Status HealthChecks::run(const HealthCheck& check, std::string_view endpoint) {
  base::Status status = check.test();
  if (!status) base::log_warning("apiserver", "{} check {} failed: {}", endpoint, check.name, status.error().message());
  return status;
}

std::optional<net::HttpResponse> HealthChecks::answer(const net::HttpRequest& request) const {
  const std::string_view path = std::string_view(request.path).substr(request.path.empty() ? 0 : 1);
  const std::string_view endpoint = path.substr(0, path.find('/'));
  if (std::ranges::find(kEndpoints, endpoint) == kEndpoints.end()) return std::nullopt;
  if (path.size() > endpoint.size()) {
    const std::string_view name = path.substr(endpoint.size() + 1);
    const auto found = std::ranges::find_if(
        checks_, [&](const HealthCheck& check) { return check.name == name && belongs_to(check, endpoint); });
    if (found == checks_.end()) return std::nullopt;
    return run(*found, endpoint) ? text_response(200, "ok")
                                 : text_response(500, "internal server error: reason withheld\n");
  }

  std::set<std::string> excluded = excluded_by(request);
  std::string lines;
  bool healthy = true;
  for (const HealthCheck& check : checks_) {
    if (!belongs_to(check, endpoint)) continue;
    if (excluded.erase(check.name) > 0) {
      lines += fmt::format("[+]{} excluded: ok\n", check.name);
    } else if (run(check, endpoint)) {
      lines += fmt::format("[+]{} ok\n", check.name);
    } else {
      lines += fmt::format("[-]{} failed: reason withheld\n", check.name);
      healthy = false;
    }
  }
  if (!excluded.empty())
    lines += fmt::format("warn: some health checks cannot be excluded: no matches for \"{}\"\n",
                         fmt::join(excluded, "\",\""));
  if (!healthy) return text_response(500, lines + fmt::format("{} check failed\n", endpoint));
  if (!request.has_query("verbose")) return text_response(200, "ok");
  return text_response(200, lines + fmt::format("{} check passed\n", endpoint));
}

std::vector<std::string> HealthChecks::paths() const {
  std::vector<std::string> all;
  for (const std::string_view endpoint : kEndpoints) {
    all.push_back(fmt::format("/{}", endpoint));
    for (const HealthCheck& check : checks_)
      if (belongs_to(check, endpoint)) all.push_back(fmt::format("/{}/{}", endpoint, check.name));
  }
  return all;
}

}  // namespace slipway::apiserver
