#include "calico/print/kind_order.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "calico/model/field.hpp"

namespace catflap::calico::print {

namespace {

/// The fields of a kind's structs in the order of their tables, which is that of Go's structs.
std::vector<std::string> table_order(const KindInfo& kind, const std::vector<std::string>& path) {
  TypeInfo top;
  top.shape = Shape::object;
  top.object = kind.object;
  const TypeInfo* type = &top;
  for (const std::string& name : path) {
    const TypeInfo* next = nullptr;
    if (type->shape == Shape::object && type->object != nullptr) {
      for (const FieldInfo& field : type->object->fields) {
        next = field.name == name ? field.type : next;
      }
    } else if (type->shape == Shape::list || type->shape == Shape::map) {
      next = type->items;
    }
    if (next == nullptr) {
      return {};
    }
    type = next;
  }
  std::vector<std::string> out;
  if (type->shape == Shape::object && type->object != nullptr) {
    for (const FieldInfo& field : type->object->fields) {
      out.emplace_back(field.name);
    }
  }
  return out;
}

/// The kinds of the resources that are written, and which of them it is at.
struct Progress {
  std::vector<const KindInfo*> kinds;
  std::size_t begun = 0;

  const KindInfo* current() const { return begun == 0 || begun > kinds.size() ? nullptr : kinds[begun - 1]; }
};

}  // namespace

KeyOrder kind_order(std::vector<const KindInfo*> kinds) {
  const bool is_one = kinds.size() == 1;
  const auto progress = std::make_shared<Progress>(Progress{std::move(kinds), 0});
  KeyOrder inner = resource_order([progress](const std::vector<std::string>& path) {
    const KindInfo* kind = progress->current();
    return kind == nullptr ? std::vector<std::string>() : table_order(*kind, path);
  });
  return [progress, is_one, inner = std::move(inner)](const std::vector<std::string>& path) {
    static const std::vector<std::string> in_sequence{"*"};
    static const std::vector<std::string> in_list{"items", "*"};
    if (is_one ? path.empty() : path == in_sequence || path == in_list) {
      ++progress->begun;
    }
    return inner(path);
  };
}

}  // namespace catflap::calico::print
