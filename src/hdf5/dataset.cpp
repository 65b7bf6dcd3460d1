#include "hdf5/file_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace tutti::hdf5 {

namespace {

using detail::Object;

constexpr std::array<std::string_view, 12> element_type_names = {
    "int8",  "uint8",  "int16",   "uint16",  "int32",  "uint32",
    "int64", "uint64", "float32", "float64", "string", "other"};

/// Whether the value at `source` is an infinity that a float can hold as well.
bool is_infinity(hid_t type, const void* source) {
  if (H5Tget_class(type) != H5T_FLOAT || H5Tget_size(type) != sizeof(double)) return false;
  double value = 0;
  std::memcpy(&value, source, sizeof value);
  return std::isinf(value);
}

/// HDF5 would cut off values that do not fit. This stops the transfer instead and notes it.
H5T_conv_ret_t stop_at_misfit(H5T_conv_except_t kind, hid_t source_type, hid_t target_type,
                              void* source, void*, void* stopped) {
  const bool to_float = H5Tget_class(target_type) == H5T_FLOAT;
  const bool harmless =
      kind == H5T_CONV_EXCEPT_PRECISION ||
      (to_float && (kind == H5T_CONV_EXCEPT_PINF || kind == H5T_CONV_EXCEPT_NINF ||
                    kind == H5T_CONV_EXCEPT_NAN || is_infinity(source_type, source)));
  if (harmless) return H5T_CONV_UNHANDLED;
  *static_cast<bool*>(stopped) = true;
  return H5T_CONV_ABORT;
}

void require_numbers(const Object& object, const CallScope& scope) {
  if (object.type != ElementType::string && object.type != ElementType::other) return;
  throw Error(ErrorCode::bad_argument, scope.sentence_start() +
                                           ": its elements are no numbers but of type " +
                                           std::string(name_of(object.type)));
}

void require_inside(const Object& object, const Box& box, const std::string& start) {
  if (box.offset.size() != object.shape.size() || box.count.size() != object.shape.size()) {
    throw Error(ErrorCode::bad_argument,
                start + ": the box has " + std::to_string(box.offset.size()) + " offsets and " +
                    std::to_string(box.count.size()) + " counts, the dataset is " +
                    detail::text_of(object.shape));
  }
  for (std::size_t d = 0; d < box.offset.size(); ++d) {
    if (box.offset[d] <= object.shape[d] && box.count[d] <= object.shape[d] - box.offset[d])
      continue;
    throw Error(ErrorCode::bad_argument, start + ": " + std::to_string(box.count[d]) +
                                             " elements from " + std::to_string(box.offset[d]) +
                                             " on are not all inside dimension " +
                                             std::to_string(d) + " of the dataset, which is " +
                                             detail::text_of(object.shape));
  }
}

/// What a read and a write have in common: spaces, conversion and the checks before.
class Transfer {
 public:
  Transfer(const Object& object, std::uint64_t count, const Box* box, const CallScope& scope)
      : start_(scope.sentence_start()) {
    require_numbers(object, scope);
    if (box != nullptr) require_inside(object, *box, start_);
    const std::uint64_t expected =
        box != nullptr ? detail::product(box->count) : object.element_count;
    if (count != expected) {
      throw Error(ErrorCode::bad_argument, start_ + ": there is memory for " +
                                               std::to_string(count) + " elements, but they are " +
                                               std::to_string(expected));
    }
    empty_ = expected == 0;
    if (empty_) return;
    list_ = call::create_property_list(H5P_DATASET_XFER);
    call::set_conversion_callback(list_, stop_at_misfit, &stopped_);
    if (box == nullptr || object.shape.empty()) return;
    file_space_ = call::dataset_space(object.id);
    call::select_box(file_space_, *box);
    memory_space_ = call::create_space(Shape{count});
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  bool empty() const noexcept { return empty_; }
  hid_t file_space() const noexcept { return file_space_.get() < 0 ? H5S_ALL : file_space_.get(); }
  hid_t memory_space() const noexcept {
    return memory_space_.get() < 0 ? H5S_ALL : memory_space_.get();
  }
  const Id& list() const noexcept { return list_; }
  const bool& stopped() const noexcept { return stopped_; }

  [[noreturn]] void throw_misfit(ElementType from, ElementType to) const {
    throw Error(ErrorCode::bad_argument,
                start_ + ": a value of type " + std::string(name_of(from)) + " does not fit into " +
                    std::string(name_of(to)) + ", and is not cut off in silence");
  }

 private:
  std::string start_;
  bool empty_ = false;
  bool stopped_ = false;
  Id list_;
  Id file_space_;
  Id memory_space_;
};

}  // namespace

std::string_view name_of(ElementType type) noexcept {
  return element_type_names[static_cast<std::size_t>(type)];
}

namespace detail {

void require_open(const FileState& file, const char* action) {
  if (file.open && call::is_valid(file.id)) return;
  const std::string start = "could not " + std::string(action) + " '" + file.path_text + "': ";
  if (!file.open) throw Error(ErrorCode::bad_argument, start + "it was closed");
  // HDF5 shuts itself down in MPI_Finalize() and in exit().
  throw Error(ErrorCode::not_running, start +
                                          "HDF5 has ended, with MPI or with the program; close "
                                          "files before that");
}

void require_writable(const FileState& file, const char* action) {
  require_open(file, action);
  if (file.writable()) return;
  throw Error(ErrorCode::bad_argument, "could not " + std::string(action) + " '" + file.path_text +
                                           "': it is open for reading");
}

std::shared_ptr<Object> make_dataset(std::shared_ptr<FileState> file, const std::string& name,
                                     Id id) {
  auto object = std::make_shared<Object>();
  object->file = std::move(file);
  object->name = name.starts_with('/') ? name.substr(1) : name;
  const Id space = call::dataset_space(id);
  object->element_count = call::is_null_space(space) ? 0 : call::element_count(space);
  object->shape = call::is_null_space(space) ? Shape{0} : call::extent_of(space);
  object->type = call::element_type(call::dataset_type(id).get());
  object->id = std::move(id);
  return object;
}

std::string text_of(const Shape& shape) {
  if (shape.empty()) return "a single value";
  std::string text;
  for (const std::uint64_t length : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(length);
  return text;
}

std::uint64_t product(const Shape& shape) {
  std::uint64_t result = 1;
  for (const std::uint64_t length : shape) {
    if (length != 0 && result > std::numeric_limits<std::uint64_t>::max() / length) {
      throw Error(ErrorCode::bad_argument,
                  "a shape of " + text_of(shape) + " has too many elements to count");
    }
    result *= length;
  }
  return result;
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown_max = 20;
  if (names.empty()) return "none";
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < shown_max; ++i)
    text += (i == 0 ? "'" : ", '") + names[i] + "'";
  if (names.size() > shown_max)
    text += " and " + std::to_string(names.size() - shown_max) + " more";
  return text;
}

}  // namespace detail

const std::string& Dataset::name() const noexcept { return object_->name; }
const Shape& Dataset::shape() const noexcept { return object_->shape; }
std::uint64_t Dataset::element_count() const noexcept { return object_->element_count; }
ElementType Dataset::element_type() const noexcept { return object_->type; }

std::optional<Shape> Dataset::chunk() const {
  const CallScope scope("look up the chunks of", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "look up the chunks of a dataset of");
  Shape chunk = call::chunk_of(call::dataset_creation_list(object_->id));
  if (chunk.empty()) return std::nullopt;
  return chunk;
}

std::uint64_t Dataset::checked_count(const Box& box) const {
  const CallScope scope("read", object_->name, object_->file->path_text);
  require_inside(*object_, box, scope.sentence_start());
  return detail::product(box.count);
}

void Dataset::transfer_in(ElementType type, void* values, std::uint64_t count,
                          const Box* box) const {
  const CallScope scope("read", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "read a dataset of");
  const Transfer transfer(*object_, count, box, scope);
  if (transfer.empty()) return;
  const bool complete =
      call::read_dataset(object_->id, call::native_type(type), transfer.memory_space(),
                         transfer.file_space(), transfer.list(), values, transfer.stopped());
  if (!complete) transfer.throw_misfit(object_->type, type);
}

void Dataset::transfer_out(ElementType type, const void* values, std::uint64_t count,
                           const Box* box) {
  const CallScope scope("write", object_->name, object_->file->path_text);
  detail::require_writable(*object_->file, "write a dataset of");
  const Transfer transfer(*object_, count, box, scope);
  if (transfer.empty()) return;
  const bool complete =
      call::write_dataset(object_->id, call::native_type(type), transfer.memory_space(),
                          transfer.file_space(), transfer.list(), values, transfer.stopped());
  if (!complete) transfer.throw_misfit(type, object_->type);
}

void Dataset::read_raw(std::span<std::byte> bytes, const Box& box) const {
  const std::size_t size = std::max<std::size_t>(size_of(element_type()), 1);
  transfer_in(element_type(), bytes.data(), bytes.size() / size, &box);
}

void Dataset::write_raw(const Box& box, std::span<const std::byte> bytes) {
  const std::size_t size = std::max<std::size_t>(size_of(element_type()), 1);
  transfer_out(element_type(), bytes.data(), bytes.size() / size, &box);
}

std::vector<std::string> Dataset::read_texts() const {
  const CallScope scope("read", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "read a dataset of");
  const Id type = call::dataset_type(object_->id);
  if (object_->type != ElementType::string || call::is_variable_string(type)) {
    throw Error(ErrorCode::bad_argument,
                scope.sentence_start() + ": its elements are no texts of a fixed length");
  }
  const std::size_t size = call::type_size(type);
  std::string characters(size * object_->element_count, '\0');
  if (!characters.empty()) call::read_all(object_->id, type.get(), characters.data());
  std::vector<std::string> texts;
  for (std::uint64_t index = 0; index < object_->element_count; ++index) {
    const std::string_view text(characters.data() + index * size, size);
    texts.emplace_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

void Dataset::make_scale() {
  const CallScope scope("make a dimension scale", object_->name, object_->file->path_text);
  detail::require_writable(*object_->file, "make a dimension scale in");
  if (object_->shape.size() != 1) {
    throw Error(ErrorCode::bad_argument, scope.sentence_start() +
                                             ": a scale has one dimension, the dataset is " +
                                             detail::text_of(object_->shape));
  }
  const std::string& name = object_->name;
  call::set_scale(object_->id, name.substr(name.find_last_of('/') + 1));
}

bool Dataset::is_scale() const {
  const CallScope scope("look up", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "look up a dataset of");
  return call::is_scale(object_->id);
}

void Dataset::attach_scale(std::uint64_t dimension, const Dataset& scale) {
  const CallScope scope("attach a dimension scale to", object_->name, object_->file->path_text);
  detail::require_writable(*object_->file, "attach a dimension scale in");
  const std::string start = scope.sentence_start() + ": ";
  if (scale.object_->file != object_->file) {
    throw Error(ErrorCode::bad_argument,
                start + "the scale '" + scale.name() + "' is in another file");
  }
  if (dimension >= object_->shape.size()) {
    throw Error(ErrorCode::bad_argument, start + "it has no dimension " +
                                             std::to_string(dimension) + ", it is " +
                                             detail::text_of(object_->shape));
  }
  if (scale.element_count() != object_->shape[dimension]) {
    throw Error(ErrorCode::bad_argument, start + "the scale '" + scale.name() + "' has " +
                                             std::to_string(scale.element_count()) +
                                             " elements, dimension " + std::to_string(dimension) +
                                             " has " + std::to_string(object_->shape[dimension]));
  }
  call::attach_scale(object_->id, scale.object_->id, static_cast<unsigned>(dimension));
}

std::vector<std::string> Dataset::dimension_names() const {
  const CallScope scope("look up the dimensions of", object_->name, object_->file->path_text);
  detail::require_open(*object_->file, "look up the dimensions of a dataset of");
  if (call::is_scale(object_->id)) return {object_->name};
  std::vector<std::string> names;
  for (unsigned d = 0; d < object_->shape.size(); ++d)
    names.push_back(call::first_scale_name(object_->id, d));
  return names;
}

}  // namespace tutti::hdf5
