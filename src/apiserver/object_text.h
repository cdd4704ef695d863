#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.h"
#include "registry/bytes_cache.h"
#include "registry/registry.h"

// The forms of objects and lists that are made out of the objects' text, without parsing it.
namespace slipway::apiserver {

// metadata of an object as meta.k8s.io/v1 PartialObjectMetadata.
std::string partial_object_text(std::string_view object);

// An object's text as the whole answer; it is sent without copying.
net::HttpResponse object_text_response(int status, const registry::ObjectText& object);

// `{"kind":...,"apiVersion":...,"metadata":...,"items":[...]}`; the items are sent as they are.
net::HttpResponse list_text(std::string_view api_version, std::string_view kind, const data::Json& metadata,
                            const std::vector<registry::ObjectText>& items);

// Lines of watches: one line is made once and shared by all watches that show the same event in the same form.
// Thread-safe.
class WatchLines {
 public:
  enum class Form { kObject, kPartialObject };
  net::SharedBytes line(const registry::TextEvent& event, Form form);

 private:
  registry::BytesCache<net::SharedBytes, 512> lines_;
};

}  // namespace slipway::apiserver
