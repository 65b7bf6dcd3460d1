#pragma once

/// Every HDF5 C function that tutti uses, wrapped and checked once. The only file that includes
/// hdf5.h.
///
/// All of it is called inside a `CallScope`, which holds the lock and says what is being done; a
/// call that fails throws Error(io) with that and HDF5's innermost reason.

#include "tutti/error.hpp"
#include "tutti/hdf5.hpp"
#include "tutti/hdf5_guard.hpp"

#include <hdf5.h>
#include <hdf5_hl.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::hdf5 {

/// Holds the lock and keeps HDF5 from printing its errors; both end with the scope. The user's own
/// setting of automatic printing is put back.
class QuietScope {
 public:
  QuietScope();
  ~QuietScope();
  QuietScope(const QuietScope&) = delete;
  QuietScope& operator=(const QuietScope&) = delete;

 private:
  hdf5_guard guard_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

/// A QuietScope that knows what is being done to what, for the sentence of a failure: "could not
/// <action>
/// '<object>' of '<path>'". The texts must outlive the scope.
class CallScope {
 public:
  CallScope(std::string_view action, std::string_view object, std::string_view path);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  /// "could not read '/x' of 'file.h5'".
  std::string sentence_start() const;

 private:
  QuietScope quiet_;
  std::string_view action_;
  std::string_view object_;
  std::string_view path_;
  CallScope* outer_;
};

/// The innermost entry of HDF5's error stack, the most specific one.
std::string innermost_error();

/// Throws the failure of `function` in the current CallScope.
[[noreturn]] void throw_failure(const char* function);

/// Owns an HDF5 identifier.
class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id() = default;
  Id(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Id() { reset(); }

  hid_t get() const noexcept { return id_; }
  /// Closes without a word: for what was only read. Also when the file was closed before.
  void reset() noexcept;
  /// Gives the identifier to the caller.
  hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

namespace call {

// Property lists.
Id create_property_list(hid_t property_class);
/// For opening files: a file system without locks is no failure.
void set_tolerant_locking(const Id& file_access);
/// Closing the file closes its objects too.
void set_strong_close(const Id& file_access);
/// Links of the root group, or attributes of a dataset, are kept in the order of their creation.
void track_link_order(const Id& file_creation);
void track_attribute_order(const Id& object_creation);
/// The object does not keep when it was changed.
void forget_times(const Id& object_creation);
void set_intermediate_groups(const Id& link_creation);
void set_chunk(const Id& dataset_creation, const Shape& chunk);
void set_fill_value(const Id& dataset_creation, double value);
/// Rows from `begin` on are all those of a dataset in another file.
void add_virtual_part(const Id& dataset_creation, const Shape& shape, std::uint64_t begin,
                      const VirtualPart& part);
void set_conversion_callback(const Id& transfer, H5T_conv_except_func_t callback, void* data);

// Files and groups.
/// False when it was closed, or when HDF5 was shut down since.
bool is_valid(const Id& id);
bool is_hdf5(const std::string& path);
Id open_file(const std::string& path, const Id& file_access);
Id create_file(const std::string& path, const Id& file_creation, const Id& file_access);
void flush_file(const Id& file);
/// Unlike the destructor of Id, reports a failure.
void close_file(Id& file);
/// "/" is the root group.
Id open_group(const Id& file, const std::string& name);
Id create_group(const Id& file, const std::string& name, const Id& link_creation);
/// An empty Id when there is none.
Id try_open_group(const Id& file, const std::string& name);
/// Names of all datasets below, relative to it.
std::vector<std::string> dataset_names(const Id& file);

// Datasets.
/// An empty Id when it cannot be opened; innermost_error() knows why.
Id try_open_dataset(const Id& file, const std::string& name);
Id create_dataset(const Id& file, const std::string& name, hid_t type, const Id& space,
                  const Id& link_creation, const Id& dataset_creation);
Id dataset_type(const Id& dataset);
Id dataset_space(const Id& dataset);
Id dataset_creation_list(const Id& dataset);
/// False when the conversion callback stopped it; other failures throw.
bool read_dataset(const Id& dataset, hid_t type, hid_t memory_space, hid_t file_space,
                  const Id& transfer, void* to, const bool& stopped);
bool write_dataset(const Id& dataset, hid_t type, hid_t memory_space, hid_t file_space,
                   const Id& transfer, const void* from, const bool& stopped);
/// Elements of a type that is no number, all at once.
void read_all(const Id& dataset, hid_t type, void* to);
void write_all(const Id& dataset, hid_t type, const void* from);
/// Empty when the dataset is not stored in chunks.
Shape chunk_of(const Id& dataset_creation);

// Dataspaces.
Id create_space(const Shape& shape);
Shape extent_of(const Id& space);
bool is_null_space(const Id& space);
std::uint64_t element_count(const Id& space);
void select_box(const Id& space, const Box& box);
void reclaim_variable_length(hid_t type, const Id& space, void* values);

// Types.
hid_t native_type(ElementType type);
ElementType element_type(hid_t type);
std::size_t type_size(const Id& type);
bool is_variable_string(const Id& type);
H5T_str_t string_padding(const Id& type);
Id create_string_type(std::size_t size);
/// Text of any length, in memory; of the same character set as `like`.
Id create_variable_string_type(const Id& like);

// Attributes.
bool attribute_exists(const Id& object, const std::string& name);
std::vector<std::string> attribute_names(const Id& object);
Id open_attribute(const Id& object, const std::string& name);
Id create_attribute(const Id& object, const std::string& name, hid_t type, const Id& space);
void delete_attribute(const Id& object, const std::string& name);
Id attribute_type(const Id& attribute);
Id attribute_space(const Id& attribute);
void read_attribute(const Id& attribute, hid_t type, void* to);
void write_attribute(const Id& attribute, hid_t type, const void* from);

// Dimension scales.
void set_scale(const Id& dataset, const std::string& name);
bool is_scale(const Id& dataset);
void attach_scale(const Id& dataset, const Id& scale, unsigned dimension);
/// Name of the first scale of a dimension with its groups; "" when there is none.
std::string first_scale_name(const Id& dataset, unsigned dimension);

}  // namespace call
}  // namespace tutti::hdf5
