#include <pybind11/operators.h>

#include "bind.hpp"
#include "topology/generate.hpp"
#include "topology/load.hpp"
#include "topology/topology.hpp"

namespace catflap::python {
namespace {

using expect::SpeakerKind;
using topology::Topology;
using Texts = std::vector<std::string>;

SpeakerKind to_speaker(const std::string& text) {
  const auto kind = expect::parse_speaker_kind(text);
  if (!kind) {
    throw invalid("unknown speaker '" + text +
                  "'; there are self, bird, bird1, frr, gobgp, openbgpd and none");
  }
  return *kind;
}

topology::Timers to_timers(const std::string& text) {
  if (text != "fast" && text != "normal") {
    throw invalid("unknown timers '" + text + "'; there are fast and normal");
  }
  return text == "fast" ? topology::Timers::fast : topology::Timers::normal;
}

topology::Node& require_node(Topology& topology, const std::string& name) {
  topology::Node* const node = topology.node(name);
  if (node == nullptr) {
    throw invalid("no node " + name + " in topology " + topology.name);
  }
  return *node;
}

void set_defaults(Topology& self, const std::optional<std::string>& speaker,
                  const std::optional<std::string>& timers, std::optional<std::uint32_t> mtu) {
  if (speaker) {
    self.defaults.speaker = to_speaker(*speaker);
  }
  if (timers) {
    self.defaults.timers = to_timers(*timers);
  }
  if (mtu) {
    self.defaults.mtu = mtu;
  }
}

void add_node(Topology& self, const std::string& name, std::optional<std::uint32_t> bgp,
              const Texts& announce, const Texts& lo, const std::optional<std::string>& speaker,
              const std::optional<std::string>& timers, const std::optional<std::string>& router_id,
              const std::string& config, const std::map<std::string, std::string>& sysctl,
              const std::map<std::string, std::string>& env) {
  topology::Node node;
  node.name = name;
  node.bgp = bgp;
  node.announce = parse_all<net::Prefix>(announce);
  node.lo = parse_all<net::InterfaceAddress>(lo);
  if (speaker) {
    node.speaker = to_speaker(*speaker);
  }
  if (timers) {
    node.timers = to_timers(*timers);
  }
  if (router_id) {
    const net::IpAddr id = unwrap(net::IpAddr::parse(*router_id));
    if (!id.is_v4()) {
      throw invalid("router_id must look like 10.255.0.1, not " + *router_id);
    }
    node.router_id = id.v4_value();
  }
  node.config = config;
  node.sysctl = sysctl;
  node.env = env;
  self.nodes.push_back(std::move(node));
}

void set_peer(Topology& self, const std::string& name, const std::string& peer,
              std::optional<std::uint32_t> expected_as, std::optional<std::uint32_t> local_as, bool passive,
              bool disabled, const std::string& password, std::optional<double> hold,
              std::optional<double> keepalive, std::optional<double> connect_retry, bool rr_client,
              bool next_hop_self, const Texts& import_only, const Texts& export_only) {
  topology::PeerOptions options;
  options.as = expected_as;
  options.local_as = local_as;
  options.passive = passive;
  options.disabled = disabled;
  options.password = password;
  options.hold = to_duration(hold);
  options.keepalive = to_duration(keepalive);
  options.connect_retry = to_duration(connect_retry);
  options.rr_client = rr_client;
  options.next_hop_self = next_hop_self;
  options.import_only = parse_all<net::Prefix>(import_only);
  options.export_only = parse_all<net::Prefix>(export_only);
  require_node(self, name).peers[peer] = std::move(options);
}

void add_link(Topology& self, const std::string& a, const std::string& b, const std::string& a_interface,
              const std::string& b_interface, const Texts& a_addresses, const Texts& b_addresses,
              const Texts& subnets, std::optional<std::uint32_t> mtu, bool bgp) {
  topology::Link link;
  link.ends[0] = {a, a_interface, parse_all<net::InterfaceAddress>(a_addresses), {}};
  link.ends[1] = {b, b_interface, parse_all<net::InterfaceAddress>(b_addresses), {}};
  link.subnets = parse_all<net::Prefix>(subnets);
  link.mtu = mtu;
  link.bgp = bgp;
  self.links.push_back(std::move(link));
}

template <class T, class F>
Texts names_of(const std::vector<T>& items, F name) {
  Texts names;
  for (const T& item : items) {
    names.push_back(name(item));
  }
  return names;
}

Texts problems(const Topology& self) {
  return names_of(topology::validate(self), [](const auto& d) { return topology::to_string(d); });
}

std::vector<std::pair<std::string, std::map<std::string, std::string>>> combinations(const Topology& self) {
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> out;
  for (const topology::Combination& one : topology::combinations(self)) {
    std::map<std::string, std::string> speakers;
    for (const auto& [node, kind] : one.speakers) {
      speakers[node] = expect::to_string(kind);
    }
    out.emplace_back(one.name, std::move(speakers));
  }
  return out;
}

Topology with_speakers(const Topology& self, const std::map<std::string, std::string>& speakers) {
  std::map<std::string, SpeakerKind> kinds;
  for (const auto& [node, text] : speakers) {
    if (self.node(node) == nullptr) {
      throw invalid("no node " + node + " in topology " + self.name);
    }
    kinds[node] = to_speaker(text);
  }
  return topology::with_speakers(self, kinds);
}

void bind_shapes(py::module_& module) {
  module.def("chain", &topology::chain, py::arg("nodes"));
  module.def("ring", &topology::ring, py::arg("nodes"));
  module.def("full_mesh", &topology::full_mesh, py::arg("nodes"));
  module.def("star", &topology::star, py::arg("leaves"));
  module.def(
      "clos",
      [](std::uint32_t spines, std::uint32_t leaves, std::uint32_t spine_as, std::uint32_t leaf_as_first) {
        return topology::clos({spines, leaves, spine_as, leaf_as_first});
      },
      py::arg("spines"), py::arg("leaves"), py::arg("spine_as"), py::arg("leaf_as_first"));
  module.def(
      "load", [](const std::string& path) { return load(path); }, py::arg("path"));
  module.def("load_text", &load_text, py::arg("yaml"), py::arg("name"));
  module.def("json_schema", &topology::json_schema);
}

}  // namespace

void bind_topology(py::module_& module) {
  py::class_<Topology>(module, "Topology")
      .def(py::init([](std::string name) {
             Topology made;
             made.name = std::move(name);
             return made;
           }),
           py::arg("name"))
      .def_readonly("name", &Topology::name)
      .def_readonly("description", &Topology::description)
      .def_readonly("file", &Topology::file)
      .def("set_defaults", &set_defaults, py::arg("speaker"), py::arg("timers"), py::arg("mtu"))
      .def("add_node", &add_node, py::arg("name"), py::arg("bgp"), py::arg("announce"), py::arg("lo"),
           py::arg("speaker"), py::arg("timers"), py::arg("router_id"), py::arg("config"), py::arg("sysctl"),
           py::arg("env"))
      .def("set_peer", &set_peer, py::arg("node"), py::arg("peer"), py::arg("expected_as"),
           py::arg("local_as"), py::arg("passive"), py::arg("disabled"), py::arg("password"), py::arg("hold"),
           py::arg("keepalive"), py::arg("connect_retry"), py::arg("rr_client"), py::arg("next_hop_self"),
           py::arg("import_only"), py::arg("export_only"))
      .def("add_link", &add_link, py::arg("a"), py::arg("b"), py::arg("a_interface"), py::arg("b_interface"),
           py::arg("a_addresses"), py::arg("b_addresses"), py::arg("subnets"), py::arg("mtu"), py::arg("bgp"))
      .def("node_names",
           [](const Topology& self) { return names_of(self.nodes, [](const auto& n) { return n.name; }); })
      .def("speaking_nodes",
           [](const Topology& self) {
             Texts names;
             for (const topology::Node& node : self.nodes) {
               if (node.speaker.value_or(self.defaults.speaker) != SpeakerKind::none) {
                 names.push_back(node.name);
               }
             }
             return names;
           })
      .def("link_names",
           [](const Topology& self) {
             return names_of(self.links, [](const auto& l) { return topology::to_string(l); });
           })
      .def("problems", &problems)
      .def("require_valid", &require_valid)
      .def("combinations", &combinations)
      .def("with_speakers", &with_speakers, py::arg("speakers"))
      .def("to_yaml", &topology::to_yaml)
      .def("copy", [](const Topology& self) { return self; })
      .def(py::self == py::self);
  bind_shapes(module);
}

}  // namespace catflap::python
