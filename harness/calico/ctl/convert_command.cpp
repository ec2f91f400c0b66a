#include "calico/ctl/convert_command.hpp"

#include <fmt/format.h>

#include "calico/ctl/files.hpp"
#include "calico/ctl/output.hpp"
#include "calico/model/convert.hpp"
#include "calico/print/documents.hpp"

#include <nlohmann/json.hpp>

namespace catflap::calico::ctl {

Status convert_files(Call& call) {
  const Arguments& arguments = call.arguments;
  const std::string output = arguments.value("output").value_or("yaml");
  if (output != "yaml" && output != "yml" && output != "json") {
    return refuse(fmt::format("unrecognized output format '{}'", output));
  }
  if (!arguments.value("filename")) {
    return refuse(
        fmt::format("invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand\n"
                    "--filename is required",
                    call.line));
  }
  const Result<std::vector<InputFile>> files =
      read_input_files(call.world, arguments.text("filename"), false);
  if (!files) {
    return refuse("failed to execute command: " + files.error().message);
  }
  std::vector<GetResult> results;
  for (const InputFile& file : *files) {
    Result<std::vector<Resource>> converted =
        convert_text(file.text, file.name, {!arguments.flag("ignore-validation")});
    if (!converted) {
      return refuse("failed to execute command: " + to_string(converted.error()));
    }
    for (Resource& resource : *converted) {
      GetResult result;
      result.kind = &resource.kind();
      // Go writes a time that is zero.
      resource.metadata()["creationTimestamp"] = nullptr;
      result.resources.push_back(std::move(resource));
      results.push_back(std::move(result));
    }
  }
  OutputFormat format;
  format.kind = output == "json" ? OutputFormat::Kind::json : OutputFormat::Kind::yaml;
  OutputContext context;
  context.release = call.world.style.release;
  const Result<std::string> text =
      results.size() == 1 ? formatted(results, format, context) : formatted_v1_list(results, format, context);
  if (!text) {
    return fail(text.error());
  }
  call.world.out(*text);
  return {};
}

}  // namespace catflap::calico::ctl
