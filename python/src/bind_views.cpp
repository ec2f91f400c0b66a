#include <fmt/format.h>

#include "bind.hpp"
#include "observe/snapshot.hpp"

namespace catflap::python {
namespace {

using observe::RouteView;

template <class T>
std::optional<std::string> text_of(const std::optional<T>& value) {
  return value ? std::optional(net::to_string(*value)) : std::nullopt;
}

std::vector<std::pair<std::optional<std::string>, std::string>> next_hops(const RouteView& route) {
  std::vector<std::pair<std::optional<std::string>, std::string>> out;
  for (const observe::NextHopView& hop : route.next_hops) {
    out.emplace_back(text_of(hop.via), hop.interface);
  }
  return out;
}

std::vector<std::string> communities(const RouteView& route) {
  std::vector<std::string> out;
  if (route.bgp) {
    for (const net::Community community : route.bgp->communities) {
      out.push_back(fmt::format("{}:{}", community >> 16U, community & 0xFFFFU));
    }
  }
  return out;
}

template <class F>
auto bgp(F get) {
  return [get](const RouteView& route) -> decltype(std::optional(get(*route.bgp))) {
    return route.bgp ? std::optional(get(*route.bgp)) : std::nullopt;
  };
}

void bind_route(py::module_& module) {
  using observe::BgpAttributesView;
  py::class_<RouteView>(module, "Route")
      .def_property_readonly("prefix", [](const RouteView& self) { return net::to_string(self.prefix); })
      .def_readonly("table", &RouteView::table)
      .def_property_readonly("type",
                             [](const RouteView& self) { return std::string(observe::to_string(self.type)); })
      .def_readonly("proto", &RouteView::protocol)
      .def_readonly("source", &RouteView::source)
      .def_property_readonly("from_peer", [](const RouteView& self) { return text_of(self.from); })
      .def_readonly("metric", &RouteView::metric)
      .def_property_readonly("next_hops", &next_hops)
      .def_readonly("best", &RouteView::best)
      .def_readonly("filtered", &RouteView::filtered)
      .def_property_readonly("as_path", bgp([](const BgpAttributesView& b) { return to_string(b.as_path); }))
      .def_property_readonly("local_pref",
                             [](const RouteView& self) -> std::optional<std::uint32_t> {
                               return self.bgp ? self.bgp->local_pref : std::nullopt;
                             })
      .def_property_readonly("med",
                             [](const RouteView& self) -> std::optional<std::uint32_t> {
                               return self.bgp ? self.bgp->med : std::nullopt;
                             })
      .def_property_readonly("communities", &communities)
      .def("__repr__", [](const RouteView& self) {
        std::string text = "<Route " + net::to_string(self.prefix);
        for (const observe::NextHopView& hop : self.next_hops) {
          text += (hop.via ? " via " + net::to_string(*hop.via) : "") +
                  (hop.interface.empty() ? "" : " dev " + hop.interface);
        }
        return text + " proto " + self.protocol + ">";
      });
}

}  // namespace

void bind_views(py::module_& module) {
  bind_route(module);
  py::class_<SessionEnd>(module, "SessionEnd")
      .def_readonly("node", &SessionEnd::node)
      .def_readonly("peer", &SessionEnd::peer)
      .def_readonly("protocol", &SessionEnd::protocol)
      .def_property_readonly(
          "state", [](const SessionEnd& self) { return std::string(observe::to_string(self.view.state)); })
      .def_property_readonly("peer_address",
                             [](const SessionEnd& self) { return net::to_string(self.view.peer); })
      .def_property_readonly("local_as", [](const SessionEnd& self) { return self.view.local_as; })
      .def_property_readonly("peer_as", [](const SessionEnd& self) { return self.view.peer_as; })
      .def_property_readonly("last_error", [](const SessionEnd& self) { return self.view.last_error; })
      .def("__repr__", [](const SessionEnd& self) {
        return "<SessionEnd " + self.node + " ~ " + self.peer + " " +
               std::string(observe::to_string(self.view.state)) + ">";
      });
  py::class_<Event>(module, "Event")
      .def_property_readonly("at", [](const Event& self) { return to_seconds(self.at); })
      .def_readonly("node", &Event::node)
      .def_readonly("text", &Event::text)
      .def("__repr__", [](const Event& self) {
        return fmt::format("<Event +{:.3f} {}: {}>", to_seconds(self.at), self.node, self.text);
      });
}

}  // namespace catflap::python
