#include <algorithm>
#include <array>

#include "birdlang/parser.hpp"

/// The words that BIRD keeps for itself, with those of protocols that we do not have: nothing can be named
/// so.
namespace catflap::birdlang {
namespace {

// clang-format off
constexpr std::array<std::string_view, 378> kBoth{
    "accept", "action", "add", "address", "administrative", "advertise", "after", "algorithm", "all",
    "allow", "always", "area", "as", "as4", "attributes", "auth", "authentication", "aware", "base",
    "bcast", "bfd", "bgp", "bgp_aggregator", "bgp_atomic_aggr", "bgp_cluster_list", "bgp_community",
    "bgp_ext_community", "bgp_large_community", "bgp_local_pref", "bgp_med", "bgp_next_hop", "bgp_origin",
    "bgp_originator_id", "bgp_path", "bgpmask", "bgppath", "blackhole", "block", "bool", "broadcast",
    "buffer", "bug", "capabilities", "case", "cease", "change", "check", "class", "client", "clist",
    "cluster", "collision", "commands", "communities", "configuration", "configure", "confirm", "connect",
    "connection", "contains", "cost", "cost2", "count", "cryptographic", "dead", "debug", "deconfigured",
    "default", "define", "defined", "delay", "delete", "description", "dest", "deterministic", "dev",
    "device", "direct", "disable", "disabled", "down", "drop", "dscp", "dump", "ec", "echo", "eclist",
    "ecmp", "eligible", "else", "empty", "enable", "error", "eval", "events", "export", "extended",
    "external", "false", "fatal", "filename", "filter", "filtered", "filters", "first", "flush", "for",
    "forget", "from", "function", "garbage", "gateway", "generate", "generic", "global", "graceful", "gw",
    "hello", "hidden", "hit", "hmac", "hold", "hop", "horizon", "id", "idle", "if", "ifindex", "ifname",
    "ignore", "igp", "igp_metric", "import", "in", "infinity", "info", "instance", "int", "interface",
    "interfaces", "interpret", "interval", "ip", "ipv4", "iso", "keep", "keepalive", "kernel", "keyed",
    "krt_advmss", "krt_cwnd", "krt_feature_allfrag", "krt_feature_ecn", "krt_hoplimit", "krt_initcwnd",
    "krt_initrwnd", "krt_lock_advmss", "krt_lock_cwnd", "krt_lock_hoplimit", "krt_lock_mtu",
    "krt_lock_reordering", "krt_lock_rto_min", "krt_lock_rtt", "krt_lock_rttvar", "krt_lock_sstresh",
    "krt_lock_window", "krt_metric", "krt_mtu", "krt_prefsrc", "krt_quickack", "krt_realm",
    "krt_reordering", "krt_rto_min", "krt_rtt", "krt_rttvar", "krt_scope", "krt_source", "krt_sstresh",
    "krt_window", "large", "last", "last_nonaggregated", "latency", "lc", "lclist", "learn", "len",
    "length", "limit", "link", "lived", "lladdr", "local", "log", "long", "lsa", "lsadb", "lsid", "mask",
    "match", "max", "md5", "med", "memory", "merge", "messages", "meticulous", "metric", "min", "missing",
    "mode", "mrt", "mrtdump", "ms", "multicast", "multihop", "multiplier", "name", "nbma", "neighbor",
    "neighbors", "net", "netmask", "networks", "next", "no", "noexport", "nonbroadcast", "none", "normal",
    "nssa", "of", "off", "older", "on", "only", "ospf", "ospf_metric1", "ospf_metric2", "ospf_router_id",
    "ospf_tag", "out", "packets", "pair", "passive", "password", "passwords", "path", "paths", "period",
    "persist", "pipe", "plaintext", "pointomultipoint", "pointopoint", "poison", "poll", "port",
    "preexport", "prefer", "preference", "prefix", "prepend", "primary", "print", "printn", "priority",
    "prohibit", "proto", "protocol", "protocols", "ptmp", "ptp", "quad", "real", "receive", "recursive",
    "refresh", "reject", "rejected", "reload", "remote", "reset", "resources", "restart", "restrict",
    "retransmit", "retry", "return", "reverse", "rfc1583compat", "rip", "rip_metric", "rip_tag", "ro",
    "roa_check", "route", "router", "routes", "rr", "rs", "rt", "rx", "s", "scan", "scope", "secondary",
    "security", "self", "sessions", "set", "setkey", "sha1", "sha256", "sha384", "sha512", "short", "show",
    "shutdown", "simple", "sockets", "soft", "sorted", "source", "split", "stability", "stale", "start",
    "startup", "state", "states", "static", "stats", "status", "stderr", "strict", "string", "stub",
    "stubnet", "summary", "suppression", "symbols", "syslog", "table", "tag", "template", "then", "tick",
    "time", "timeformat", "timeout", "to", "topology", "trace", "translator", "transmit", "true", "ttl",
    "tx", "type", "undo", "unknown", "unreachable", "unset", "update", "us", "version", "via", "virtual",
    "vrf", "wait", "warn", "warning", "watchdog", "weight", "where", "yes", "zero",
};
constexpr std::array<std::string_view, 9> kBird1{
    "dual", "listen", "multipath", "opaque", "peer", "quitbird", "roa", "transparent", "v6only",
};
constexpr std::array<std::string_view, 149> kBird2{
    "aigp", "asn", "attribute", "autonomous", "babel", "babel_metric", "bgp_aigp", "bgp_otc", "bind",
    "bird", "blake2b256", "blake2b512", "blake2s128", "blake2s256", "bt_assert", "bt_check_assign",
    "bt_test_same", "bt_test_suite", "by", "channels", "circuit", "code", "confederation", "config",
    "current", "data", "data1", "data2", "demand", "digits", "dnssl", "do", "domain", "dont_fragment",
    "dport", "dst", "dynamic", "ebgp", "enforce", "entries", "exit", "exp", "expire", "exported",
    "first_fragment", "flags", "flow4", "flow6", "format", "fragment", "free", "gc", "gw_mpls", "header",
    "help", "high", "hostname", "ibgp", "icmp", "internal", "ipv4_mc", "ipv4_mpls", "ipv6", "ipv6_mc",
    "ipv6_mpls", "ipv6_sadr", "is_fragment", "is_v4", "is_v6", "key", "label", "last_fragment", "lifetime",
    "linger", "low", "mac", "managed", "mandatory", "maxlen", "medium", "member", "mpls", "mtu", "mult",
    "netlink", "ng", "ns", "offset", "onlink", "originate", "other", "pe", "perf", "permissive",
    "preferred", "pri", "private", "propagate", "public", "quit", "ra", "ra_lifetime", "ra_preference",
    "radv", "randomize", "range", "rd", "rdnss", "reachable", "repeat", "require", "retrans", "rfc5838",
    "roa4", "roa6", "roles", "rpki", "rxcost", "sadr", "sec", "sensitive", "sets", "settle", "skip",
    "solicited", "sport", "src", "ssh", "tcp", "threshold", "timer", "transport", "trie", "trigger",
    "unicast", "user", "v2", "v3", "valid", "validate", "vpn", "vpn4", "vpn4_mc", "vpn4_mpls", "vpn6",
    "vpn6_mc", "vpn6_mpls", "wired", "wireless",
};
// clang-format on

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::binary_search(words.begin(), words.end(), word);
}

}  // namespace

bool is_keyword(std::string_view word, Dialect dialect) {
  return holds(kBoth, word) || (dialect == Dialect::bird1 ? holds(kBird1, word) : holds(kBird2, word));
}

}  // namespace catflap::birdlang
