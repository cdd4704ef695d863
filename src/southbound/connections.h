#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agentproto/messages.h"
#include "meta/gvk.h"
#include "net/tunnel.h"
#include "net/websocket.h"
#include "southbound/host_report.h"

namespace slipway::southbound {

using meta::ObjectKey;

// The open streams of all hosts, at most one a host: the newest wins. Thread-safe.
class Connections {
 public:
  // Called after a connection opened, reported or ended; quick, from any thread.
  using Changed = std::function<void(const ObjectKey& host)>;
  explicit Connections(Changed changed) : changed_(std::move(changed)) {}

  struct Connection {
    std::shared_ptr<net::WebSocket> socket;
    std::shared_ptr<net::TunnelMultiplexer> tunnel;
    std::string key_fingerprint;
    std::optional<agentproto::Hello> hello;
    std::optional<agentproto::Assignment> sent;
    std::vector<std::string> renewals;  // CSRs that wait for the controller
  };

  // Takes over a stream whose handshake was accepted; an older one of the same host is closed.
  void open(const ObjectKey& host, Connection connection);
  // The stream with this socket ended by itself.
  void ended(const ObjectKey& host, const net::WebSocket* socket);
  // Ends the host's stream (revocation). True when there was one.
  bool close(const ObjectKey& host, std::string_view reason);
  void close_all(std::string_view reason);

  // What agents shall trust: told to all that are connected now, and to each at the start of its stream.
  void set_trust(const std::string& ca_pem);

  // A message of the stream with this socket; a malformed one ends it.
  void receive(const ObjectKey& host, const net::WebSocket* socket, std::string_view text);

  HostReport report(const ObjectKey& host) const;
  std::string key_fingerprint(const ObjectKey& host) const;  // "" when not connected
  // Sends the assignment unless it is the one sent last on this stream. True when it was sent now.
  bool push(const ObjectKey& host, const agentproto::Assignment& assignment);
  bool is_sent(const ObjectKey& host, const agentproto::Assignment& assignment) const;
  std::optional<std::string> take_renewal(const ObjectKey& host);
  void send_certificate(const ObjectKey& host, const agentproto::Certificate& certificate);

  // A tunnel stream to `target` on the host; kUnavailable when it is not connected.
  base::Result<std::shared_ptr<net::TunnelStream>> open_tunnel(const ObjectKey& host, std::string_view target);
  std::size_t size() const;

 private:
  // Null unless this socket is the host's present one. REQUIRES: mutex_ is held.
  Connection* current(const ObjectKey& host, const net::WebSocket* socket);

  Changed changed_;
  mutable std::mutex mutex_;
  std::map<ObjectKey, Connection> connections_;
  std::string trusted_pem_;
};

}  // namespace slipway::southbound
