#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/json.h"

// metav1.Status, in the words of kube-apiserver (k8s.io/apimachinery/pkg/api/errors).
namespace slipway::apiserver {

// What a failed request was about; goes into Status.details.
struct StatusSubject {
  std::string group;
  std::string resource;  // plural; for an invalid object its kind
  std::string name;
};

int http_status_of(base::ErrorCode code);
// `subject` is what was asked for; errors about an object name it themselves.
data::Json status_of(const base::Error& error, const StatusSubject& subject = {});
// For failures that have no ErrorCode: 405, 406.
data::Json failure_status(int code, std::string_view reason, std::string_view message);
// `{"status": "Success", details}` as a finished deletion answers.
data::Json success_status(const StatusSubject& subject, std::string_view uid);

}  // namespace slipway::apiserver
