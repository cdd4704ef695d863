#include "standalone/rules.h"

#include <fmt/core.h>
#include <map>

#include "cloudinit/content_encoding.h"
#include "data/yaml.h"
#include "distro/k3s/paths.h"
#include "standalone/generated_files.h"
#include "standalone/password.h"

namespace slipway::standalone {

using data::Json;

namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;
constexpr std::size_t kMaxAllFileBytes = 8u << 20;
constexpr std::size_t kMaxFiles = 4096;

void check_user(const Json& user, const std::string& path, Findings& findings) {
  if (const std::string& password = user.text({"password"}); !password.empty()) {
    const PasswordForm form = classify_password(password);
    if (form == PasswordForm::kPlain)
      findings.warning(path + ".password", "is plain text, readable by everybody who has this file",
                       "replace it by a hash: openssl passwd -6");
    if (form == PasswordForm::kBase64)
      findings.warning(path + ".password", "is base64, readable by everybody who has this file",
                       "replace it by a hash: openssl passwd -6");
  }
}

void check_keys_apart(const Json& user, const std::string& path, Findings& findings) {
  std::map<std::string, std::size_t> seen;
  const auto& keys = user["sshKeys"].items();
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!keys[i].empty() && !seen.try_emplace(keys[i].string_or_empty(), i).second)
      findings.error(fmt::format("{}.sshKeys[{}]", path, i), "is here twice", "keep one of them");
}

void check_proxy(const Json& proxy, const std::string& path, Findings& findings) {
  for (const char* key : {"httpProxy", "httpsProxy"}) {
    const std::string& url = proxy.text({key});
    if (url.find('@') != std::string::npos)
      findings.warning(path + "." + key, "holds a password, which every user of the host can read in /etc/environment",
                       "use a proxy that needs none, or give it a user of its own");
  }
}

// Where the files of the configuration are: their list and its path.
struct FileList {
  const Json& list;
  std::string path;
};

}  // namespace

void Findings::add(const std::string& path, std::string& what, std::string& advice, bool is_warning) {
  Place place;
  // A value that is not in the file stands where its parent does.
  for (std::string_view known = path; place.line == 0; known = known.substr(0, known.find_last_of(".["))) {
    if (const auto found = values_.places.find(known); found != values_.places.end()) place = found->second;
    if (known.find_first_of(".[") == known.npos) break;
  }
  if (place.line == 0)
    if (const auto top = values_.places.find(""); top != values_.places.end()) place = top->second;
  values_.problems.push_back({place, path, std::move(what), std::move(advice), is_warning});
}

void check_system(const Json& configuration, Findings& findings) {
  const Json& system = configuration["operatingSystem"];
  const auto& users = system["users"].items();
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < users.size(); ++i) {
    const std::string path = fmt::format("operatingSystem.users[{}]", i);
    const std::string& name = users[i].text({"username"});
    if (!name.empty() && !seen.try_emplace(name, i).second)
      findings.error(path + ".username", fmt::format("user '{}' is here twice", name), "put both into one item");
    check_user(users[i], path, findings);
    check_keys_apart(users[i], path, findings);
    const bool has_login = findings.is_written(path + ".password") || findings.is_written(path + ".sshKeys") ||
                           (i == 0 && findings.is_written("operatingSystem.sshKey"));
    if (users[i].is_object() && !has_login)
      findings.warning(path, "cannot log in: there is neither a password nor an SSH key",
                       "add 'password' or 'sshKeys'");
  }
  if (!system.text({"sshKey"}).empty() && users.empty())
    findings.error("operatingSystem.sshKey", "belongs to no user", "add a user to operatingSystem.users");
  check_proxy(system["proxy"], "operatingSystem.proxy", findings);
  check_proxy(configuration.get({"kubernetes", "proxy"}), "kubernetes.proxy", findings);
}

void check_files(const Json& configuration, Findings& findings) {
  std::map<std::string, std::string, std::less<>> taken = generated_paths(configuration);
  const FileList lists[] = {{configuration.get({"operatingSystem", "files"}), "operatingSystem.files"},
                            {config_spec(configuration)["files"], config_path(configuration) + ".files"}};
  std::size_t bytes = 0, count = 0;
  for (const auto& [list, list_path] : lists) {
    const auto& files = list.items();
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", list_path, i);
      const std::string& target = files[i].text({"path"});
      if (++count == kMaxFiles + 1)
        findings.error(path, fmt::format("is one file more than {}", kMaxFiles), "pack files into an archive");
      if (!target.empty()) {
        const auto [other, is_new] = taken.try_emplace(target, path);
        if (!is_new)
          findings.error(path + ".path", fmt::format("'{}' is written already by {}", target, other->second),
                         "keep one of them");
      }
      const auto content =
          cloudinit::decode_content(files[i].text({"content"}), files[i].text({"encoding"}), kMaxFileBytes);
      if (!content) {
        findings.error(path + ".content", content.error().message(),
                       content.error().code() == base::ErrorCode::kTooLarge
                           ? "make it smaller"
                           : fmt::format("pack it again as {}, or leave 'encoding' out", files[i].text({"encoding"})));
        continue;
      }
      bytes += content->size();
      if (bytes > kMaxAllFileBytes && bytes - content->size() <= kMaxAllFileBytes)
        findings.error(path + ".content", fmt::format("brings all files together above {} bytes", kMaxAllFileBytes),
                       "put large files into the image");
    }
  }
  // A file cannot lie below another file.
  for (const auto& [target, path] : taken)
    for (auto slash = target.rfind('/'); slash != target.npos && slash > 0; slash = target.rfind('/', slash - 1))
      if (const auto parent = taken.find(std::string_view(target).substr(0, slash)); parent != taken.end())
        findings.error(path.starts_with("kubernetes.") || path.starts_with("operatingSystem.") ? path : "",
                       fmt::format("'{}' lies below the file '{}' of {}", target, parent->first, parent->second),
                       "rename one of them");
}

void check_addons(const Json& configuration, Findings& findings) {
  constexpr std::string_view kPackaged[] = {"coredns",      "local-storage", "metrics-server", "traefik",
                                            "rolebindings", "ccm",           "runtimes"};
  const auto& addons = configuration.get({"kubernetes", "addons"}).items();
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < addons.size(); ++i) {
    const std::string path = fmt::format("kubernetes.addons[{}]", i);
    const std::string& name = addons[i].text({"name"});
    if (!addons[i].is_object()) continue;
    if (!name.empty() && !seen.try_emplace(name, i).second)
      findings.error(path + ".name", fmt::format("addon '{}' is here twice", name), "rename one of them");
    for (const std::string_view packaged : kPackaged)
      if (name == packaged)
        findings.error(path + ".name", fmt::format("'{}' is a component of K3s itself, which rewrites that file", name),
                       "choose another name");
    const bool has_manifest = addons[i].contains("manifest"), has_chart = addons[i].contains("helmChart");
    if (has_manifest == has_chart)
      findings.error(path,
                     has_manifest ? "has both 'manifest' and 'helmChart'" : "has neither 'manifest' nor 'helmChart'",
                     "give one of them");
    if (has_manifest) check_manifest(addons[i].text({"manifest"}), path + ".manifest", findings);
    if (has_chart) check_chart(addons[i]["helmChart"], path + ".helmChart", findings);
  }
}

}  // namespace slipway::standalone
