#include "daemon/authority_commands.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "daemon/certificate_authority.h"

namespace slipway::daemon {

namespace {

using Outcome = base::Result<CertificateAuthority>;
using Step = Outcome (*)(const std::filesystem::path& data_folder, base::WallTime now);

void print_certificate(std::string_view role, const std::string& pem) {
  if (const auto info = pki::read_certificate(pem))
    fmt::print("{:<10} sha256 {}, until {}\n", role, info->sha256_fingerprint, base::format_rfc3339(info->not_after));
}

int run(const std::string& data_folder, Step step) {
  if (data_folder.empty()) {
    fmt::print(stderr, "slipwayd: --data-dir is required\n");
    return 2;
  }
  const Outcome authority = step(data_folder, base::SystemClock::instance().now());
  if (!authority) {
    fmt::print(stderr, "slipwayd: {}\n", authority.error().message());
    return 1;
  }
  print_certificate("signs", authority->signer.certificate_pem);
  if (authority->next) print_certificate("announced", authority->next->pair.certificate_pem);
  if (!authority->former_pem.empty()) print_certificate("former", authority->former_pem);
  if (const auto time = next_step_time(*authority)) {
    constexpr const char* kNext[] = {"a successor is announced", "the announced one signs",
                                     "the former one is forgotten"};
    fmt::print("By itself {} at {}.\n", kNext[static_cast<int>(authority->phase())], base::format_rfc3339(*time));
  }
  return 0;
}

}  // namespace

void add_authority_commands(CLI::App& app, const std::string& data_folder, std::function<int()>& chosen) {
  CLI::App* group =
      app.add_subcommand("ca", "the certificate authority; slipwayd replaces it by itself before it ends");
  group->require_subcommand(1)->fallthrough();
  const auto add = [&](const char* name, const char* text, Step step) {
    CLI::App* command = group->add_subcommand(name, text);
    command->fallthrough();
    command->callback(
        [&chosen, &data_folder, step] { chosen = [&data_folder, step] { return run(data_folder, step); }; });
  };
  add("show", "say who signs, who is trusted beside it, and when the next step comes", read_authority);
  add("announce", "make a successor that is trusted but signs nothing yet", announce_successor);
  add("replace", "let the announced successor sign from now on; the former one stays trusted", replace_authority);
  add("forget", "trust the former one no longer: what it signed ends at once", forget_former_authority);
}

}  // namespace slipway::daemon
