#include "calico/store/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "yaml/yaml.hpp"

namespace catflap::calico {
namespace {

/// All that the two kinds of files and the environment can say, as text.
struct Fields {
  std::string datastore_type, embedded_file;
  std::string endpoints, discovery, authority, scheme, username, password;
  std::string key_file, cert_file, ca_file, key, cert, ca;
  std::string kubernetes;  ///< any of the fields that only kubernetes has
};

enum class Shape : std::uint8_t { text, boolean, number };
constexpr unsigned kV3 = 1;
constexpr unsigned kV1 = 2;

struct Field {
  std::string_view name;         ///< in the file
  std::string_view environment;  ///< behind CALICO_; empty: not from there
  std::string Fields::*value;
  Shape shape = Shape::text;
  unsigned versions = kV3 | kV1;
  bool bare_environment = true;  ///< also without CALICO_
};

constexpr Field kFields[] = {
    {"datastoreType", "DATASTORE_TYPE", &Fields::datastore_type},
    {"embeddedFile", "EMBEDDED_FILE", &Fields::embedded_file},
    {"etcdEndpoints", "ETCD_ENDPOINTS", &Fields::endpoints},
    {"etcdDiscoverySrv", "ETCD_DISCOVERY_SRV", &Fields::discovery, Shape::text, kV3},
    {"etcdAuthority", "ETCD_AUTHORITY", &Fields::authority, Shape::text, kV1},
    {"etcdScheme", "ETCD_SCHEME", &Fields::scheme, Shape::text, kV1},
    {"etcdUsername", "ETCD_USERNAME", &Fields::username},
    {"etcdPassword", "ETCD_PASSWORD", &Fields::password},
    {"etcdKeyFile", "ETCD_KEY_FILE", &Fields::key_file},
    {"etcdCertFile", "ETCD_CERT_FILE", &Fields::cert_file},
    {"etcdCACertFile", "ETCD_CA_CERT_FILE", &Fields::ca_file},
    {"etcdKey", "", &Fields::key, Shape::text, kV3},
    {"etcdCert", "", &Fields::cert, Shape::text, kV3},
    {"etcdCACert", "", &Fields::ca, Shape::text, kV3},
    {"kubeconfig", "KUBECONFIG", &Fields::kubernetes, Shape::text, kV3 | kV1, false},
    {"kubeconfigInline", "", &Fields::kubernetes, Shape::text, kV3},
    {"k8sAPIEndpoint", "K8S_API_ENDPOINT", &Fields::kubernetes},
    {"k8sKeyFile", "K8S_KEY_FILE", &Fields::kubernetes},
    {"k8sCertFile", "K8S_CERT_FILE", &Fields::kubernetes},
    {"k8sCAFile", "K8S_CA_FILE", &Fields::kubernetes},
    {"k8sAPIToken", "K8SAPITOKEN", &Fields::kubernetes, Shape::text, kV3 | kV1, false},
    {"k8sCurrentContext", "", &Fields::kubernetes, Shape::text, kV3},
    {"k8sInsecureSkipTLSVerify", "", nullptr, Shape::boolean},
    {"k8sDisableNodePoll", "", nullptr, Shape::boolean},
    {"usePodCIDR", "", nullptr, Shape::boolean, kV3},
    {"k8sClientQPS", "", nullptr, Shape::number, kV3},
    {"k8sClientBurst", "", nullptr, Shape::number, kV3},
    {"calicoAPIGroup", "", nullptr, Shape::text, kV3},
};

/// Go's JSON finds fields in any case.
bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<std::string> variable(const Environment& environment, const Field& field) {
  if (const auto found = environment.find("CALICO_" + std::string(field.environment));
      found != environment.end()) {
    return found->second;
  }
  const auto found = environment.find(field.environment);
  return field.bare_environment && found != environment.end() ? std::optional(found->second) : std::nullopt;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> items;
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) {
      item.remove_prefix(1);
    }
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) {
      item.remove_suffix(1);
    }
    if (!item.empty()) {
      items.emplace_back(item);
    }
    if (comma == std::string_view::npos) {
      return items;
    }
    list.remove_prefix(comma + 1);
  }
}

Result<StoreConfig> etcd_config(const Fields& fields) {
  if (!fields.endpoints.empty() && !fields.discovery.empty()) {
    return fail(Errc::invalid,
                "multiple discovery or bootstrap options specified, use either \"etcdEndpoints\" or "
                "\"etcdDiscoverySrv\"");
  }
  if (!fields.discovery.empty()) {
    return fail(Errc::unsupported, "etcdDiscoverySrv is not supported: name the servers in etcdEndpoints");
  }
  StoreConfig config;
  config.type = StoreConfig::Type::etcd;
  config.endpoints = split(fields.endpoints);
  if (config.endpoints.empty()) {
    return fail(Errc::invalid, "no etcd endpoints specified");
  }
  const bool has_files = !fields.ca_file.empty() || !fields.cert_file.empty() || !fields.key_file.empty();
  const bool has_texts = !fields.ca.empty() || !fields.cert.empty() || !fields.key.empty();
  if (has_files && has_texts) {
    return fail(Errc::invalid, "Cannot mix inline certificate-key and certificate / key files");
  }
  if (!fields.username.empty() && !fields.password.empty()) {
    config.username = fields.username;
    config.password = fields.password;
  }
  config.ca_file = fields.ca_file;
  config.cert_file = fields.cert_file;
  config.key_file = fields.key_file;
  config.ca = fields.ca;
  config.cert = fields.cert;
  config.key = fields.key;
  return config;
}

Result<StoreConfig> resolve(Fields fields) {
  std::string type = fields.datastore_type;
  if (type.empty()) {
    type = !fields.endpoints.empty()    ? "etcdv3"
           : !fields.discovery.empty()  ? "etcdv3"
           : !fields.kubernetes.empty() ? "kubernetes"
                                        : "embedded";
  }
  if (type == "embedded") {
    StoreConfig config;
    config.embedded_file = fields.embedded_file;
    return config;
  }
  if (type == "etcdv3" || type == "etcdv2") {
    return etcd_config(fields);
  }
  if (type == "kubernetes") {
    return fail(
        Errc::unsupported,
        "datastoreType 'kubernetes' is not supported in a lab, which has no API server: use 'embedded' (with "
        "embeddedFile) or 'etcdv3' (with etcdEndpoints)");
  }
  return fail(Errc::invalid, fmt::format("unknown datastore type: {}; it is one of embedded, etcdv3", type));
}

/// v1 knows one server, and etcd's v2 unless told otherwise.
void default_v1(Fields& fields) {
  if (fields.datastore_type.empty()) {
    fields.datastore_type = "etcdv2";
  }
  if (fields.endpoints.empty()) {
    fields.endpoints = (fields.scheme.empty() ? "http" : fields.scheme) + "://" +
                       (fields.authority.empty() ? "127.0.0.1:2379" : fields.authority);
  }
}

tl::unexpected<Error> bad_json(std::string_view what) {
  return fail(
      Errc::invalid,
      fmt::format(
          "failed to parse config as YAML/JSON: error unmarshaling JSON: while decoding JSON: json: {}",
          what));
}

bool is_boolean(const yaml::Node& node) {
  return !node.quoted && (node.text == "true" || node.text == "false");
}

bool is_number(const yaml::Node& node) {
  return !node.quoted && !node.text.empty() &&
         node.text.find_first_not_of("0123456789.+-eE") == std::string::npos;
}

std::string_view go_kind(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Node::Kind::map:
      return "object";
    case yaml::Node::Kind::sequence:
      return "array";
    case yaml::Node::Kind::null:
      return "null";
    case yaml::Node::Kind::scalar:
      break;
  }
  return is_boolean(node) ? "bool" : is_number(node) ? "number" : "string";
}

Status read_field(const yaml::Entry& entry, unsigned version, Fields& fields) {
  const auto* const field = std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& each) {
    return (each.versions & version) != 0 && same_name(each.name, entry.key.text);
  });
  if (field == std::end(kFields)) {
    return bad_json(fmt::format("unknown field \"{}\"", entry.key.text));
  }
  const yaml::Node& value = entry.value;
  if (value.kind == yaml::Node::Kind::null) {
    return {};
  }
  const bool fits = value.kind == yaml::Node::Kind::scalar &&
                    (field->shape == Shape::text || (field->shape == Shape::boolean && is_boolean(value)) ||
                     (field->shape == Shape::number && is_number(value)));
  if (!fits) {
    constexpr std::string_view kTypes[] = {"string", "bool", "float32"};
    return bad_json(
        fmt::format("cannot unmarshal {} into Go struct field CalicoAPIConfigSpec.spec.{} of type {}",
                    go_kind(value), field->name, kTypes[static_cast<std::size_t>(field->shape)]));
  }
  if (field->value != nullptr && !value.text.empty()) {
    fields.*(field->value) = value.text;
  }
  return {};
}

Status read_problem(const yaml::Problem& problem) {
  if (problem.kind == yaml::Problem::Kind::duplicate_key) {
    return fail(Errc::invalid,
                fmt::format("failed to parse config as YAML/JSON: error converting YAML to JSON: yaml: "
                            "unmarshal errors:\n  line {}: key \"{}\" already set in map",
                            problem.where.line, problem.key));
  }
  return fail(
      Errc::invalid,
      fmt::format("failed to parse config as YAML/JSON: error converting YAML to JSON: yaml: line {}: {}",
                  problem.where.line, problem.message));
}

std::string text_of(const yaml::Node& document, std::string_view name) {
  const yaml::Node* node = document.find(name);
  return node != nullptr && node->kind == yaml::Node::Kind::scalar ? node->text : std::string();
}

Result<StoreConfig> read_document(const yaml::Node& document) {
  if (document.kind != yaml::Node::Kind::map && document.kind != yaml::Node::Kind::null) {
    return bad_json(fmt::format("cannot unmarshal {} into Go value of type apiconfig.CalicoAPIConfig",
                                go_kind(document)));
  }
  const std::string version = text_of(document, "apiVersion");
  const std::string kind = text_of(document, "kind");
  const bool is_v1 = version == "v1";
  Fields fields;
  for (const yaml::Entry& entry : document.entries) {
    const std::string& name = entry.key.text;
    if (name == "spec") {
      for (const yaml::Entry& each : entry.value.entries) {
        if (Status read = read_field(each, is_v1 ? kV1 : kV3, fields); !read) {
          return fail(read.error());
        }
      }
      if (entry.value.kind == yaml::Node::Kind::scalar || entry.value.kind == yaml::Node::Kind::sequence) {
        return bad_json(
            fmt::format("cannot unmarshal {} into Go struct field CalicoAPIConfig.spec of type "
                        "apiconfig.CalicoAPIConfigSpec",
                        go_kind(entry.value)));
      }
    } else if (name != "apiVersion" && name != "kind" && name != "metadata") {
      return bad_json(fmt::format("unknown field \"{}\"", name));
    }
  }
  if (!is_v1 && version != "projectcalico.org/v3") {
    return fail(Errc::invalid, fmt::format("invalid config file: unknown APIVersion '{}'", version));
  }
  const std::string_view expected = is_v1 ? "calicoApiConfig" : "CalicoAPIConfig";
  if (kind != expected) {
    return fail(Errc::invalid,
                fmt::format("invalid config file: expected kind '{}', got '{}'", expected, kind));
  }
  if (is_v1) {
    default_v1(fields);
  }
  return resolve(std::move(fields));
}

}  // namespace

Result<StoreConfig> read_store_config(std::string_view text, std::string_view file) {
  std::vector<yaml::Problem> problems;
  const std::vector<yaml::Node> documents = yaml::parse(text, file, {}, problems);
  Result<StoreConfig> config = StoreConfig();
  if (!problems.empty()) {
    config = fail(read_problem(problems.front()).error());
  } else {
    config = read_document(documents.empty() ? yaml::Node() : documents.front());
  }
  if (!config && config.error().code == Errc::invalid &&
      (config.error().message.starts_with("failed to parse") ||
       config.error().message.starts_with("invalid config"))) {
    return fail(std::move(config.error()).context(fmt::format("syntax error in {}", file)));
  }
  return config;
}

Result<StoreConfig> read_store_config(const Environment& environment) {
  Fields fields;
  for (const Field& field : kFields) {
    if (field.environment.empty()) {
      continue;
    }
    if (std::optional<std::string> value = variable(environment, field); value && !value->empty()) {
      fields.*(field.value) = std::move(*value);
    }
  }
  if (fields.endpoints.empty() && !fields.authority.empty()) {
    fields.endpoints = (fields.scheme.empty() ? "http" : fields.scheme) + "://" + fields.authority;
  }
  return resolve(std::move(fields));
}

}  // namespace catflap::calico
