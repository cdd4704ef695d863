#include "standalone/schema_parts.h"

namespace slipway::standalone {

namespace {

using enum Schema::Type;

constexpr std::string_view kKinds[] = {"KThreesControlPlaneTemplate"};
constexpr std::string_view kApiVersions[] = {"controlplane.cluster.x-k8s.io/v1beta2"};

constexpr Schema kKind{.description = "Kind of the template.", .words = kKinds};
constexpr Schema kApiVersion{.description = "Version of the template's API.", .words = kApiVersions};
constexpr Schema kVersionText{.description = "Version of K3s; fixed to the one in the image, so best left out.",
                              .example = "v1.33.0+k3s1",
                              .pattern = "^v[0-9]+\\.[0-9]+\\.[0-9]+.*\\+k3s[0-9]+$",
                              .check = check_kubernetes_version};
constexpr Schema kCommand{.description = "A line for /bin/sh, run as root.", .check = check_command, .is_block = true};
constexpr Schema kPreCommands{
    .type = kList, .description = "Shell commands before K3s is installed.", .items = &kCommand};
constexpr Schema kPostCommands{
    .type = kList, .description = "Shell commands after K3s has been started.", .items = &kCommand};
constexpr Schema kArgument{.description = "An argument of the component.",
                           .example = "--max-pods=250",
                           .pattern = "^-{0,2}[A-Za-z0-9._-]+([+-]?=.*)?$",
                           .check = check_argument};
constexpr Schema kArguments{
    .type = kList, .description = "Arguments of the component, each --name=value.", .items = &kArgument};
constexpr Schema kLabel{
    .description = "A label.", .example = "zone=north", .pattern = "^[^=]+=.*$", .check = check_label};
constexpr Schema kLabels{.type = kList, .description = "Labels of the node.", .items = &kLabel};
constexpr Schema kTaint{.description = "A taint.",
                        .example = "dedicated=video:NoSchedule",
                        .pattern = "^.+:[A-Za-z]+$",
                        .check = check_taint};
constexpr Schema kTaints{.type = kList, .description = "Taints of the node.", .items = &kTaint};
constexpr Schema kRegistriesFile{
    .description = "Path of the registries file, when it is not /etc/rancher/k3s/registries.yaml.",
    .pattern = "^/(etc|var)/.+[^/]$",
    .check = check_file_path};
constexpr Schema kNodeName{.description = "Name of the node; the host name when absent.",
                           .pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
                           .check = check_domain};
constexpr Schema kAirGapped{.type = kFlag, .description = "Fixed to true: K3s comes with the image."};
constexpr Schema kScriptPath{.description = "Fixed to the install script of the image.", .example = "/opt/install.sh"};
constexpr Field kAgentFields[] = {{"nodeLabels", &kLabels},
                                  {"nodeTaints", &kTaints},
                                  {"kubeletArgs", &kArguments},
                                  {"kubeProxyArgs", &kArguments},
                                  {"privateRegistry", &kRegistriesFile},
                                  {"nodeName", &kNodeName},
                                  {"airGapped", &kAirGapped},
                                  {"airGappedInstallScriptPath", &kScriptPath}};
constexpr Schema kAgent{.type = kObject, .description = "The node.", .fields = kAgentFields};

constexpr Schema kName{.description = "A further name or address of the API server.", .check = check_host_or_address};
constexpr Schema kNames{
    .type = kList, .description = "Further names in the API server's certificate.", .items = &kName};
constexpr Schema kBindAddress{.description = "Address the API server listens on.", .check = check_address};
constexpr Schema kPort{.description = "Port of the API server; 6443 when absent.",
                       .example = "6443",
                       .pattern = "^[1-9][0-9]{0,4}$",
                       .check = check_port};
constexpr Schema kAdvertiseAddress{.description = "Address that the API server tells others.", .check = check_address};
constexpr Schema kAdvertisePort{
    .description = "Port that the API server tells others.", .pattern = "^[1-9][0-9]{0,4}$", .check = check_port};
constexpr Schema kClusterCidr{.description = "Networks of the pods; cannot change once the cluster is there.",
                              .example = "10.42.0.0/16",
                              .pattern = "^[0-9a-fA-F.:]+/[0-9]+(,[0-9a-fA-F.:]+/[0-9]+)?$",
                              .check = check_networks};
constexpr Schema kServiceCidr{.description = "Networks of the services; cannot change once the cluster is there.",
                              .example = "10.43.0.0/16",
                              .pattern = "^[0-9a-fA-F.:]+/[0-9]+(,[0-9a-fA-F.:]+/[0-9]+)?$",
                              .check = check_networks};
constexpr Schema kClusterDns{.description = "Address of the cluster's DNS, inside serviceCidr.",
                             .example = "10.43.0.10",
                             .check = check_addresses};
constexpr Schema kClusterDomain{.description = "Domain of the cluster; cluster.local when absent.",
                                .example = "cluster.local",
                                .check = check_domain};
constexpr Schema kComponent{.description = "A component of K3s.", .example = "traefik", .check = check_component};
constexpr Schema kComponents{.type = kList, .description = "Components that K3s leaves out.", .items = &kComponent};
constexpr Schema kCloudController{.type = kFlag,
                                  .description = "Leaves K3s' own cloud controller out; true when absent."};
constexpr Schema kCloudProvider{.description = "Name of an external cloud provider.", .example = "external"};
constexpr Schema kExternalProvider{.type = kFlag, .description = "No longer used.", .deprecated = true};
constexpr Schema kSystemRegistry{.description = "Registry that K3s takes its own images from.",
                                 .example = "registry.example.com:5000",
                                 .check = check_registry};
constexpr Schema kEtcdProxyImage{
    .description = "Not used: no etcd proxy runs here.", .check = check_image, .deprecated = true};
constexpr Field kServerFields[] = {{"kubeAPIServerArg", &kArguments},
                                   {"kubeControllerManagerArgs", &kArguments},
                                   {"kubeSchedulerArgs", &kArguments},
                                   {"tlsSan", &kNames},
                                   {"bindAddress", &kBindAddress},
                                   {"httpsListenPort", &kPort},
                                   {"advertiseAddress", &kAdvertiseAddress},
                                   {"advertisePort", &kAdvertisePort},
                                   {"clusterCidr", &kClusterCidr},
                                   {"serviceCidr", &kServiceCidr},
                                   {"clusterDNS", &kClusterDns},
                                   {"clusterDomain", &kClusterDomain},
                                   {"disableComponents", &kComponents},
                                   {"disableCloudController", &kCloudController},
                                   {"cloudProviderName", &kCloudProvider},
                                   {"disableExternalCloudProvider", &kExternalProvider},
                                   {"systemDefaultRegistry", &kSystemRegistry},
                                   {"etcdProxyImage", &kEtcdProxyImage}};
constexpr Schema kServer{.type = kObject, .description = "The server.", .fields = kServerFields};

constexpr Schema kAnyText{.description = "Free text."};
constexpr Schema kAnyTexts{.type = kMap, .description = "Names and texts.", .items = &kAnyText};
constexpr Field kMetadataFields[] = {{"name", &kAnyText}, {"labels", &kAnyTexts}, {"annotations", &kAnyTexts}};
constexpr Schema kMetadata{
    .type = kObject, .description = "Name and labels of the template; not used here.", .fields = kMetadataFields};

constexpr Schema kEndpoint{.description = "A mirror's URL.",
                           .example = "https://registry.example.com:5000",
                           .pattern = "^https?://.+$",
                           .check = check_endpoint_url};
constexpr Schema kEndpoints{.type = kList, .description = "Mirrors, tried in this order.", .items = &kEndpoint};
constexpr Schema kReplacement{.description = "What a repository's name becomes; $1 is the first group."};
constexpr Schema kRewrite{.type = kMap,
                          .description = "Regular expressions for repository names, and what they become.",
                          .items = &kReplacement};
constexpr Field kMirrorFields[] = {{"endpoint", &kEndpoints}, {"rewrite", &kRewrite}};
constexpr Schema kMirror{
    .type = kObject, .description = "Where images of a registry are fetched from.", .fields = kMirrorFields};
constexpr Schema kMirrors{
    .type = kMap, .description = "Registry, or \"*\", to its mirrors.", .items = &kMirror, .check_key = check_registry};
constexpr Schema kLogin{.description = "User of the registry."};
constexpr Schema kSecret{.description = "Secret of the registry.", .is_secret = true};
constexpr Field kAuthFields[] = {
    {"username", &kLogin}, {"password", &kSecret}, {"token", &kSecret}, {"auth", &kSecret}};
constexpr Schema kAuth{.type = kObject, .description = "How to log in.", .fields = kAuthFields};
constexpr Schema kTlsFile{.description = "A PEM file on the host.", .pattern = "^/.+$", .check = check_shell};
constexpr Schema kSkipVerify{.type = kFlag, .description = "Takes any certificate."};
constexpr Field kTlsFields[] = {
    {"ca_file", &kTlsFile}, {"cert_file", &kTlsFile}, {"key_file", &kTlsFile}, {"insecure_skip_verify", &kSkipVerify}};
constexpr Schema kTls{.type = kObject, .description = "Certificates.", .fields = kTlsFields};
constexpr Field kConfigFields[] = {{"auth", &kAuth}, {"tls", &kTls}};
constexpr Schema kConfig{
    .type = kObject, .description = "Login and certificates of a registry.", .fields = kConfigFields};
constexpr Schema kConfigs{.type = kMap,
                          .description = "Registry to its login and certificates.",
                          .items = &kConfig,
                          .check_key = check_registry};
constexpr Field kRegistriesFields[] = {{"mirrors", &kMirrors}, {"configs", &kConfigs}};
constexpr Schema kRegistries{.type = kObject,
                             .description = "Private registries and mirrors (/etc/rancher/k3s/registries.yaml).",
                             .fields = kRegistriesFields};

constexpr Schema kAddonName{.description = "Name of the addon and of its manifest.",
                            .example = "monitoring",
                            .pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                            .check = check_object_name};
constexpr Schema kManifest{
    .description = "Kubernetes objects in YAML, as a block (|).", .check = nullptr, .is_block = true};
constexpr Schema kChart{.description = "Name of the chart, or URL of its archive.", .example = "grafana"};
constexpr Schema kRepository{.description = "URL of the chart's repository.", .pattern = "^(https?|oci)://.+$"};
constexpr Schema kChartVersion{.description = "Version of the chart."};
constexpr Schema kChartContent{.description = "The chart's archive in base64: nothing is fetched.",
                               .pattern = "^[A-Za-z0-9+/=\\n ]+$",
                               .check = nullptr,
                               .is_block = true};
constexpr Schema kNamespace{.description = "Namespace that the chart goes to.",
                            .pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                            .check = check_object_name};
constexpr Schema kCreateNamespace{.type = kFlag, .description = "Makes the namespace when it is missing."};
constexpr Schema kValues{
    .description = "The chart's values in YAML, as a block (|).", .check = nullptr, .is_block = true};
constexpr Field kHelmFields[] = {{"chart", &kChart},
                                 {"repo", &kRepository},
                                 {"version", &kChartVersion},
                                 {"chartContent", &kChartContent},
                                 {"targetNamespace", &kNamespace},
                                 {"createNamespace", &kCreateNamespace},
                                 {"valuesContent", &kValues}};
constexpr Schema kHelm{.type = kObject, .description = "A Helm chart, installed by K3s.", .fields = kHelmFields};
constexpr Field kAddonFields[] = {{"name", &kAddonName, true}, {"manifest", &kManifest}, {"helmChart", &kHelm}};
constexpr Schema kAddon{.type = kObject, .description = "Either 'manifest' or 'helmChart'.", .fields = kAddonFields};
constexpr Schema kAddons{
    .type = kList, .description = "What K3s installs into the cluster by itself.", .items = &kAddon};

// Tables that contain the schema of files, which lives beside the operating system's.
struct Tables {
  Field config_fields[6] = {{"version", &kVersionText},        {"files", &files_schema()},
                            {"preK3sCommands", &kPreCommands}, {"postK3sCommands", &kPostCommands},
                            {"agentConfig", &kAgent},          {"serverConfig", &kServer}};
  Schema config{
      .type = kObject, .description = "The node's configuration (KThreesConfigSpec).", .fields = config_fields};
  Field flat_fields[7] = {config_fields[0],
                          config_fields[1],
                          config_fields[2],
                          config_fields[3],
                          config_fields[4],
                          config_fields[5],
                          {"kthreesConfigSpec", &config}};
  Schema flat{.type = kObject,
              .description = "Either the fields themselves, or all of them below kthreesConfigSpec.",
              .fields = flat_fields};
  Field template_fields[2] = {{"spec", &flat, true}, {"metadata", &kMetadata}};
  Schema machine_template{.type = kObject, .description = "The template's content.", .fields = template_fields};
  Field spec_fields[1] = {{"template", &machine_template, true}};
  Schema spec{.type = kObject, .description = "The template's content.", .fields = spec_fields};
  Field fields[7] = {{"kind", &kKind, true},   {"apiVersion", &kApiVersion, true}, {"spec", &spec, true},
                     {"metadata", &kMetadata}, {"registries", &kRegistries},       {"proxy", &proxy_schema()},
                     {"addons", &kAddons}};
  Schema kubernetes{.type = kObject, .description = "The cluster.", .fields = fields};
};

}  // namespace

const Schema& kubernetes_schema() {
  static const Tables tables;
  return tables.kubernetes;
}

}  // namespace slipway::standalone
