#include "calico/model/decode.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggest.hpp"
#include "calico/model/decoder.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico {

void append_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

std::string field_path(std::string_view pointer) {
  std::string path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string token(pointer.substr(0, end));
    pointer.remove_prefix(end);
    const bool index = !token.empty() && token.find_first_not_of("0123456789") == std::string::npos;
    // Keys with dots or slashes (labels, annotations) are told apart from names of fields.
    const bool plain = token.find_first_of(".~") == std::string::npos;
    nlohmann::detail::unescape(token);
    if (index || !plain) {
      path += "[" + token + "]";
    } else {
      path += (path.empty() ? "" : ".") + token;
    }
  }
  return path;
}

std::string suggest_field(std::string_view name, const StructInfo& object) {
  std::vector<std::string_view> names;
  for (const FieldInfo& field : object.fields) {
    names.push_back(field.name);
  }
  const std::string near = nearest(name, names);
  return near.empty() ? "" : "did you mean '" + near + "'?";
}

namespace {

constexpr std::size_t kNodesMax = 5'000'000;
constexpr std::size_t kMapEntriesMax = 100'000;
constexpr std::size_t kDocumentsMax = 100'000;
/// Texts above this are tried as JSON first, which is read without positions but much faster.
constexpr std::size_t kFastJsonBytes = 1U << 20U;

const FieldInfo* find_field(const StructInfo& object, std::string_view name) {
  const auto found = std::find_if(object.fields.begin(), object.fields.end(),
                                  [&](const FieldInfo& field) { return field.name == name; });
  return found == object.fields.end() ? nullptr : &*found;
}

/// Takes documents apart into resources.
template <class Tree>
class Reader {
 public:
  using Value = typename Tree::Value;

  Reader(const ReadOptions& options, ReadReport& report) : options_(options), report_(report) {}

  void document(const Value& value) {
    if (Tree::is_null(value)) {
      return;  // nothing between two separators
    }
    if (Tree::is_list(value)) {
      items(value, "", nullptr);
    } else {
      resource(value, "", nullptr);
    }
  }

 private:
  void refuse(const SourcePos* where, const std::string& path, std::string message) {
    if (report_.diagnostics.size() < kDiagnosticsMax) {
      report_.diagnostics.push_back(
          {where != nullptr ? *where : SourcePos(), path, std::move(message), "", "", ""});
    }
  }

  static std::string text_of(const Value& map, std::string_view name) {
    std::string text;
    Tree::each_entry(map, [&](const std::string& key, const Value& value, const SourcePos*) {
      if (key == name && !Tree::is_map(value) && !Tree::is_list(value) && !Tree::is_null(value)) {
        std::string buffer;
        text = Tree::scalar(value, buffer).text;
      }
    });
    return text;
  }

  const KindInfo* find(std::string_view api_version, std::string_view kind) const {
    return options_.finder != nullptr ? options_.finder(api_version, kind) : find_kind(api_version, kind);
  }

  void items(const Value& list, const std::string& prefix, const KindInfo* kind) {
    std::size_t index = 0;
    Tree::each_item(
        list, [&](const Value& item) { resource(item, prefix + "[" + std::to_string(index++) + "]", kind); });
  }

  /// `known` is the kind of the items of a typed list, which need not say it again.
  void resource(const Value& value, const std::string& prefix, const KindInfo* known) {
    if (!Tree::is_map(value)) {
      refuse(Tree::where(value), prefix, "a resource is a map with apiVersion, kind, metadata and spec");
      return;
    }
    const std::string kind = text_of(value, "kind");
    const std::string version = text_of(value, "apiVersion");
    if (kind.empty() && known == nullptr) {
      refuse(Tree::where(value), prefix, "Object 'Kind' is missing");
      return;
    }
    const KindInfo* info =
        kind.empty()
            ? known
            : find(version.empty() && known != nullptr ? known->api_version : std::string_view(version),
                   kind);
    if (info != nullptr) {
      decode_one(value, prefix, *info);
      return;
    }
    const bool is_list = kind.size() >= 4 && kind.compare(kind.size() - 4, 4, "List") == 0;
    const KindInfo* item_kind =
        is_list ? find(version, std::string_view(kind).substr(0, kind.size() - 4)) : nullptr;
    if ((kind == "List" || item_kind != nullptr) && known == nullptr) {
      list_of(value, prefix, item_kind);
      return;
    }
    refuse(Tree::where(value), prefix,
           "unknown resource type (" + kind + ") and/or version (" + version + ")");
  }

  void list_of(const Value& value, const std::string& prefix, const KindInfo* item_kind) {
    Tree::each_entry(value, [&](const std::string& key, const Value& member, const SourcePos* where) {
      const std::string path = prefix + (prefix.empty() ? "" : ".") + key;
      if (key == "items") {
        if (Tree::is_list(member)) {
          items(member, path, item_kind);
        } else if (!Tree::is_null(member)) {
          refuse(Tree::where(member), path, "a list of resources");
        }
      } else if (options_.strict && key != "apiVersion" && key != "kind" && key != "metadata") {
        refuse(where, path, "field in document is not recognized or is in the wrong location: " + key);
      }
    });
  }

  void decode_one(const Value& value, const std::string& prefix, const KindInfo& info) {
    Positions positions;
    Decoder<Tree> decoder(options_.strict, prefix, report_.diagnostics, positions);
    decoder.note(Tree::where(value));
    Json document = decoder.object(value, *info.object);
    if (decoder.failed()) {
      return;
    }
    document["apiVersion"] = info.api_version;
    document["kind"] = info.kind;
    if (find_field(*info.object, "metadata") != nullptr && !document.contains("metadata")) {
      document["metadata"] = Json::object();
    }
    report_.resources.emplace_back(info, std::move(document), std::move(positions));
  }

  const ReadOptions& options_;
  ReadReport& report_;
};

/// True if the whole text was read as JSON without an error.
bool read_fast_json(std::string_view text, const ReadOptions& options, ReadReport& report) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (text.size() < kFastJsonBytes || first == std::string_view::npos ||
      (text[first] != '{' && text[first] != '[')) {
    return false;
  }
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    return false;
  }
  ReadReport found;
  Reader<JsonTree>(options, found).document(document);
  if (!found.ok()) {
    return false;  // once more, with positions
  }
  report = std::move(found);
  return true;
}

bool is_utf8(std::string_view text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

/// Go's words for what is wrong in a text.
std::string text_problem(const yaml::Problem& problem) {
  return problem.kind == yaml::Problem::Kind::duplicate_key
             ? "key \"" + problem.key + "\" already set in map" +
                   problem.message.substr(problem.message.rfind(','))
             : problem.message;
}

}  // namespace

ReadReport read_resources(std::string_view text, std::string_view file, const ReadOptions& options) {
  ReadReport report;
  if (read_fast_json(text, options, report)) {
    return report;
  }
  if (!is_utf8(text)) {
    report.diagnostics.push_back({{std::string(file), 0, 0}, "", "yaml: invalid UTF-8", "", "", ""});
    return report;
  }
  yaml::Limits limits;
  limits.bytes = kDocumentBytesMax;
  limits.nodes = kNodesMax;
  limits.map_entries = kMapEntriesMax;
  limits.documents = kDocumentsMax;
  std::vector<yaml::Problem> problems;
  const std::vector<yaml::Node> documents = yaml::parse(text, file, limits, problems);
  for (const yaml::Problem& problem : problems) {
    if (report.diagnostics.size() < kDiagnosticsMax) {
      report.diagnostics.push_back(
          {problem.where, field_path(problem.pointer), text_problem(problem), "", "", ""});
    }
  }
  Reader<YamlTree> reader(options, report);
  for (const yaml::Node& document : documents) {
    reader.document(document);
  }
  std::stable_sort(report.diagnostics.begin(), report.diagnostics.end(), [](const auto& a, const auto& b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  });
  return report;
}

Result<Resource> decode_as(const KindInfo& kind, const Json& document, bool strict) {
  if (!document.is_object()) {
    return fail(Errc::invalid, "a resource is a map with apiVersion, kind, metadata and spec");
  }
  std::vector<Diagnostic> diagnostics;
  Positions positions;
  Decoder<JsonTree> decoder(strict, "", diagnostics, positions);
  Json decoded = decoder.object(document, *kind.object);
  if (!diagnostics.empty()) {
    return fail(Errc::invalid, to_string(diagnostics.front()));
  }
  decoded["apiVersion"] = kind.api_version;
  decoded["kind"] = kind.kind;
  if (find_field(*kind.object, "metadata") != nullptr && !decoded.contains("metadata")) {
    decoded["metadata"] = Json::object();
  }
  return Resource(kind, std::move(decoded));
}

Result<Json> decode_part(const TypeInfo& type, const Json& value) {
  std::vector<Diagnostic> diagnostics;
  Positions positions;
  Decoder<JsonTree> decoder(true, "", diagnostics, positions);
  Json decoded = decoder.any(value, type);
  if (!diagnostics.empty()) {
    return fail(Errc::invalid, to_string(diagnostics.front()));
  }
  return decoded;
}

Result<Resource> decode(const Json& document) {
  const auto text_of = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!document.is_object()) {
    return fail(Errc::invalid, "a resource is a map with apiVersion, kind, metadata and spec");
  }
  const std::string version = text_of("apiVersion");
  const std::string name = text_of("kind");
  const KindInfo* kind = find_kind(version, name);
  if (kind == nullptr) {
    return fail(Errc::invalid, "unknown resource type (" + name + ") and/or version (" + version + ")");
  }
  return decode_as(*kind, document);
}

Result<Resource> decode_text(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) {
    return fail(Errc::invalid, "no valid JSON");
  }
  return decode(document);
}

std::vector<Diagnostic> validate(std::string_view text, std::string_view file) {
  ReadReport report = read_resources(text, file);
  if (report.ok() && report.resources.empty()) {
    report.diagnostics.push_back(
        {{std::string(file), 0, 0}, "", "no resources specified in file " + std::string(file), "", "", ""});
  }
  for (Resource& resource : report.resources) {
    const std::vector<Diagnostic> found = validate(resource);
    report.diagnostics.insert(report.diagnostics.end(), found.begin(), found.end());
  }
  std::stable_sort(report.diagnostics.begin(), report.diagnostics.end(), [](const auto& a, const auto& b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  });
  return std::move(report.diagnostics);
}

}  // namespace catflap::calico
