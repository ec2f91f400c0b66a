#include "lab/plumbing.hpp"

#include <utility>

namespace catflap::lab {
namespace {

using Nodes = std::map<std::string, NodeNet>;

netlink::LinkSpec spec_of(const expect::WiredInterface& interface) {
  netlink::LinkSpec spec;
  spec.name = interface.name;
  spec.mac = interface.mac;
  spec.mtu = interface.mtu;
  return spec;
}

Status open_namespaces(const expect::Wiring& wiring, Nodes& nodes) {
  auto& executor = sys::netns::Executor::shared();
  auto handles = executor.create_many(wiring.nodes.size());
  if (!handles) {
    Error error = std::move(handles.error());
    if (error.code == Errc::denied) {
      error.message +=
          "; labs are network namespaces: run as root (sudo), or in a container with --privileged";
    }
    return fail(std::move(error));
  }
  return executor.run([&]() -> Status {
    for (std::size_t i = 0; i < wiring.nodes.size(); ++i) {
      const expect::WiredNode& node = wiring.nodes[i];
      NodeNet net;
      net.ns = std::make_shared<const sys::netns::Handle>(std::move((*handles)[i]));
      auto socket = netlink::Socket::open(executor, *net.ns);
      if (!socket) {
        return fail(std::move(socket.error()).context("node " + node.name));
      }
      net.netlink = std::make_unique<netlink::Socket>(std::move(*socket));
      // Before the links are made: "default" of these settings counts at the creation of an interface.
      for (const auto& [key, value] : node.sysctl) {
        if (auto written = executor.write_sysctl(*net.ns, key, value); !written) {
          return fail(std::move(written.error()).context("node " + node.name + ": sysctl " + key));
        }
      }
      nodes.emplace(node.name, std::move(net));
    }
    return {};
  });
}

/// The first failure of a batch as an error.
Status commit(NodeNet& node, netlink::Batch& batch, const std::string& context) {
  return with_context(node.netlink->commit_all(batch), context);
}

Status make_links(const expect::Wiring& wiring, Nodes& nodes) {
  std::map<std::string, netlink::Batch> batches;
  for (const expect::WiredLink& link : wiring.links) {
    const auto& [here, there] = link.ends;
    batches[here.node].add_veth(spec_of(here), spec_of(there), *nodes.at(there.node).ns);
  }
  for (auto& [name, batch] : batches) {
    if (auto done = commit(nodes.at(name), batch, "node " + name); !done) {
      return done;
    }
  }
  return {};
}

/// Marks, brings up and addresses the interfaces of a node. Needs the indices, which exist only now.
Status set_up(const std::vector<const expect::WiredInterface*>& interfaces, const std::string& instance,
              const expect::WiredNode& node, NodeNet& net) {
  netlink::Batch batch;
  netlink::LinkChange up;
  up.up = true;
  batch.set_link("lo", up);
  std::map<std::string, netlink::IfIndex> indices;
  auto links = net.netlink->links();
  if (!links) {
    return fail(std::move(links.error()).context("node " + node.name));
  }
  for (const netlink::LinkInfo& link : *links) {
    indices[link.name] = link.index;
  }
  for (const net::InterfaceAddress& address : node.lo) {
    batch.add_address(indices.at("lo"), address);
  }
  for (const expect::WiredInterface* interface : interfaces) {
    const auto index = indices.find(interface->name);
    if (index == indices.end()) {
      return fail(Errc::not_found,
                  "node " + node.name + ": interface " + interface->name + " has not appeared");
    }
    netlink::LinkChange change;
    change.up = true;
    change.alias = "catflap:" + instance;
    for (const net::InterfaceAddress& address : interface->addresses) {
      batch.add_address(index->second, address);
    }
    batch.set_link(index->second, change);
  }
  return commit(net, batch, "node " + node.name);
}

}  // namespace

Result<Nodes> build_network(const expect::Wiring& wiring, const std::string& instance) {
  Nodes nodes;
  if (auto done = open_namespaces(wiring, nodes); !done) {
    return fail(std::move(done.error()));
  }
  if (auto done = make_links(wiring, nodes); !done) {
    return fail(std::move(done.error()));
  }
  std::map<std::string, std::vector<const expect::WiredInterface*>> interfaces;
  for (const expect::WiredLink& link : wiring.links) {
    for (const expect::WiredInterface& end : link.ends) {
      interfaces[end.node].push_back(&end);
    }
  }
  for (const expect::WiredNode& node : wiring.nodes) {
    if (auto done = set_up(interfaces[node.name], instance, node, nodes.at(node.name)); !done) {
      return fail(std::move(done.error()));
    }
  }
  return nodes;
}

}  // namespace catflap::lab
