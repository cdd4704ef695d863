#pragma once

#include "net/http_server.h"

namespace slipway::apiserver {

// Whose turn a request waits for (the simple form of API priority and fairness): administrators, people and controllers
// with certificates, holders of tokens, and everybody else are the classes; within one each user. Agents have a door,
// threads and queues of their own. Nothing is verified here: who lies about a token waits among liars.
net::RequestFlow flow_of(const net::HttpRequest& request);

// The Status for a request that no handler sees (too large, malformed, too slow, too many).
net::HttpResponse refusal(int status, std::string_view message);

}  // namespace slipway::apiserver
