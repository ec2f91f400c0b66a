#include "calico/store/config.hpp"

#include <gtest/gtest.h>

#include <string>

namespace catflap::calico {
namespace {

using Type = StoreConfig::Type;

std::string v3(std::string_view spec) {
  return "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n" + std::string(spec);
}

TEST(StoreConfigFile, NamesTheServersOfEtcdAndItsCertificates) {
  const auto config = read_store_config(v3(R"(  datastoreType: "etcdv3"
  etcdEndpoints: "https://172.100.102.71:2379, https://172.100.102.72:2379, https://172.100.102.73:2379"
  etcdKeyFile: "/etc/calico/calico-etcd.key"
  etcdCertFile: "/etc/calico/calico-etcd.crt"
  etcdCACertFile: "/etc/calico/cacert.pem"
)"),
                                        "calicoctl.cfg");
  ASSERT_TRUE(config.has_value()) << to_string(config.error());
  StoreConfig expected;
  expected.type = Type::etcd;
  expected.endpoints = {"https://172.100.102.71:2379", "https://172.100.102.72:2379",
                        "https://172.100.102.73:2379"};
  expected.key_file = "/etc/calico/calico-etcd.key";
  expected.cert_file = "/etc/calico/calico-etcd.crt";
  expected.ca_file = "/etc/calico/cacert.pem";
  EXPECT_EQ(*config, expected);
}

TEST(StoreConfigFile, HoldsCertificatesItself) {
  const auto config =
      read_store_config(v3("  etcdEndpoints: https://a:1\n"
                           "  etcdCACert: |\n    -----BEGIN\n    x\n"
                           "  etcdCert: c\n  etcdKey: k\n  etcdUsername: u\n  etcdPassword: 1234\n"),
                        "f");
  ASSERT_TRUE(config.has_value()) << to_string(config.error());
  EXPECT_EQ(config->ca, "-----BEGIN\nx\n");
  EXPECT_EQ(config->cert, "c");
  EXPECT_EQ(config->key, "k");
  EXPECT_EQ(config->username, "u");
  EXPECT_EQ(config->password, "1234");
}

struct FileCase {
  const char* name;
  std::string text;
  StoreConfig expected;
};
class StoreConfigFiles : public testing::TestWithParam<FileCase> {};

TEST_P(StoreConfigFiles, AreRead) {
  const auto config = read_store_config(GetParam().text, "f");
  ASSERT_TRUE(config.has_value()) << to_string(config.error());
  EXPECT_EQ(*config, GetParam().expected);
}

StoreConfig etcd(std::vector<std::string> endpoints) {
  StoreConfig config;
  config.type = Type::etcd;
  config.endpoints = std::move(endpoints);
  return config;
}
StoreConfig embedded(std::string file) {
  StoreConfig config;
  config.embedded_file = std::move(file);
  return config;
}

INSTANTIATE_TEST_SUITE_P(
    Table, StoreConfigFiles,
    testing::Values(
        FileCase{"nothing_said", v3(""), embedded("")},
        FileCase{"embedded", v3("  datastoreType: embedded\n  embeddedFile: /x/y.db\n"), embedded("/x/y.db")},
        FileCase{"etcd_by_its_endpoints", v3("  etcdEndpoints: http://a:1,,http://b:2,\n"),
                 etcd({"http://a:1", "http://b:2"})},
        FileCase{"embedded_although_there_are_endpoints",
                 v3("  datastoreType: embedded\n  etcdEndpoints: http://a:1\n"), embedded("")},
        FileCase{"names_in_any_case", v3("  ETCDENDPOINTS: http://a:1\n"), etcd({"http://a:1"})},
        FileCase{
            "json",
            R"({"apiVersion":"projectcalico.org/v3","kind":"CalicoAPIConfig","spec":{"etcdEndpoints":"a:1"}})",
            etcd({"a:1"})},
        FileCase{"fields_of_kubernetes_beside_etcd",
                 v3("  datastoreType: etcdv3\n  etcdEndpoints: a:1\n  k8sInsecureSkipTLSVerify: true\n"
                    "  k8sClientQPS: 5\n  kubeconfig:\n"),
                 etcd({"a:1"})},
        FileCase{"a_user_without_a_password", v3("  etcdEndpoints: a:1\n  etcdUsername: u\n"), etcd({"a:1"})},
        FileCase{"v1",
                 "apiVersion: v1\nkind: calicoApiConfig\nmetadata:\nspec:\n  etcdAuthority: 10.0.0.1:4001\n",
                 etcd({"http://10.0.0.1:4001"})},
        FileCase{"v1_defaults", "apiVersion: v1\nkind: calicoApiConfig\n", etcd({"http://127.0.0.1:2379"})},
        FileCase{"v1_scheme", "apiVersion: v1\nkind: calicoApiConfig\nspec:\n  etcdScheme: https\n",
                 etcd({"https://127.0.0.1:2379"})},
        FileCase{"v1_endpoints",
                 "apiVersion: v1\nkind: calicoApiConfig\nspec:\n  datastoreType: etcdv2\n"
                 "  etcdEndpoints: https://a:1,https://b:1\n",
                 etcd({"https://a:1", "https://b:1"})},
        FileCase{"v1_embedded", "apiVersion: v1\nkind: calicoApiConfig\nspec:\n  datastoreType: embedded\n",
                 embedded("")}),
    [](const auto& each) { return std::string(each.param.name); });

struct BadFileCase {
  const char* name;
  std::string text;
  Errc code;
  const char* message;
};
class BadStoreConfigFiles : public testing::TestWithParam<BadFileCase> {};

TEST_P(BadStoreConfigFiles, SayWhy) {
  const auto config = read_store_config(GetParam().text, "/etc/calico/calicoctl.cfg");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, GetParam().code);
  EXPECT_EQ(config.error().message, GetParam().message);
}

#define SYNTAX "syntax error in /etc/calico/calicoctl.cfg: "
#define JSON \
  SYNTAX "failed to parse config as YAML/JSON: error unmarshaling JSON: while decoding JSON: json: "
INSTANTIATE_TEST_SUITE_P(
    Table, BadStoreConfigFiles,
    testing::Values(
        BadFileCase{"empty", "", Errc::invalid, SYNTAX "invalid config file: unknown APIVersion ''"},
        BadFileCase{"version", "apiVersion: v2\nkind: CalicoAPIConfig\n", Errc::invalid,
                    SYNTAX "invalid config file: unknown APIVersion 'v2'"},
        BadFileCase{"kind", "apiVersion: projectcalico.org/v3\nkind: Node\n", Errc::invalid,
                    SYNTAX "invalid config file: expected kind 'CalicoAPIConfig', got 'Node'"},
        BadFileCase{"kind_of_v1", "apiVersion: v1\nkind: CalicoAPIConfig\n", Errc::invalid,
                    SYNTAX "invalid config file: expected kind 'calicoApiConfig', got 'CalicoAPIConfig'"},
        BadFileCase{"unknown_field", v3("  etcdEndpoint: http://a:1\n"), Errc::invalid,
                    JSON "unknown field \"etcdEndpoint\""},
        BadFileCase{"unknown_part", "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nSpecs: {}\n",
                    Errc::invalid, JSON "unknown field \"Specs\""},
        BadFileCase{"field_of_v1_in_v3", v3("  etcdAuthority: a:1\n"), Errc::invalid,
                    JSON "unknown field \"etcdAuthority\""},
        BadFileCase{
            "list_for_text", v3("  etcdEndpoints: [a, b]\n"), Errc::invalid,
            JSON "cannot unmarshal array into Go struct field CalicoAPIConfigSpec.spec.etcdEndpoints of type "
                 "string"},
        BadFileCase{
            "text_for_bool", v3("  k8sDisableNodePoll: often\n"), Errc::invalid,
            JSON "cannot unmarshal string into Go struct field CalicoAPIConfigSpec.spec.k8sDisableNodePoll "
                 "of type bool"},
        BadFileCase{"list_for_spec", "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nspec: []\n",
                    Errc::invalid,
                    JSON "cannot unmarshal array into Go struct field CalicoAPIConfig.spec of type "
                         "apiconfig.CalicoAPIConfigSpec"},
        BadFileCase{"text_alone", "hello", Errc::invalid,
                    JSON "cannot unmarshal string into Go value of type apiconfig.CalicoAPIConfig"},
        BadFileCase{"twice", v3("  etcdUsername: a\n  etcdUsername: b\n"), Errc::invalid,
                    SYNTAX
                    "failed to parse config as YAML/JSON: error converting YAML to JSON: yaml: unmarshal "
                    "errors:\n  line 6: key \"etcdUsername\" already set in map"},
        BadFileCase{"mixed", v3("  etcdEndpoints: a:1\n  etcdKeyFile: /k\n  etcdCert: c\n"), Errc::invalid,
                    "Cannot mix inline certificate-key and certificate / key files"},
        BadFileCase{"no_endpoints", v3("  datastoreType: etcdv3\n"), Errc::invalid,
                    "no etcd endpoints specified"},
        BadFileCase{"two_ways", v3("  etcdEndpoints: a:1\n  etcdDiscoverySrv: example.org\n"), Errc::invalid,
                    "multiple discovery or bootstrap options specified, use either \"etcdEndpoints\" or "
                    "\"etcdDiscoverySrv\""},
        BadFileCase{"discovery", v3("  etcdDiscoverySrv: example.org\n"), Errc::unsupported,
                    "etcdDiscoverySrv is not supported: name the servers in etcdEndpoints"},
        BadFileCase{
            "kubernetes", v3("  datastoreType: kubernetes\n  kubeconfig: /root/.kube/config\n"),
            Errc::unsupported,
            "datastoreType 'kubernetes' is not supported in a lab, which has no API server: use 'embedded' "
            "(with embeddedFile) or 'etcdv3' (with etcdEndpoints)"},
        BadFileCase{
            "kubernetes_by_its_fields", v3("  kubeconfig: /root/.kube/config\n"), Errc::unsupported,
            "datastoreType 'kubernetes' is not supported in a lab, which has no API server: use 'embedded' "
            "(with embeddedFile) or 'etcdv3' (with etcdEndpoints)"},
        BadFileCase{"unknown_type", v3("  datastoreType: consul\n"), Errc::invalid,
                    "unknown datastore type: consul; it is one of embedded, etcdv3"}),
    [](const auto& each) { return std::string(each.param.name); });
#undef JSON
#undef SYNTAX

TEST(StoreConfigFile, ThatIsNoYamlNamesTheLine) {
  const auto config = read_store_config("apiVersion: projectcalico.org/v3\nkind: [\n", "f");
  ASSERT_FALSE(config.has_value());
  EXPECT_TRUE(config.error().message.starts_with(
      "syntax error in f: failed to parse config as YAML/JSON: error converting YAML to JSON: yaml: line "))
      << config.error().message;
}

TEST(StoreConfigEnvironment, IsReadWithItsPrefixFirst) {
  const auto config = read_store_config(Environment{{"ETCD_ENDPOINTS", "http://a:1"},
                                                    {"CALICO_ETCD_ENDPOINTS", "https://b:1, https://c:1"},
                                                    {"ETCD_USERNAME", "u"},
                                                    {"CALICO_ETCD_PASSWORD", "p"},
                                                    {"ETCD_KEY_FILE", "/k"},
                                                    {"ETCD_CERT_FILE", "/c"},
                                                    {"ETCD_CA_CERT_FILE", "/ca"},
                                                    {"ETCD_KEY", "never from here"}});
  ASSERT_TRUE(config.has_value()) << to_string(config.error());
  StoreConfig expected = etcd({"https://b:1", "https://c:1"});
  expected.username = "u";
  expected.password = "p";
  expected.key_file = "/k";
  expected.cert_file = "/c";
  expected.ca_file = "/ca";
  EXPECT_EQ(*config, expected);
}

TEST(StoreConfigEnvironment, HidesAVariableBehindAnEmptyOneWithThePrefix) {
  const auto config =
      read_store_config(Environment{{"ETCD_ENDPOINTS", "http://a:1"}, {"CALICO_ETCD_ENDPOINTS", ""}});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(*config, embedded(""));
}

TEST(StoreConfigEnvironment, HasDefaults) {
  EXPECT_EQ(read_store_config(Environment{}).value(), embedded(""));
  EXPECT_EQ(read_store_config(Environment{{"KUBECONFIG", "/root/.kube/config"}}).value(), embedded(""));
  EXPECT_EQ(read_store_config(Environment{{"EMBEDDED_FILE", "/x.db"}}).value(), embedded("/x.db"));
  EXPECT_EQ(read_store_config(Environment{{"ETCD_AUTHORITY", "10.0.0.1:2379"}}).value(),
            etcd({"http://10.0.0.1:2379"}));
  EXPECT_EQ(read_store_config(Environment{{"DATASTORE_TYPE", "etcdv3"}}).error().message,
            "no etcd endpoints specified");
  EXPECT_EQ(read_store_config(Environment{{"CALICO_KUBECONFIG", "/x"}}).error().code, Errc::unsupported);
  EXPECT_EQ(read_store_config(Environment{{"DATASTORE_TYPE", "kubernetes"}}).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace catflap::calico
