#include "standalone/schema_parts.h"

namespace slipway::standalone {

namespace {

using enum Schema::Type;

constexpr std::string_view kEncodings[] = {"base64", "gzip", "gzip+base64"};
constexpr std::string_view kAccount = "^[a-z_][a-z0-9_-]{0,31}$";

constexpr Schema kPath{.description = "Absolute path below /etc or /var, without '.' and '..'.",
                       .example = "/etc/sysctl.d/90-edge.conf",
                       .pattern = "^/(etc|var)/.+[^/]$",
                       .check = check_file_path};
constexpr Schema kOwner{.description = "User, or user:group; root:root when absent.",
                        .example = "root:root",
                        .pattern = "^[a-z0-9_.][a-z0-9_.-]*(:[a-z0-9_.][a-z0-9_.-]*)?$",
                        .check = check_owner};
constexpr Schema kPermissions{.description = "Octal digits in quotes; \"0644\" when absent.",
                              .example = "0644",
                              .pattern = "^[0-7]{3,4}$",
                              .check = check_permissions};
constexpr Schema kEncoding{.description = "How the content is packed; plain text when absent.", .words = kEncodings};
constexpr Schema kContent{
    .description = "What the file holds; write more than one line as a block (|).", .check = nullptr, .is_block = true};
constexpr Field kFileFields[] = {{"path", &kPath, true},
                                 {"owner", &kOwner},
                                 {"permissions", &kPermissions},
                                 {"encoding", &kEncoding},
                                 {"content", &kContent}};
constexpr Schema kFile{.type = kObject, .description = "A file that first boot writes.", .fields = kFileFields};
constexpr Schema kFiles{.type = kList, .description = "Files, written at first boot in this order.", .items = &kFile};

constexpr Schema kHttpProxy{.description = "Proxy for http:// requests.",
                            .example = "http://proxy.example.com:8080",
                            .pattern = "^(https?|socks5h?)://.+$",
                            .check = check_proxy_url,
                            .is_secret = true};
constexpr Schema kHttpsProxy{.description = "Proxy for https:// requests.",
                             .example = "http://proxy.example.com:8080",
                             .pattern = "^(https?|socks5h?)://.+$",
                             .check = check_proxy_url,
                             .is_secret = true};
constexpr Schema kNoProxy{.description = "Hosts, domains, addresses and networks that are reached without a proxy.",
                          .example = "localhost,127.0.0.1,10.0.0.0/8,.example.com",
                          .pattern = "^[^ \\t]+$",
                          .check = check_no_proxy};
constexpr Field kProxyFields[] = {{"httpProxy", &kHttpProxy}, {"httpsProxy", &kHttpsProxy}, {"noProxy", &kNoProxy}};
constexpr Schema kProxy{.type = kObject,
                        .description =
                            "Proxies: of the operating system in /etc/environment and for K3s; below "
                            "'kubernetes' for K3s alone.",
                        .fields = kProxyFields};

constexpr Schema kUserName{
    .description = "Login name.", .example = "admin", .pattern = kAccount, .check = check_user_name};
constexpr Schema kPassword{.description = "Password hash (openssl passwd -6), or base64 of the password.",
                           .example = "$6$...",
                           .check = check_password,
                           .is_secret = true};
constexpr Schema kGroupName{
    .description = "Group; made when missing.", .example = "docker", .pattern = kAccount, .check = check_group_name};
constexpr Schema kGroups{.type = kList, .description = "Further groups of the user.", .items = &kGroupName};
constexpr Schema kSudo{
    .type = kFlag, .description = "May become root with sudo: after the password when the user has one, else without."};
constexpr Schema kShell{
    .description = "Login shell.", .example = "/bin/bash", .pattern = "^/.+$", .check = check_shell};
constexpr Schema kSshKey{.description = "An SSH public key, one line.",
                         .example = "ssh-ed25519 AAAA... admin@example.com",
                         .pattern = "^(ssh|ecdsa|sk)-[^ ]+ [A-Za-z0-9+/=]+( .*)?$",
                         .check = check_ssh_key};
constexpr Schema kSshKeys{
    .type = kList, .description = "SSH public keys that may log in as this user.", .items = &kSshKey};
constexpr Field kUserFields[] = {{"username", &kUserName, true},
                                 {"password", &kPassword},
                                 {"groups", &kGroups},
                                 {"sudo", &kSudo},
                                 {"shell", &kShell},
                                 {"sshKeys", &kSshKeys}};
constexpr Schema kUser{.type = kObject, .description = "A user of the host.", .fields = kUserFields};
constexpr Schema kUsers{
    .type = kList, .description = "Users that can log in; root may be among them.", .items = &kUser};
constexpr Schema kOneSshKey{.description = "An SSH public key for the first of 'users'.",
                            .example = "ssh-ed25519 AAAA... admin@example.com",
                            .pattern = "^(ssh|ecdsa|sk)-[^ ]+ [A-Za-z0-9+/=]+( .*)?$",
                            .check = check_ssh_key};
constexpr Schema kHostname{.description = "Host name, with or without domain; also the node's name.",
                           .example = "edge-1",
                           .pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
                           .check = check_hostname};
constexpr Schema kTimezone{.description = "Time zone of the IANA database.",
                           .example = "Europe/Berlin",
                           .pattern = "^[A-Za-z0-9_+/-]+$",
                           .check = check_timezone};
constexpr Field kSystemFields[] = {{"users", &kUsers},       {"sshKey", &kOneSshKey},  {"proxy", &kProxy},
                                   {"hostname", &kHostname}, {"timezone", &kTimezone}, {"files", &kFiles}};
constexpr Schema kSystem{.type = kObject, .description = "The host itself.", .fields = kSystemFields};

}  // namespace

const Schema& operating_system_schema() {
  return kSystem;
}

const Schema& files_schema() {
  return kFiles;
}

const Schema& proxy_schema() {
  return kProxy;
}

}  // namespace slipway::standalone
