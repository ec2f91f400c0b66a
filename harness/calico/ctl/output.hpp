#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "calico/client/client.hpp"
#include "calico/ctl/world.hpp"
#include "calico/model/resource.hpp"

namespace catflap::calico::ctl {

/// One result of `get`: a resource by its name, or the list of a kind.
struct GetResult {
  const KindInfo* kind = nullptr;
  bool is_list = false;
  std::vector<Resource> resources;  ///< one, or those of the list
  std::string revision{};           ///< of a list
};

/// `-o`.
struct OutputFormat {
  enum class Kind : std::uint8_t { yaml, json, table, wide, columns, go_template };
  Kind kind = Kind::table;
  std::vector<std::string> columns;
  std::string text;  ///< of the template
};

/// "yaml", "wide", "custom-columns=NAME,ASN", "go-template=...": with Calico's words for what is wrong. The
/// file of go-template-file is read.
Result<OutputFormat> parse_output_format(std::string_view text);

struct OutputContext {
  bool show_namespace = false;  ///< NAMESPACE comes first for kinds that have one
  Release release = Release::v3_31;
  Client* client = nullptr;  ///< for the cluster's AS number; asked only where it is shown
};

/// What is printed, whole.
Result<std::string> formatted(const std::vector<GetResult>& results, const OutputFormat& format,
                              const OutputContext& context);

/// Several results in a `kind: List` of apiVersion v1, as convert prints them. Only yaml and json.
Result<std::string> formatted_v1_list(const std::vector<GetResult>& results, const OutputFormat& format,
                                      const OutputContext& context);

}  // namespace catflap::calico::ctl
