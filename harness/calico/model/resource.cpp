#include "calico/model/resource.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "calico/model/kind.hpp"

namespace catflap::calico {

namespace {

const nlohmann::json& empty_object() {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  return kEmpty;
}

const nlohmann::json& member(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_object() ? *found : empty_object();
}

nlohmann::json& member(nlohmann::json& document, const char* name) {
  nlohmann::json& value = document[name];
  if (!value.is_object()) {
    value = nlohmann::json::object();
  }
  return value;
}

Labels texts_of(const nlohmann::json& metadata, const char* name) {
  Labels labels;
  const nlohmann::json& map = member(metadata, name);
  for (auto entry = map.begin(); entry != map.end(); ++entry) {
    if (entry.value().is_string()) {
      labels.emplace(entry.key(), entry.value().get<std::string>());
    }
  }
  return labels;
}

}  // namespace

Resource::Resource(const KindInfo& kind)
    : kind_(&kind), document_(std::make_unique<nlohmann::json>(nlohmann::json::object())) {
  (*document_)["apiVersion"] = kind.api_version;
  (*document_)["kind"] = kind.kind;
  (*document_)["metadata"] = nlohmann::json::object();
}

Resource::Resource(const KindInfo& kind, nlohmann::json document, Positions positions)
    : kind_(&kind),
      document_(std::make_unique<nlohmann::json>(std::move(document))),
      positions_(std::move(positions)) {
  CATFLAP_ASSERT(document_->is_object());
}

Resource::Resource(const Resource& other)
    : kind_(other.kind_),
      document_(std::make_unique<nlohmann::json>(*other.document_)),
      positions_(other.positions_) {}
Resource::Resource(Resource&& other) noexcept = default;
Resource& Resource::operator=(const Resource& other) {
  if (this != &other) {
    *this = Resource(other);
  }
  return *this;
}
Resource& Resource::operator=(Resource&& other) noexcept = default;
Resource::~Resource() = default;

const nlohmann::json& Resource::metadata() const {
  return member(std::as_const(*document_), "metadata");
}
const nlohmann::json& Resource::spec() const {
  return member(std::as_const(*document_), "spec");
}
const nlohmann::json& Resource::status() const {
  return member(std::as_const(*document_), "status");
}
nlohmann::json& Resource::metadata() {
  return member(*document_, "metadata");
}
nlohmann::json& Resource::spec() {
  return member(*document_, "spec");
}

const nlohmann::json* Resource::find(std::string_view pointer) const {
  const nlohmann::json* value = document_.get();
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = pointer.find('/');
    std::string token(pointer.substr(0, slash));
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
    nlohmann::detail::unescape(token);
    if (value->is_object()) {
      const auto found = value->find(token);
      if (found == value->end()) {
        return nullptr;
      }
      value = &*found;
    } else if (value->is_array()) {
      const bool digits =
          !token.empty() && token.size() < 10 && token.find_first_not_of("0123456789") == std::string::npos;
      const std::size_t index = digits ? std::stoul(token) : value->size();
      if (index >= value->size()) {
        return nullptr;
      }
      value = &(*value)[index];
    } else {
      return nullptr;
    }
  }
  return value;
}

std::string Resource::text_at(std::string_view pointer) const {
  const nlohmann::json* value = find(pointer);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

Labels Resource::labels() const {
  return texts_of(metadata(), "labels");
}
Labels Resource::annotations() const {
  return texts_of(metadata(), "annotations");
}

void Resource::set_name(std::string_view name) {
  metadata()["name"] = name;
}
void Resource::set_name_space(std::string_view name_space) {
  metadata()["namespace"] = name_space;
}
void Resource::set_resource_version(std::string_view version) {
  if (version.empty()) {
    metadata().erase("resourceVersion");
  } else {
    metadata()["resourceVersion"] = version;
  }
}

SourcePos Resource::where(std::string_view pointer) const {
  while (true) {
    const auto found = positions_.find(pointer);
    if (found != positions_.end()) {
      return found->second;
    }
    if (pointer.empty()) {
      return {};
    }
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

std::string Resource::to_json() const {
  return document_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool operator==(const Resource& a, const Resource& b) {
  return a.kind_ == b.kind_ && *a.document_ == *b.document_;
}

}  // namespace catflap::calico
