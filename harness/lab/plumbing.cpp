#include "lab/plumbing.hpp"

#include <array>
#include <utility>
#include <vector>

namespace catflap::lab {
namespace {

using Nodes = std::map<std::string, NodeNet>;

/// An interface that is to be, with the index it gets: we choose them, so nothing has to be looked up between
/// making a link and using it.
struct Placed {
  const expect::WiredInterface* interface = nullptr;
  netlink::IfIndex index = 0;
};
struct Plan {
  std::vector<std::array<Placed, 2>> links;                 ///< in the order of the wiring
  std::map<std::string, std::vector<Placed>> interfaces{};  ///< of each node
};

constexpr netlink::IfIndex kLoopback = 1;

netlink::LinkSpec spec_of(const Placed& placed) {
  netlink::LinkSpec spec;
  spec.name = placed.interface->name;
  spec.mac = placed.interface->mac;
  spec.mtu = placed.interface->mtu;
  spec.index = placed.index;
  return spec;
}

/// Within the node's namespace.
Status prepare(const expect::WiredNode& node, NodeNet& net) {
  auto socket = netlink::Socket::open_here();
  if (!socket) {
    return fail(std::move(socket.error()));
  }
  net.netlink = std::make_unique<netlink::Socket>(std::move(*socket));
  // Before the links are made: "default" of these settings counts at the creation of an interface.
  for (const auto& [key, value] : node.sysctl) {
    auto written = sys::netns::Executor::shared().write_sysctl(*net.ns, key, value);
    if (!written) {
      return fail(std::move(written.error()).context("sysctl " + key));
    }
  }
  return {};
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
      const auto prepared = executor.run_in(*net.ns, [&] { return prepare(node, net); });
      if (!prepared) {
        return fail(Error(prepared.error()).context("node " + node.name));
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

Plan place(const expect::Wiring& wiring) {
  Plan plan;
  const auto next = [&](const expect::WiredInterface& end) {
    auto& list = plan.interfaces[end.node];
    list.push_back({&end, static_cast<netlink::IfIndex>(kLoopback + 1 + list.size())});
    return list.back();
  };
  for (const expect::WiredLink& link : wiring.links) {
    const Placed here = next(link.ends[0]);
    plan.links.push_back({here, next(link.ends[1])});
  }
  return plan;
}

Status make_links(const Plan& plan, Nodes& nodes) {
  std::map<std::string, netlink::Batch> batches;
  for (const auto& [here, there] : plan.links) {
    batches[here.interface->node].add_veth(spec_of(here), spec_of(there),
                                           *nodes.at(there.interface->node).ns);
  }
  for (auto& [name, batch] : batches) {
    if (auto done = commit(nodes.at(name), batch, "node " + name); !done) {
      return done;
    }
  }
  return {};
}

/// Marks, brings up and addresses the interfaces of a node.
Status set_up(const std::vector<Placed>& interfaces, const std::string& instance,
              const expect::WiredNode& node, NodeNet& net) {
  netlink::Batch batch;
  netlink::LinkChange up;
  up.up = true;
  batch.set_link(kLoopback, up);
  for (const net::InterfaceAddress& address : node.lo) {
    batch.add_address(kLoopback, address);
  }
  for (const auto& [interface, index] : interfaces) {
    netlink::LinkChange change;
    change.up = true;
    change.alias = "catflap:" + instance;
    for (const net::InterfaceAddress& address : interface->addresses) {
      batch.add_address(index, address);
    }
    batch.set_link(index, change);
  }
  return commit(net, batch, "node " + node.name);
}

}  // namespace

Result<Nodes> build_network(const expect::Wiring& wiring, const std::string& instance) {
  Plan plan = place(wiring);
  Nodes nodes;
  if (auto done = open_namespaces(wiring, nodes); !done) {
    return fail(std::move(done.error()));
  }
  if (auto done = make_links(plan, nodes); !done) {
    return fail(std::move(done.error()));
  }
  for (const expect::WiredNode& node : wiring.nodes) {
    if (auto done = set_up(plan.interfaces[node.name], instance, node, nodes.at(node.name)); !done) {
      return fail(std::move(done.error()));
    }
  }
  return nodes;
}

}  // namespace catflap::lab
