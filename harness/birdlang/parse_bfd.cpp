#include <array>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

bool Parser::bfd_item(intent::BfdIntent& bfd) {
  if (words("interface")) {
    intent::BfdInterface item;
    item.interfaces = interfaces();
    std::optional<intent::BfdOptions> options;
    bfd_interface(options);
    item.options = options.value_or(intent::BfdOptions());
    bfd.interfaces.push_back(std::move(item));
  } else if (words("multihop")) {
    bfd_interface(bfd.multihop);
    if (!bfd.multihop) {
      bfd.multihop.emplace();
    }
  } else if (words("neighbor")) {
    bfd_neighbor(bfd);
  } else if (words("accept")) {
    bfd_accept(bfd);
  } else if (words("strict bind")) {
    bfd.strict_bind = boolean();
  } else {
    return false;
  }
  return true;
}

void Parser::bfd_interface(std::optional<intent::BfdOptions>& options) {
  if (!accept("{")) {
    return;
  }
  options.emplace();
  while (!accept("}")) {
    if (accept(";")) {
      continue;
    }
    if (!bfd_option(*options)) {
      unknown_statement("the options of BFD");
    }
    end_statement();
  }
}

bool Parser::bfd_option(intent::BfdOptions& options) {
  if (words("interval")) {
    options.rx_interval_min = options.tx_interval_min = time_with_unit();
  } else if (words("min rx interval")) {
    options.rx_interval_min = time_with_unit();
  } else if (words("min tx interval")) {
    options.tx_interval_min = time_with_unit();
  } else if (words("idle tx interval")) {
    options.idle_tx_interval = time_with_unit();
  } else if (words("multiplier")) {
    options.multiplier = static_cast<std::uint8_t>(number_in(1, 255, "multiplier"));
  } else if (words("passive")) {
    options.passive = boolean();
  } else if (words("password")) {
    options.password = text();
    if (is("{")) {
      fail_here("options of passwords are not supported; a session has one password", Errc::unsupported);
    }
  } else if (words("authentication")) {
    static constexpr std::array<std::string_view, 6> kKinds{
        "none", "simple", "meticulous keyed md5", "keyed md5", "meticulous keyed sha1", "keyed sha1"};
    for (const std::string_view kind : kKinds) {
      if (words(kind)) {
        options.authentication = kind == "none" ? "" : std::string(kind);
        return true;
      }
    }
    unknown_statement("the kinds of authentication");
  } else {
    return false;
  }
  return true;
}

void Parser::bfd_neighbor(intent::BfdIntent& bfd) {
  intent::BfdNeighbor neighbor;
  neighbor.addr = address();
  if (accept("%")) {
    neighbor.interface = name("the name of an interface");
  }
  for (;;) {
    if (words("dev")) {
      neighbor.interface = text();
    } else if (words("local")) {
      neighbor.local = address();
    } else if (words("multihop")) {
      neighbor.multihop = boolean();
    } else {
      break;
    }
  }
  if (neighbor.multihop && !neighbor.local) {
    fail_here("a multihop neighbor requires a local address; write 'local ADDRESS'");
  }
  bfd.neighbors.push_back(std::move(neighbor));
}

void Parser::bfd_accept(intent::BfdIntent& bfd) {
  bfd.accept_ipv4 = bfd.accept_ipv6 = bfd.accept_direct = bfd.accept_multihop = true;
  while (!is(";")) {
    if (words("ipv4")) {
      bfd.accept_ipv6 = false;
    } else if (words("ipv6")) {
      bfd.accept_ipv4 = false;
    } else if (words("direct")) {
      bfd.accept_multihop = false;
    } else if (words("multihop")) {
      bfd.accept_direct = false;
    } else {
      unknown_statement("the kinds of BFD sessions");
    }
  }
}

}  // namespace catflap::birdlang
