#include "standalone/convert.h"

#include <algorithm>
#include <bit>
#include <fmt/core.h>

#include "data/encoding.h"
#include "data/shell_quote.h"
#include "data/yaml.h"
#include "standalone/formats.h"
#include "standalone/raw_text.h"

namespace slipway::standalone {

using data::Json;

namespace {

class Converter {
 public:
  explicit Converter(std::string_view text) : raw_(read_raw_text(text)) {}

  Conversion convert() {
    conversion_.problems = raw_.problems;
    add_user();
    add_proxy();
    add_files_of_settings();
    add_static_address();
    add_tail();
    note_what_is_left();
    Json top = Json::object({{"kind", "KThreesControlPlaneTemplate"},
                             {"apiVersion", "controlplane.cluster.x-k8s.io/v1beta2"},
                             {"spec", Json::object({{"template", Json::object({{"spec", cluster()}})}})}});
    conversion_.yaml = "version: 1.0\n";
    if (!system_.empty()) conversion_.yaml += "\n" + data::to_yaml(Json::object({{"operatingSystem", system_}}));
    conversion_.yaml += "\n" + data::to_yaml(Json::object({{"kubernetes", std::move(top)}}));
    sort_problems(conversion_.problems);
    return std::move(conversion_);
  }

 private:
  Place place_of(std::string_view key) const {
    const auto found = raw_.assignments.find(key);
    return found == raw_.assignments.end() ? Place{} : found->second.place;
  }
  void warn(std::string_view key, std::string what, std::string advice) {
    conversion_.problems.push_back({place_of(key), std::string(key), std::move(what), std::move(advice), true});
  }
  void error(std::string_view key, std::string what, std::string advice) {
    conversion_.problems.push_back({place_of(key), std::string(key), std::move(what), std::move(advice), false});
  }
  // A value, which is then dealt with.
  std::string take(std::string_view key) {
    known_.emplace_back(key);
    return raw_.value(key);
  }

  void add_user() {
    const std::string name = take("user_name"), key = take("ssh_key"), password = take("passwd");
    if (!name.empty()) {
      Json user = Json::object({{"username", name}, {"sudo", true}});
      if (!password.empty()) user.set("password", password);
      system_.set("users", Json::array({std::move(user)}));
    } else if (!password.empty()) {
      warn("passwd", "belongs to no user_name and was left out", "add a user to operatingSystem.users");
    }
    if (!key.empty()) system_.set("sshKey", key);
  }

  void add_proxy() {
    constexpr std::pair<const char*, const char*> kNames[] = {
        {"http_proxy", "httpProxy"}, {"https_proxy", "httpsProxy"}, {"no_proxy", "noProxy"}};
    for (const auto& [name, field] : kNames) {
      std::string upper(name);
      std::ranges::transform(upper, upper.begin(),
                             [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      const std::string low = take(name), high = take(upper);
      if (!low.empty() && !high.empty() && low != high)
        warn(upper, fmt::format("differs from {}, which was taken", name),
             "look at operatingSystem.proxy in the new file");
      const std::string& value = low.empty() ? high : low;
      if (!value.empty()) system_.at("proxy").set(field, value);
    }
  }

  void add_file(const std::string& path, const std::string& content) {
    system_.at("files").append(Json::object({{"path", path}, {"content", content}}));
  }

  void add_files_of_settings() {
    if (const std::string pages = take("huge_page_config"); !pages.empty()) {
      if (const auto count = compute(pages)) {
        add_file("/etc/sysctl.d/90-huge-pages.conf", fmt::format("vm.nr_hugepages = {}\n", *count));
      } else {
        warn("huge_page_config", fmt::format("{} is no number of pages and was left out", shown(pages)),
             "write a file /etc/sysctl.d/90-huge-pages.conf with vm.nr_hugepages");
      }
    }
    if (std::string servers = take("USER_CUSTOM_NTP_SERVERS"); !servers.empty()) {
      std::ranges::replace(servers, ',', ' ');
      add_file("/etc/systemd/timesyncd.conf.d/10-servers.conf", fmt::format("[Time]\nNTP={}\n", servers));
    }
  }

  static std::optional<int> prefix_of(const std::string& mask) {
    if (const auto plain = compute(mask); plain && *plain <= 32) return static_cast<int>(*plain);
    const auto address = parse_address(mask);
    if (!address || address->is_ipv6) return std::nullopt;
    unsigned bits = 0;
    for (std::size_t i = 0; i < 4; ++i) bits = bits << 8 | address->address[i];
    const int ones = std::countl_one(bits);
    return std::popcount(bits) == ones ? std::optional(ones) : std::nullopt;
  }

  void add_static_address() {
    const std::string address = take("static_ip"), mask = take("subnet_mask"), dns = take("dns_name_server");
    std::string gateway = take("default_gate_way");
    if (const std::string misspelt = take("defualt_gate_way"); gateway.empty()) gateway = misspelt;
    if (address.empty()) {
      for (const char* key : {"subnet_mask", "default_gate_way", "defualt_gate_way", "dns_name_server"})
        if (!raw_.value(key).empty()) warn(key, "is without static_ip and was left out", "");
      return;
    }
    const auto prefix = prefix_of(mask);
    if (!prefix || !parse_address(address)) {
      error(prefix ? "static_ip" : "subnet_mask", "is no address that can be converted",
            "write it as 192.168.1.10 and 255.255.255.0");
      return;
    }
    std::string text = fmt::format("[Match]\nName=en*\n\n[Network]\nAddress={}/{}\n", address, *prefix);
    if (!gateway.empty()) text += fmt::format("Gateway={}\n", gateway);
    std::string servers = dns;
    std::ranges::replace(servers, ',', ' ');
    if (!servers.empty()) text += fmt::format("DNS={}\n", servers);
    add_file("/etc/systemd/network/10-static.network", text);
    warn("static_ip", "is given to every interface en* in /etc/systemd/network/10-static.network",
         "name the one interface there when there are several");
  }

  Json cluster() {
    Json agent = Json::object({{"kubeletArgs", Json::array({"topology-manager-policy=best-effort", "max-pods=250"})}});
    Json server = Json::object({{"cloudProviderName", ""},
                                {"disableCloudController", false},
                                {"disableComponents", Json::array({"traefik", "servicelb"})},
                                {"clusterCidr", "10.42.0.0/16"},
                                {"serviceCidr", "10.43.0.0/16"}});
    Json spec = Json::object({{"agentConfig", std::move(agent)}, {"serverConfig", std::move(server)}});
    if (!commands_.empty()) spec.set("postK3sCommands", commands_);
    return spec;
  }

  void add_tail() {
    if (raw_.tail.empty()) return;
    const auto tail = data::parse_yaml(raw_.tail);
    const Place at{raw_.tail_line, 1};
    if (!tail || !tail->is_object()) {
      conversion_.problems.push_back({at, "", tail ? "the YAML part is no mapping" : tail.error().message(),
                                      fmt::format("lines are counted from line {}", raw_.tail_line), false});
      return;
    }
    // Services before commands, as the older installer did it.
    add_services((*tail)["services"], at);
    add_write_files((*tail)["write_files"], at);
    add_commands((*tail)["runcmd"], at);
    for (const auto& [key, value] : tail->members())
      if (key != "services" && key != "write_files" && key != "runcmd") left_out(at, key);
  }

  void left_out(Place at, const std::string& path) {
    conversion_.problems.push_back(
        {at, path, "is not known and was left out", "write it into the new file by hand", true});
  }

  void add_services(const Json& services, Place at) {
    for (const auto& [key, names] : services.members()) {
      if (key != "enable" && key != "disable") {
        left_out(at, "services." + key);
        continue;
      }
      for (const Json& name : names.items()) {
        if (name.string_or_empty().empty()) continue;
        commands_.append(fmt::format("systemctl {} --now -- {}", key, data::shell_quote(name.string_or_empty())));
      }
    }
  }

  void add_write_files(const Json& files, Place at) {
    for (std::size_t i = 0; i < files.items().size(); ++i) {
      const Json& file = files.items()[i];
      const std::string path = fmt::format("write_files[{}]", i);
      Json made = Json::object();
      for (const auto& [key, value] : file.members()) {
        if (key == "permissions" && value.is_integer()) {
          made.set(key, fmt::format("{:04o}", static_cast<unsigned>(value.integer_or(0644)) & 07777u));
        } else if ((key == "path" || key == "content" || key == "permissions" || key == "owner") && value.is_string()) {
          made.set(key, value);
        } else if (key == "append" && value.bool_or(false)) {
          conversion_.problems.push_back({at, path + ".append", "cannot be kept: a file is written as a whole",
                                          "put all of its content into the new file", true});
        } else if (key != "append") {
          left_out(at, path + "." + key);
        }
      }
      if (!made.empty()) system_.at("files").append(std::move(made));
    }
  }

  void add_commands(const Json& commands, Place at) {
    for (std::size_t i = 0; i < commands.items().size(); ++i) {
      const Json& command = commands.items()[i];
      std::string line = command.string_or_empty();
      for (const Json& word : command.items())
        line += (line.empty() ? "" : " ") + data::shell_quote(word.string_or_empty());
      if (line.empty()) {
        left_out(at, fmt::format("runcmd[{}]", i));
      } else {
        commands_.append(line);
      }
    }
  }

  void note_what_is_left() {
    if (const std::string type = take("host_type"); !type.empty() && type != "kubernetes")
      error("host_type", fmt::format("{} has no counterpart: this program makes Kubernetes nodes only", shown(type)),
            "keep the older installer for this host, or write host_type=\"kubernetes\"");
    constexpr std::pair<const char*, const char*> kInstaller[] = {
        {"lvm_size_ingb", "it is read by the installer of the disk"},
        {"deploy_envmt", "it is read by the installer of the disk"}};
    for (const auto& [key, why] : kInstaller)
      if (!take(key).empty()) warn(key, "was left out", why);
    for (const auto& [key, assignment] : raw_.assignments)
      if (std::ranges::find(known_, key) == known_.end())
        warn(key, "is not known and was left out", "write it into the new file by hand");
  }

  RawText raw_;
  Conversion conversion_;
  Json system_ = Json::object();
  Json commands_ = Json::array();
  std::vector<std::string> known_;
};

}  // namespace

Conversion convert_raw_text(std::string_view text) {
  if (!data::is_valid_utf8(text)) {
    std::size_t line = 1;
    for (std::string_view rest = text; data::is_valid_utf8(rest.substr(0, rest.find('\n'))); ++line)
      rest.remove_prefix(rest.find('\n') + 1);  // a line without end would have been the wrong one
    return {"version: 1.0\n", {{{line, 1}, "", "the file is not UTF-8 text", "save it as UTF-8", false}}};
  }
  return Converter(text).convert();
}

}  // namespace slipway::standalone
