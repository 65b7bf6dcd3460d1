#include "hdf5/hdf5_call.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <array>
#include <exception>

namespace tutti::hdf5 {

namespace {

/// What is being done now; the lock of the library protects it.
CallScope* current_scope = nullptr;

hid_t checked_id(hid_t id, const char* function) {
  if (id < 0) throw_failure(function);
  return id;
}

/// For functions that give a negative number when they fail: herr_t, htri_t, counts.
template <class Result>
Result checked(Result result, const char* function) {
  if (result < 0) throw_failure(function);
  return result;
}

herr_t keep_first(unsigned, const H5E_error2_t* entry, void* data) {
  auto& text = *static_cast<std::string*>(data);
  if (text.empty() && entry->desc != nullptr) text = entry->desc;
  return 0;
}

/// Where a callback of HDF5 collects names. Exceptions must not pass through C code, so they are
/// kept.
struct NameList {
  std::vector<std::string> names;
  std::exception_ptr failure;

  herr_t add(const char* name) noexcept try {
    names.emplace_back(name);
    return 0;
  } catch (...) {
    failure = std::current_exception();
    return -1;
  }
  void finish(herr_t result, const char* function) {
    if (failure) std::rethrow_exception(failure);
    checked(result, function);
    std::sort(names.begin(), names.end());
  }
};

}  // namespace

QuietScope::QuietScope() {
  H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

QuietScope::~QuietScope() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }

CallScope::CallScope(std::string_view action, std::string_view object, std::string_view path)
    : action_(action), object_(object), path_(path), outer_(std::exchange(current_scope, this)) {}

CallScope::~CallScope() { current_scope = outer_; }

std::string CallScope::sentence_start() const {
  std::string text = "could not " + std::string(action_);
  if (!object_.empty()) text += " '" + std::string(object_) + "' of";
  return text + " '" + std::string(path_) + "'";
}

std::string innermost_error() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  return text.empty() ? "HDF5 gives no reason" : text;
}

void throw_failure(const char* function) {
  const std::string reason = innermost_error();
  check(current_scope != nullptr, "HDF5 is called inside a CallScope");
  throw Error(ErrorCode::io,
              current_scope->sentence_start() + ": " + function + " failed: " + reason);
}

void Id::reset() noexcept {
  if (id_ < 0) return;
  QuietScope quiet;
  if (H5Iis_valid(id_) > 0) close_(id_);
  id_ = H5I_INVALID_HID;
}

namespace call {

// Property lists.

Id create_property_list(hid_t property_class) {
  return {checked_id(H5Pcreate(property_class), "H5Pcreate"), H5Pclose};
}

void set_tolerant_locking(const Id& file_access) {
  checked(H5Pset_file_locking(file_access.get(), true, true), "H5Pset_file_locking");
}

void set_strong_close(const Id& file_access) {
  checked(H5Pset_fclose_degree(file_access.get(), H5F_CLOSE_STRONG), "H5Pset_fclose_degree");
}

void track_link_order(const Id& file_creation) {
  checked(H5Pset_link_creation_order(file_creation.get(),
                                     H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
          "H5Pset_link_creation_order");
}

void track_attribute_order(const Id& object_creation) {
  checked(H5Pset_attr_creation_order(object_creation.get(),
                                     H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
          "H5Pset_attr_creation_order");
}

void forget_times(const Id& object_creation) {
  checked(H5Pset_obj_track_times(object_creation.get(), false), "H5Pset_obj_track_times");
}

void set_intermediate_groups(const Id& link_creation) {
  checked(H5Pset_create_intermediate_group(link_creation.get(), 1),
          "H5Pset_create_intermediate_group");
}

void set_chunk(const Id& dataset_creation, const Shape& chunk) {
  const std::vector<hsize_t> lengths(chunk.begin(), chunk.end());
  checked(H5Pset_chunk(dataset_creation.get(), static_cast<int>(lengths.size()), lengths.data()),
          "H5Pset_chunk");
}

void set_fill_value(const Id& dataset_creation, double value) {
  checked(H5Pset_fill_value(dataset_creation.get(), H5T_NATIVE_DOUBLE, &value),
          "H5Pset_fill_value");
}

void add_virtual_part(const Id& dataset_creation, const Shape& shape, std::uint64_t begin,
                      const VirtualPart& part) {
  Shape rows = shape;
  rows.front() = part.rows;
  const Id source = create_space(rows);
  const Id target = create_space(shape);
  Box box{Shape(shape.size(), 0), rows};
  box.offset.front() = begin;
  select_box(target, box);
  checked(H5Pset_virtual(dataset_creation.get(), target.get(), part.file.c_str(),
                         part.dataset.c_str(), source.get()),
          "H5Pset_virtual");
}

void set_conversion_callback(const Id& transfer, H5T_conv_except_func_t callback, void* data) {
  checked(H5Pset_type_conv_cb(transfer.get(), callback, data), "H5Pset_type_conv_cb");
}

// Files and groups.

bool is_valid(const Id& id) { return checked(H5Iis_valid(id.get()), "H5Iis_valid") > 0; }

bool is_hdf5(const std::string& path) {
  return checked(H5Fis_hdf5(path.c_str()), "H5Fis_hdf5") > 0;
}

Id open_file(const std::string& path, const Id& file_access) {
  return {checked_id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, file_access.get()), "H5Fopen"),
          H5Fclose};
}

Id create_file(const std::string& path, const Id& file_creation, const Id& file_access) {
  return {checked_id(H5Fcreate(path.c_str(), H5F_ACC_EXCL, file_creation.get(), file_access.get()),
                     "H5Fcreate"),
          H5Fclose};
}

void flush_file(const Id& file) { checked(H5Fflush(file.get(), H5F_SCOPE_LOCAL), "H5Fflush"); }

void close_file(Id& file) { checked(H5Fclose(file.release()), "H5Fclose"); }

Id open_group(const Id& file, const std::string& name) {
  return {checked_id(H5Gopen2(file.get(), name.c_str(), H5P_DEFAULT), "H5Gopen2"), H5Gclose};
}

Id create_group(const Id& file, const std::string& name, const Id& link_creation) {
  const hid_t id =
      H5Gcreate2(file.get(), name.c_str(), link_creation.get(), H5P_DEFAULT, H5P_DEFAULT);
  return {checked_id(id, "H5Gcreate2"), H5Gclose};
}

Id try_open_group(const Id& file, const std::string& name) {
  return {H5Gopen2(file.get(), name.c_str(), H5P_DEFAULT), H5Gclose};
}

std::vector<std::string> dataset_names(const Id& file) {
  NameList list;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* data) -> herr_t {
    return info->type == H5O_TYPE_DATASET ? static_cast<NameList*>(data)->add(name) : 0;
  };
  list.finish(H5Ovisit2(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, visit, &list, H5O_INFO_BASIC),
              "H5Ovisit2");
  return std::move(list.names);
}

// Datasets.

Id try_open_dataset(const Id& file, const std::string& name) {
  return {H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT), H5Dclose};
}

Id create_dataset(const Id& file, const std::string& name, hid_t type, const Id& space,
                  const Id& link_creation, const Id& dataset_creation) {
  const hid_t id = H5Dcreate2(file.get(), name.c_str(), type, space.get(), link_creation.get(),
                              dataset_creation.get(), H5P_DEFAULT);
  return {checked_id(id, "H5Dcreate2"), H5Dclose};
}

Id dataset_type(const Id& dataset) {
  return {checked_id(H5Dget_type(dataset.get()), "H5Dget_type"), H5Tclose};
}

Id dataset_space(const Id& dataset) {
  return {checked_id(H5Dget_space(dataset.get()), "H5Dget_space"), H5Sclose};
}

Id dataset_creation_list(const Id& dataset) {
  return {checked_id(H5Dget_create_plist(dataset.get()), "H5Dget_create_plist"), H5Pclose};
}

bool read_dataset(const Id& dataset, hid_t type, hid_t memory_space, hid_t file_space,
                  const Id& transfer, void* to, const bool& stopped) {
  const herr_t result = H5Dread(dataset.get(), type, memory_space, file_space, transfer.get(), to);
  if (stopped) return false;
  checked(result, "H5Dread");
  return true;
}

bool write_dataset(const Id& dataset, hid_t type, hid_t memory_space, hid_t file_space,
                   const Id& transfer, const void* from, const bool& stopped) {
  const herr_t result =
      H5Dwrite(dataset.get(), type, memory_space, file_space, transfer.get(), from);
  if (stopped) return false;
  checked(result, "H5Dwrite");
  return true;
}

void read_all(const Id& dataset, hid_t type, void* to) {
  checked(H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to), "H5Dread");
}

void write_all(const Id& dataset, hid_t type, const void* from) {
  checked(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, from), "H5Dwrite");
}

Shape chunk_of(const Id& dataset_creation) {
  if (checked(H5Pget_layout(dataset_creation.get()), "H5Pget_layout") != H5D_CHUNKED) return {};
  std::array<hsize_t, H5S_MAX_RANK> lengths{};
  const int rank = checked(
      H5Pget_chunk(dataset_creation.get(), static_cast<int>(lengths.size()), lengths.data()),
      "H5Pget_chunk");
  return Shape(lengths.begin(), lengths.begin() + rank);
}

// Dataspaces.

Id create_space(const Shape& shape) {
  if (shape.empty()) return {checked_id(H5Screate(H5S_SCALAR), "H5Screate"), H5Sclose};
  const std::vector<hsize_t> lengths(shape.begin(), shape.end());
  const hid_t id = H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr);
  return {checked_id(id, "H5Screate_simple"), H5Sclose};
}

Shape extent_of(const Id& space) {
  const int rank = checked(H5Sget_simple_extent_ndims(space.get()), "H5Sget_simple_extent_ndims");
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  checked(H5Sget_simple_extent_dims(space.get(), lengths.data(), nullptr),
          "H5Sget_simple_extent_dims");
  return Shape(lengths.begin(), lengths.end());
}

bool is_null_space(const Id& space) {
  return checked(H5Sget_simple_extent_type(space.get()), "H5Sget_simple_extent_type") == H5S_NULL;
}

std::uint64_t element_count(const Id& space) {
  return static_cast<std::uint64_t>(
      checked(H5Sget_simple_extent_npoints(space.get()), "H5Sget_simple_extent_npoints"));
}

void select_box(const Id& space, const Box& box) {
  const std::vector<hsize_t> offset(box.offset.begin(), box.offset.end());
  const std::vector<hsize_t> count(box.count.begin(), box.count.end());
  checked(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset.data(), nullptr, count.data(),
                              nullptr),
          "H5Sselect_hyperslab");
}

void reclaim_variable_length(hid_t type, const Id& space, void* values) {
  checked(H5Dvlen_reclaim(type, space.get(), H5P_DEFAULT, values), "H5Dvlen_reclaim");
}

// Types.

hid_t native_type(ElementType type) {
  switch (type) {
    case ElementType::int8:
      return H5T_NATIVE_INT8;
    case ElementType::uint8:
      return H5T_NATIVE_UINT8;
    case ElementType::int16:
      return H5T_NATIVE_INT16;
    case ElementType::uint16:
      return H5T_NATIVE_UINT16;
    case ElementType::int32:
      return H5T_NATIVE_INT32;
    case ElementType::uint32:
      return H5T_NATIVE_UINT32;
    case ElementType::int64:
      return H5T_NATIVE_INT64;
    case ElementType::uint64:
      return H5T_NATIVE_UINT64;
    case ElementType::float32:
      return H5T_NATIVE_FLOAT;
    case ElementType::float64:
      return H5T_NATIVE_DOUBLE;
    case ElementType::string:
    case ElementType::other:
      break;
  }
  throw Error(ErrorCode::bad_argument, "only datasets of numbers can be read and written");
}

ElementType element_type(hid_t type) {
  const H5T_class_t type_class = H5Tget_class(type);
  if (type_class == H5T_NO_CLASS) throw_failure("H5Tget_class");
  if (type_class == H5T_STRING) return ElementType::string;
  const std::size_t size = H5Tget_size(type);
  if (type_class == H5T_FLOAT && size == 4) return ElementType::float32;
  if (type_class == H5T_FLOAT && size == 8) return ElementType::float64;
  if (type_class != H5T_INTEGER) return ElementType::other;
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (size) {
    case 1:
      return is_signed ? ElementType::int8 : ElementType::uint8;
    case 2:
      return is_signed ? ElementType::int16 : ElementType::uint16;
    case 4:
      return is_signed ? ElementType::int32 : ElementType::uint32;
    case 8:
      return is_signed ? ElementType::int64 : ElementType::uint64;
    default:
      return ElementType::other;
  }
}

std::size_t type_size(const Id& type) {
  const std::size_t size = H5Tget_size(type.get());
  if (size == 0) throw_failure("H5Tget_size");
  return size;
}

bool is_variable_string(const Id& type) {
  return checked(H5Tis_variable_str(type.get()), "H5Tis_variable_str") > 0;
}

H5T_str_t string_padding(const Id& type) {
  return checked(H5Tget_strpad(type.get()), "H5Tget_strpad");
}

Id create_string_type(std::size_t size) {
  Id type(checked_id(H5Tcopy(H5T_C_S1), "H5Tcopy"), H5Tclose);
  checked(H5Tset_size(type.get(), size), "H5Tset_size");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

Id create_variable_string_type(const Id& like) {
  Id type(checked_id(H5Tcopy(H5T_C_S1), "H5Tcopy"), H5Tclose);
  checked(H5Tset_size(type.get(), H5T_VARIABLE), "H5Tset_size");
  checked(H5Tset_cset(type.get(), checked(H5Tget_cset(like.get()), "H5Tget_cset")), "H5Tset_cset");
  return type;
}

// Attributes.

bool attribute_exists(const Id& object, const std::string& name) {
  return checked(H5Aexists(object.get(), name.c_str()), "H5Aexists") > 0;
}

std::vector<std::string> attribute_names(const Id& object) {
  NameList list;
  const auto visit = [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
    return static_cast<NameList*>(data)->add(name);
  };
  list.finish(H5Aiterate2(object.get(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, visit, &list),
              "H5Aiterate2");
  return std::move(list.names);
}

Id open_attribute(const Id& object, const std::string& name) {
  return {checked_id(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), "H5Aopen"), H5Aclose};
}

Id create_attribute(const Id& object, const std::string& name, hid_t type, const Id& space) {
  const hid_t id =
      H5Acreate2(object.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT);
  return {checked_id(id, "H5Acreate2"), H5Aclose};
}

void delete_attribute(const Id& object, const std::string& name) {
  checked(H5Adelete(object.get(), name.c_str()), "H5Adelete");
}

Id attribute_type(const Id& attribute) {
  return {checked_id(H5Aget_type(attribute.get()), "H5Aget_type"), H5Tclose};
}

Id attribute_space(const Id& attribute) {
  return {checked_id(H5Aget_space(attribute.get()), "H5Aget_space"), H5Sclose};
}

void read_attribute(const Id& attribute, hid_t type, void* to) {
  checked(H5Aread(attribute.get(), type, to), "H5Aread");
}

void write_attribute(const Id& attribute, hid_t type, const void* from) {
  checked(H5Awrite(attribute.get(), type, from), "H5Awrite");
}

// Dimension scales.

void set_scale(const Id& dataset, const std::string& name) {
  checked(H5DSset_scale(dataset.get(), name.c_str()), "H5DSset_scale");
}

bool is_scale(const Id& dataset) {
  return checked(H5DSis_scale(dataset.get()), "H5DSis_scale") > 0;
}

void attach_scale(const Id& dataset, const Id& scale, unsigned dimension) {
  checked(H5DSattach_scale(dataset.get(), scale.get(), dimension), "H5DSattach_scale");
}

std::string first_scale_name(const Id& dataset, unsigned dimension) {
  if (checked(H5DSget_num_scales(dataset.get(), dimension), "H5DSget_num_scales") == 0) return "";
  std::array<char, 1024> name{};
  const auto visit = [](hid_t, unsigned, hid_t scale, void* data) -> herr_t {
    auto& text = *static_cast<std::array<char, 1024>*>(data);
    return H5Iget_name(scale, text.data(), text.size()) < 0 ? -1 : 1;
  };
  int first = 0;
  checked(H5DSiterate_scales(dataset.get(), dimension, &first, visit, &name), "H5DSiterate_scales");
  const std::string_view text = name.data();
  return std::string(text.starts_with('/') ? text.substr(1) : text);
}

}  // namespace call
}  // namespace tutti::hdf5
