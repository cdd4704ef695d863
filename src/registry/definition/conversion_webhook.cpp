#include "registry/definition/conversion_webhook.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/object.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::string_view kReviewVersion = "apiextensions.k8s.io/v1";

Json make_review(const Json& object, const std::string& api_version, const std::string& uid) {
  return Json::object(
      {{"apiVersion", kReviewVersion},
       {"kind", "ConversionReview"},
       {"request",
        Json::object({{"uid", uid}, {"desiredAPIVersion", api_version}, {"objects", Json::array({object})}})}});
}

// The converted object of an answer that keeps to the protocol.
base::Result<Json> read_review(const std::string& body, const Json& object, const std::string& api_version,
                               const std::string& uid) {
  const Json review = SLIPWAY_TRY(data::parse_json(body).with_context("the answer is no JSON"));
  const Json& response = review["response"];
  if (review.text({"kind"}) != "ConversionReview" || review.text({"apiVersion"}) != kReviewVersion)
    return fail(ErrorCode::kUnavailable, "the answer is no ConversionReview of apiextensions.k8s.io/v1");
  if (response.text({"uid"}) != uid)
    return fail(ErrorCode::kUnavailable, "the answer has another uid than the request");
  if (response.text({"result", "status"}) != "Success")
    return fail(ErrorCode::kUnavailable, response.text({"result", "message"}).empty()
                                             ? std::string("the webhook failed without a message")
                                             : response.text({"result", "message"}));
  if (response["convertedObjects"].size() != 1)
    return fail(ErrorCode::kUnavailable,
                fmt::format("1 object expected, {} came back", response["convertedObjects"].size()));
  const Json& converted = response["convertedObjects"].items()[0];
  if (converted.text({"apiVersion"}) != api_version || converted.text({"kind"}) != object.text({"kind"}))
    return fail(ErrorCode::kUnavailable, "an object of another version or kind came back");
  for (const char* member : {"name", "namespace", "uid"})
    if (converted["metadata"][member] != object["metadata"][member])
      return fail(ErrorCode::kUnavailable, fmt::format("metadata.{} came back changed", member));
  return converted;
}

}  // namespace

ConversionWebhook read_conversion_webhook(const Json& definition) {
  const Json& webhook = definition.get({"spec", "conversion", "webhook"});
  const Json& client = webhook["clientConfig"];
  ConversionWebhook out;
  out.url = client.text({"url"});
  if (client["service"].is_object())
    out.service = client.text({"service", "namespace"}) + "/" + client.text({"service", "name"});
  if (const auto pem = data::base64_decode(client.text({"caBundle"}))) out.ca_pem = *pem;
  const auto& versions = webhook["conversionReviewVersions"].items();
  out.understands_v1 = std::ranges::find(versions, Json("v1")) != versions.end();
  return out;
}

base::Result<Json> convert_by_webhook(const ConversionWebhook& webhook, const WebhookCaller& call, const Json& object,
                                      const std::string& api_version, const std::string& review_uid) {
  const auto failed = [&](std::string_view why) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("conversion webhook for {} failed: {}", object.text({"kind"}), why));
  };
  if (webhook.url.empty())
    return failed(fmt::format("the Service {} cannot be reached from here; give the webhook a clientConfig.url",
                              webhook.service));
  if (!webhook.understands_v1) return failed("it does not understand ConversionReview v1");
  if (!call) return failed("this server cannot call webhooks");
  const auto answer = call(webhook, data::to_json(make_review(object, api_version, review_uid)));
  if (!answer) return failed(answer.error().message());
  auto converted = read_review(*answer, object, api_version, review_uid);
  if (!converted) return failed(converted.error().message());
  Json metadata = object["metadata"];
  for (const char* member : {"labels", "annotations"})
    if (const Json& map = (*converted)["metadata"][member]; map.is_object())
      metadata.set(member, map);
    else
      metadata.erase(member);
  converted->set("metadata", std::move(metadata));
  return converted;
}

}  // namespace slipway::registry
