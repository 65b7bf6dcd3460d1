#include "hdf5/file_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tutti::hdf5 {

namespace {

using detail::Object;

std::string describe(const std::string& name, const Object& object) {
  const std::string of_dataset = object.name.empty() ? "" : " of the dataset '" + object.name + "'";
  return "the attribute '" + name + "'" + of_dataset + " in '" + object.file->path_text + "'";
}

bool is_number(ElementType type) {
  return type != ElementType::string && type != ElementType::other;
}

/// The attribute, or an empty Id when there is none.
Id find_attribute(const Object& object, const std::string& name) {
  detail::require_open(*object.file, "read an attribute of");
  return call::attribute_exists(object.id, name) ? call::open_attribute(object.id, name) : Id();
}

void require_kind(const Id& attribute, bool number, const std::string& name, const Object& object) {
  const ElementType type = call::element_type(call::attribute_type(attribute).get());
  if (number ? is_number(type) : type == ElementType::string) return;
  throw Error(ErrorCode::bad_argument, describe(name, object) + " is not " +
                                           (number ? "a number" : "text") + " but of type " +
                                           std::string(name_of(type)));
}

template <class T>
std::vector<T> read_all(const Id& attribute) {
  const Id space = call::attribute_space(attribute);
  std::vector<T> values(call::is_null_space(space) ? 0 : call::element_count(space));
  if (!values.empty())
    call::read_attribute(attribute, call::native_type(element_type_of<T>()), values.data());
  return values;
}

/// Text without the bytes that fill up its place in the file.
std::string unpadded(std::string_view text, H5T_str_t padding) {
  text = text.substr(0, std::min(text.find('\0'), text.size()));
  if (padding == H5T_STR_SPACEPAD) text = text.substr(0, text.find_last_not_of(' ') + 1);
  return std::string(text);
}

std::vector<std::string> read_fixed_strings(const Id& attribute, const Id& type,
                                            std::uint64_t count) {
  const std::size_t size = call::type_size(type);
  std::vector<char> characters(count * size);
  call::read_attribute(attribute, type.get(), characters.data());
  const H5T_str_t padding = call::string_padding(type);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i)
    texts.push_back(unpadded({characters.data() + i * size, size}, padding));
  return texts;
}

std::vector<std::string> read_variable_strings(const Id& attribute, const Id& type,
                                               std::uint64_t count) {
  const Id memory_type = call::create_variable_string_type(type);
  std::vector<char*> pointers(count, nullptr);
  call::read_attribute(attribute, memory_type.get(), pointers.data());
  std::vector<std::string> texts;
  texts.reserve(count);
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  call::reclaim_variable_length(memory_type.get(), call::attribute_space(attribute),
                                pointers.data());
  return texts;
}

/// The attribute for writing, in place of one of the same name.
Id replace_attribute(const Object& object, const std::string& name, hid_t type, const Id& space) {
  if (call::attribute_exists(object.id, name)) call::delete_attribute(object.id, name);
  return call::create_attribute(object.id, name, type, space);
}

}  // namespace

std::vector<std::string> Attributes::names() const {
  const CallScope scope("list the attributes of", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "list the attributes of");
  return call::attribute_names(object_->id);
}

bool Attributes::contains(const std::string& name) const {
  const CallScope scope("look for an attribute of", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "look for an attribute of");
  return call::attribute_exists(object_->id, name);
}

std::optional<std::vector<double>> Attributes::find_numbers(const std::string& name) const {
  const CallScope scope("read an attribute of", object_->name, object_->file->path_text);
  const Id attribute = find_attribute(*object_, name);
  if (attribute.get() < 0) return std::nullopt;
  require_kind(attribute, true, name, *object_);
  return read_all<double>(attribute);
}

std::optional<double> Attributes::find_number(const std::string& name) const {
  const auto values = find_numbers(name);
  if (!values || values->empty()) return std::nullopt;
  return values->front();
}

std::optional<std::int64_t> Attributes::find_integer(const std::string& name) const {
  const CallScope scope("read an attribute of", object_->name, object_->file->path_text);
  const std::optional<double> number = find_number(name);
  if (!number) return std::nullopt;
  const Id attribute = call::open_attribute(object_->id, name);
  const ElementType type = call::element_type(call::attribute_type(attribute).get());
  const bool needs_check =
      type == ElementType::float32 || type == ElementType::float64 || type == ElementType::uint64;
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (needs_check && !(*number >= -limit && *number < limit && std::trunc(*number) == *number)) {
    throw Error(
        ErrorCode::bad_argument,
        describe(name, *object_) + " is no integer of 64 bits but " + std::to_string(*number));
  }
  // Read again, as a double has only 53 bits.
  return read_all<std::int64_t>(attribute).front();
}

std::optional<std::vector<std::string>> Attributes::find_strings(const std::string& name) const {
  const CallScope scope("read an attribute of", object_->name, object_->file->path_text);
  const Id attribute = find_attribute(*object_, name);
  if (attribute.get() < 0) return std::nullopt;
  require_kind(attribute, false, name, *object_);
  const Id space = call::attribute_space(attribute);
  if (call::is_null_space(space)) return std::vector<std::string>{};
  const Id type = call::attribute_type(attribute);
  const std::uint64_t count = call::element_count(space);
  return call::is_variable_string(type) ? read_variable_strings(attribute, type, count)
                                        : read_fixed_strings(attribute, type, count);
}

std::optional<std::string> Attributes::find_string(const std::string& name) const {
  const auto texts = find_strings(name);
  if (!texts) return std::nullopt;
  return texts->empty() ? std::string() : texts->front();
}

void Attributes::set(const std::string& name, std::string_view text) {
  const CallScope scope("write an attribute of", object_->name, object_->file->path_text);
  detail::require_writable(*object_->file, "write an attribute of");
  const Id type = call::create_string_type(std::max<std::size_t>(text.size(), 1));
  const Id attribute = replace_attribute(*object_, name, type.get(), call::create_space({}));
  call::write_attribute(attribute, type.get(), text.empty() ? "" : text.data());
}

void Attributes::set_numbers(const std::string& name, ElementType type, const void* values,
                             const Shape& shape) {
  const CallScope scope("write an attribute of", object_->name, object_->file->path_text);
  detail::require_writable(*object_->file, "write an attribute of");
  const Id attribute =
      replace_attribute(*object_, name, call::native_type(type), call::create_space(shape));
  if (shape.empty() || shape.front() > 0)
    call::write_attribute(attribute, call::native_type(type), values);
}

}  // namespace tutti::hdf5
