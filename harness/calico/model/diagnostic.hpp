#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace catflap::calico {

/// One thing that is wrong in a document, by reading it or by the rules of its kind.
struct Diagnostic {
  SourcePos where;      ///< empty for documents that were not read from a text
  std::string path;     ///< "spec.ingress[0].source.nets[1]"; "" for the whole document
  std::string message;  ///< Calico's words where they are known
  std::string field;    ///< Go's name of the field where the Go validator speaks ("PeerIP"), else ""
  std::string value;    ///< as Go prints it; of rules
  std::string hint;     ///< "did you mean 'asNumber'?", or ""

  bool operator==(const Diagnostic&) const = default;
};

/// "file:3:9: spec.cidr: message; hint".
std::string to_string(const Diagnostic& diagnostic);

/// calicoctl's text for what the rules of a kind found: "error with field CIDR = 'x' (reason)", or the list
/// that begins "error with the following fields:". Precondition: not empty.
std::string calico_text(std::span<const Diagnostic> diagnostics);

}  // namespace catflap::calico
