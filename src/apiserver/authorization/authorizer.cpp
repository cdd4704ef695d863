#include "apiserver/authorization/authorizer.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::apiserver {

Verdict AuthorizerChain::authorize(const AccessAttributes& attributes) {
  Verdict last;
  for (const auto& authorizer : authorizers_) {
    Verdict verdict = authorizer->authorize(attributes);
    if (verdict.decision != Decision::kNoOpinion) return verdict;
    if (!verdict.reason.empty()) last.reason += (last.reason.empty() ? "" : "\n") + verdict.reason;
  }
  return last;
}

RuleReview AuthorizerChain::rules_for(const UserInfo& user, std::string_view ns) {
  RuleReview all;
  for (const auto& authorizer : authorizers_) {
    RuleReview review = authorizer->rules_for(user, ns);
    for (PolicyRule& rule : review.rules)
      if (std::ranges::find(all.rules, rule) == all.rules.end()) all.rules.push_back(std::move(rule));
    if (!review.error.empty()) all.error += (all.error.empty() ? "" : ", ") + review.error;
  }
  return all;
}

Verdict GroupAuthorizer::authorize(const AccessAttributes& attributes) {
  if (!is_in_group(attributes.user, group_)) return {};
  if (decision_ == Decision::kAllow) return {decision_, {}};
  return {decision_, fmt::format("members of group \"{}\" have no access here", group_)};
}

RuleReview GroupAuthorizer::rules_for(const UserInfo& user, std::string_view) {
  if (decision_ != Decision::kAllow || !is_in_group(user, group_)) return {};
  return {{{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}}, {.verbs = {"*"}, .non_resource_urls = {"*"}}}, {}};
}

Verdict PathAuthorizer::authorize(const AccessAttributes& attributes) {
  const bool read = !attributes.is_resource && (attributes.verb == "get" || attributes.verb == "head");
  return {read && std::ranges::find(paths_, attributes.path) != paths_.end() ? Decision::kAllow : Decision::kNoOpinion,
          {}};
}

RuleReview PathAuthorizer::rules_for(const UserInfo&, std::string_view) {
  return {{{.verbs = {"get"}, .non_resource_urls = paths_}}, {}};
}

}  // namespace slipway::apiserver
