#pragma once

#include <gtest/gtest.h>
#include <string>

#include "cloudinit/document.h"
#include "standalone/configuration.h"
#include "standalone/first_boot_document.h"

namespace slipway::standalone::testing {

// A small valid configuration; `system` and `kubernetes` are further lines of these sections, `spec` of the template's
// spec.
inline std::string configuration_text(const std::string& spec = "", const std::string& system = "",
                                      const std::string& kubernetes = "") {
  return "version: 1.0\n" + (system.empty() ? "" : "operatingSystem:\n" + system) +
         "kubernetes:\n  kind: KThreesControlPlaneTemplate\n"
         "  apiVersion: controlplane.cluster.x-k8s.io/v1beta2\n" +
         kubernetes + "  spec:\n    template:\n      spec:\n        agentConfig: {airGapped: true}\n" + spec;
}

inline Configuration read(const std::string& text) {
  const ReadResult result = read_configuration(text);
  for (const Problem& problem : result.problems)
    if (!problem.is_warning) ADD_FAILURE() << to_text(problem, "file") << "\n" << text;
  return result.configuration.value_or(Configuration());
}

inline cloudinit::Document document_of(const std::string& text) {
  const auto rendered = render_first_boot(read(text));
  EXPECT_TRUE(rendered) << rendered.error().message();
  const auto parsed = cloudinit::parse(rendered.value_or(""), {.max_bytes = 64u << 20, .max_entries = 10'000},
                                       cloudinit::Modules::kAll);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed.value_or(cloudinit::Document());
}

// A staged file of the document by its name below the staging folder.
inline std::string staged(const cloudinit::Document& document, const std::string& name) {
  for (const cloudinit::WriteFile& file : document.files)
    if (file.path == std::string(kStagingFolder) + "/" + name) return file.content;
  ADD_FAILURE() << "no staged file " << name;
  return {};
}

}  // namespace slipway::standalone::testing
