#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "calico/ctl/command.hpp"
#include "calico/ctl/output.hpp"
#include "calico/model/resource.hpp"

/// What create, apply, replace, delete, get, patch, label and validate have in common.
namespace catflap::calico::ctl {

enum class Action : std::uint8_t { create, apply, replace, remove, get, patch, validate };

/// Outcome of an action over a set of resources, as calicoctl counts it.
struct Outcome {
  Session session;                  ///< that it was done with; empty of validate
  std::vector<GetResult> results;   ///< of what worked
  std::vector<std::string> errors;  ///< of the others
  std::size_t asked = 0;
  std::size_t done = 0;
  std::string kind;  ///< the single kind, "" if there are several
};

/// Runs the action over what the arguments name: KIND [NAME...] or the files of -f. An error is one that kept
/// it from beginning, in the words that are printed.
Result<Outcome> run_action(Call& call, Action action);

/// "version mismatch." and so on; success without a cluster that tells its version.
Status check_versions(Client& client, const Call& call);

/// Calico's rules of where the namespace comes from: the resource, `-n`, `-A`, or "default".
Status settle_namespace(Resource& resource, const Arguments& arguments);

}  // namespace catflap::calico::ctl
