#include "agent/host_report.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <fmt/core.h>
#include <ifaddrs.h>
#include <map>
#include <net/if.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/version.h"
#include "data/json_text.h"
#include "data/kubernetes_version.h"

namespace slipway::agent {

using agentproto::Address;
using agentproto::Hello;
using agentproto::KubernetesReport;
using agentproto::OsReport;
using base::ErrorCode;
using base::Result;
using data::Json;

namespace {

constexpr std::size_t kMaxAddresses = 64;

std::string trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::string environment_or(const char* name, std::string value) {
  const char* set = std::getenv(name);
  return set != nullptr && *set != '\0' ? trimmed(set) : value;
}

// What boards without a number of their own say instead.
bool is_filler(const std::string& serial) {
  for (const char* filler : {"", "Not Specified", "None", "To Be Filled By O.E.M.", "Default string",
                             "System Serial Number", "0", "0123456789"})
    if (serial == filler) return true;
  return false;
}

// Value of a line of os-release: bare, or in quotes with backslash escapes.
std::string unquote(std::string_view value) {
  if (value.size() < 2 || (value.front() != '"' && value.front() != '\'') || value.back() != value.front())
    return std::string(value);
  std::string result;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    result += value[i];
  }
  return result;
}

std::string debian_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

// Interfaces of a cluster come and go and are no way to the host.
bool is_cluster_link(std::string_view name) {
  return name == "lo" || name.starts_with("cni") || name.starts_with("veth") || name.starts_with("flannel") ||
         name.starts_with("kube-");
}

std::vector<Address> read_addresses() {
  std::vector<Address> result;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return result;
  for (const ifaddrs* item = list; item != nullptr && result.size() < kMaxAddresses; item = item->ifa_next) {
    if (item->ifa_addr == nullptr || (item->ifa_flags & IFF_UP) == 0 || is_cluster_link(item->ifa_name)) continue;
    char text[INET6_ADDRSTRLEN] = "";
    if (item->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(item->ifa_addr)->sin_addr, text, sizeof text);
    } else if (item->ifa_addr->sa_family == AF_INET6) {
      const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(item->ifa_addr)->sin6_addr;
      if (IN6_IS_ADDR_LINKLOCAL(&address)) continue;
      ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
    if (*text != '\0') result.push_back({"InternalIP", text});
  }
  ::freeifaddrs(list);
  std::ranges::sort(result, {}, &Address::address);
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) == 0 && *name != '\0') result.push_back({"Hostname", name});
  return result;
}

}  // namespace

Result<MachineIdentity> read_machine_identity(const HostRoot& root) {
  const auto from_firmware = [&](const char* file) {
    return trimmed(base::read_file(root.at(fmt::format("/sys/class/dmi/id/{}", file)), 4096).value_or(""));
  };
  MachineIdentity identity{.serial_number = environment_or("SLIPWAY_AGENT_SERIAL", from_firmware("product_serial")),
                           .uuid = environment_or("SLIPWAY_AGENT_UUID", from_firmware("product_uuid"))};
  std::ranges::transform(identity.uuid, identity.uuid.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (is_filler(identity.serial_number)) identity.serial_number.clear();
  if (identity.serial_number.empty() && identity.uuid.empty())
    return base::fail(ErrorCode::kNotFound,
                      "this machine's firmware tells neither a serial number nor a UUID (/sys/class/dmi/id); set "
                      "SLIPWAY_AGENT_SERIAL or SLIPWAY_AGENT_UUID to what the host is registered with");
  return identity;
}

OsReport read_os_release(std::string_view text) {
  std::map<std::string, std::string> values;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equal = line.find('=');
    if (equal != std::string::npos && !line.starts_with('#'))
      values[trimmed(line.substr(0, equal))] = unquote(trimmed(line.substr(equal + 1)));
  }
  OsReport os;
  os.name = values["NAME"].substr(0, 128);
  os.version = values["VERSION_ID"].substr(0, 128);
  os.image_id = values["IMAGE_ID"].substr(0, 256);
  os.image_version = values["IMAGE_VERSION"].substr(0, 128);
  return os;
}

std::optional<KubernetesReport> read_k3s_version(std::string_view output) {
  std::istringstream lines{std::string(output)};
  std::string line;
  std::getline(lines, line);
  const std::size_t middle = line.find(" version ");
  if (middle == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(middle + 9));
  std::string version;
  rest >> version;
  const auto parsed = data::KubernetesVersion::parse(version);
  if (!parsed) return std::nullopt;
  const std::string name = trimmed(line.substr(0, middle));
  // k3s-standin of the tests says so in its build line: "k3s version v1.36.3+k3s1 (k3s-standin …)".
  std::string implementation = name == "k3s" ? "K3s" : name;
  if (output.find("k3s-standin") != std::string_view::npos) implementation = "k3s-standin";
  return KubernetesReport{.distribution = "k3s",
                          .version = parsed->text(),
                          .embedded = false,
                          .implementation = implementation.substr(0, 63)};
}

std::optional<KubernetesReport> HostReporter::kubernetes() {
  struct stat info{};
  const std::filesystem::path program = root_.at(kK3sProgram);
  if (::stat(program.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  const std::string mark =
      fmt::format("{} {} {}.{}", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  const auto cached = data::parse_json(base::read_file(cache_file_, 65536).value_or(""));
  if (cached && cached->text({"mark"}) == mark) return read_k3s_version(cached->text({"output"}));
  base::ProcessOptions options;
  options.argv = {program.string(), "--version"};
  options.timeout = std::chrono::seconds(20);
  options.output_limit = 4096;
  const auto result = commands_.run(options, {});
  if (!result || result->exit_code != 0) {
    base::log_warning("agent", "'{} --version' fails: {}", program.string(),
                      result ? fmt::format("exit code {}", result->exit_code) : result.error().message());
    return std::nullopt;
  }
  const Json cache =
      Json::object({{"mark", mark}, {"output", agentproto::bounded_text(result->standard_output, 4096)}});
  if (const auto saved = base::write_file_atomically(cache_file_, data::to_json(cache), 0600); !saved)
    base::log_warning("agent", "the version of K3s is not remembered: {}", saved.error().message());
  return read_k3s_version(result->standard_output);
}

Hello HostReporter::report() {
  const std::scoped_lock lock(mutex_);
  Hello hello;
  hello.agent_version = base::kVersion;
  hello.os = read_os_release(base::read_file(root_.at("/etc/os-release"), 65536)
                                 .value_or(base::read_file(root_.at("/usr/lib/os-release"), 65536).value_or("")));
  utsname kernel{};
  if (::uname(&kernel) == 0) {
    hello.os.kernel = kernel.release;
    hello.os.architecture = debian_architecture(kernel.machine);
  }
  hello.kubernetes = kubernetes();
  hello.addresses = read_addresses();
  return hello;
}

}  // namespace slipway::agent
