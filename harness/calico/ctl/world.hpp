#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "calico/client/client.hpp"
#include "calico/print/box_table.hpp"
#include "calico/store/datastore.hpp"

namespace catflap::calico::ctl {

/// Which calicoctl the texts follow.
enum class Release : std::uint8_t {
  v3_31,  ///< "3.31", also of 3.32 up to details
  head,   ///< "head": 3.34
};

struct Style {
  Release release = Release::v3_31;
  print::BoxStyle boxes = print::BoxStyle::classic;
};

/// All that the commands have of the world around them, so that tests can give them another.
struct World {
  std::string program = "calicoctl";  ///< as it is called: in help texts
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  std::function<Result<std::string>()> read_input;  ///< all of standard input
  std::map<std::string, std::string, std::less<>> environment;
  bool is_root = false;
  /// The store that a configuration file names, "" for the default one. Errors are whole sentences.
  std::function<Result<std::unique_ptr<Datastore>>(const std::string& config)> open_store;
  ClientWorld client;
  Style style;

  void say(std::string_view line) const { out(std::string(line) + "\n"); }
};

/// The store of a command and the client over it.
struct Session {
  std::unique_ptr<Datastore> store;
  std::unique_ptr<Client> client;
};
Result<Session> open_session(const World& world, const std::string& config);

/// The release of calicoctl that this program stands in for: of `version` and of the check against the
/// cluster's.
std::string_view client_version(Release release);

/// An error of a command that is printed as it is.
inline tl::unexpected<Error> refuse(std::string message) {
  return fail(Errc::invalid, std::move(message));
}

}  // namespace catflap::calico::ctl
