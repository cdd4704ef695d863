#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

// What RFC 9110 says about the form of an answer beside its media type.
namespace slipway::apiserver {

// Whether an Accept header ("" accepts all) takes this media type, parameters aside; a quality of 0 refuses it.
bool accepts_type(std::string_view accept, std::string_view type);
// Whether an Accept-Encoding header names this coding (or "*") and does not refuse it.
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);

// A strong entity tag of these bytes, in quotes.
std::string entity_tag(std::string_view body);
// The request's If-None-Match names the tag: 304.
bool is_unchanged(const net::HttpRequest& request, std::string_view tag);

// Packs a large body (more than 128 KiB, as kube-apiserver) when the client accepts gzip.
void compress(const net::HttpRequest& request, net::HttpResponse& response);

}  // namespace slipway::apiserver
