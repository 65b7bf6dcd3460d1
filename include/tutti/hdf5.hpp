#pragma once

/// HDF5 files: read and write datasets of numbers, attributes and dimension scales, so that
/// netCDF-4 files can be read and what is written opens in ncdump and xarray.
///
/// All calls take `hdf5_guard` inside: objects of this header may be used by several threads at
/// once, one after the other. Failures are thrown as `tutti::Error` with a sentence that names the
/// file; using an object after its file was closed is one of them. Objects of this header do not
/// travel to other ranks: send the path and open the file there.

#include "tutti/hdf5_types.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::hdf5 {

namespace detail {
struct FileState;
struct Object;
}  // namespace detail

/// The attributes of a dataset or of a file (the global ones). A handle: cheap to copy.
class Attributes {
 public:
  std::vector<std::string> names() const;  ///< sorted
  bool contains(const std::string& name) const;

  /// The attribute as a number (the first, when it is a list), text or list. Nothing when the
  /// attribute does not exist; an Error when it is of the other kind. `find_integer` refuses
  /// fractions.
  std::optional<double> find_number(const std::string& name) const;
  std::optional<std::int64_t> find_integer(const std::string& name) const;
  std::optional<std::string> find_string(const std::string& name) const;
  std::optional<std::vector<double>> find_numbers(const std::string& name) const;
  std::optional<std::vector<std::string>> find_strings(const std::string& name) const;

  /// Writes an attribute, in place of one of the same name. Text is UTF-8.
  void set(const std::string& name, std::string_view text);
  template <Number T>
  void set(const std::string& name, T value) {
    set_numbers(name, element_type_of<T>(), &value, {});
  }
  template <NumberRange R>
  void set(const std::string& name, const R& values) {
    using T = std::remove_cv_t<std::ranges::range_value_t<const R>>;
    set_numbers(name, element_type_of<T>(), std::ranges::data(values), {std::ranges::size(values)});
  }

 private:
  friend class Dataset;
  friend class File;
  explicit Attributes(std::shared_ptr<detail::Object> object) : object_(std::move(object)) {}
  void set_numbers(const std::string& name, ElementType type, const void* values,
                   const Shape& shape);
  std::shared_ptr<detail::Object> object_;
};

/// A dataset of an open file. A handle: cheap to copy; while one exists, a file that was opened for
/// reading stays open.
///
/// Numbers are converted between the types of file and memory. A value that does not fit (300 into
/// int8, 0.5 into int32) is an Error; digits that float lacks are rounded. Values are as stored:
/// `_FillValue`, `scale_factor` and the like are for the caller to apply.
class Dataset {
 public:
  const std::string& name() const noexcept;  ///< with its groups, without a leading slash
  const Shape& shape() const noexcept;
  std::uint64_t element_count() const noexcept;
  ElementType element_type() const noexcept;
  std::optional<Shape> chunk() const;  ///< nothing when it is not stored in chunks
  Attributes attributes() const { return Attributes(object_); }

  template <Number T>
  std::vector<T> read() const {
    std::vector<T> values(element_count());
    transfer_in(element_type_of<T>(), values.data(), values.size(), nullptr);
    return values;
  }
  template <Number T>
  std::vector<T> read(const Box& box) const {
    std::vector<T> values(checked_count(box));
    transfer_in(element_type_of<T>(), values.data(), values.size(), &box);
    return values;
  }
  /// Reads into the caller's memory, which has exactly as many elements as the box.
  template <Number T>
  void read_into(std::span<T> values, const Box& box) const {
    transfer_in(element_type_of<T>(), values.data(), values.size(), &box);
  }

  /// Writes all elements, or those of a box. The number of values must be that of the elements.
  template <NumberRange R>
  void write(const R& values) {
    using T = std::remove_cv_t<std::ranges::range_value_t<const R>>;
    transfer_out(element_type_of<T>(), std::ranges::data(values), std::ranges::size(values),
                 nullptr);
  }
  template <NumberRange R>
  void write(const Box& box, const R& values) {
    using T = std::remove_cv_t<std::ranges::range_value_t<const R>>;
    transfer_out(element_type_of<T>(), std::ranges::data(values), std::ranges::size(values), &box);
  }

  /// The same with the bytes of elements of the dataset's own type, as the machine has them.
  void read_raw(std::span<std::byte> bytes, const Box& box) const;
  void write_raw(const Box& box, std::span<const std::byte> bytes);
  /// The elements of a dataset of text.
  std::vector<std::string> read_texts() const;

  /// Makes this dataset, of one dimension, a dimension scale: it names a dimension and holds its
  /// coordinates.
  void make_scale();
  bool is_scale() const;
  /// Ties `scale` to a dimension of this dataset. Their lengths must agree.
  void attach_scale(std::uint64_t dimension, const Dataset& scale);
  /// For each dimension the name of its first scale, "" when it has none.
  std::vector<std::string> dimension_names() const;

 private:
  friend class File;
  explicit Dataset(std::shared_ptr<detail::Object> object) : object_(std::move(object)) {}
  std::uint64_t checked_count(const Box& box) const;
  void transfer_in(ElementType type, void* values, std::uint64_t count, const Box* box) const;
  void transfer_out(ElementType type, const void* values, std::uint64_t count, const Box* box);
  std::shared_ptr<detail::Object> object_;
};

/// An HDF5 file, opened for reading or created.
///
/// A created file has a temporary name beside the final one (`<path>.part-<hex digits>`) until it
/// is closed: whoever sees the final name sees a whole file, and a killed run leaves an earlier
/// file as it was.
class File {
 public:
  static File open(const std::filesystem::path& path);  ///< for reading
  static File create(
      const std::filesystem::path& path);  ///< close() puts it in place of an existing file

  /// Closes the file like close(), and prints the sentence of a failure to stderr. A created file
  /// whose scope is left by an exception is removed instead.
  ~File();
  File(File&& other) noexcept = default;
  File& operator=(File&& other) = delete;

  const std::filesystem::path& path() const noexcept;  ///< the final name
  std::vector<std::string> dataset_names()
      const;                                     ///< of all groups, without a leading slash; sorted
  bool contains(const std::string& name) const;  ///< whether there is a dataset of that name
  Dataset dataset(const std::string& name) const;
  Attributes attributes() const;  ///< the global attributes
  /// Those of a group, which a created file makes when there is none.
  Attributes group_attributes(const std::string& group) const;

  /// Groups in `name` ("a/b/c") are made as needed.
  Dataset create_dataset(const std::string& name, ElementType type, const Shape& shape,
                         const DatasetOptions& options = {});
  template <Number T>
  Dataset create_dataset(const std::string& name, const Shape& shape,
                         const DatasetOptions& options = {}) {
    return create_dataset(name, element_type_of<T>(), shape, options);
  }
  /// A list of texts, UTF-8, each in as much room as the longest one needs.
  Dataset create_texts(const std::string& name, std::span<const std::string> texts);
  /// Shows rows of datasets in other files, one part after the other; `shape` is that of all rows.
  /// Nothing is copied: what reads it opens those files.
  Dataset create_virtual(const std::string& name, ElementType type, const Shape& shape,
                         std::span<const VirtualPart> parts);
  /// A dimension scale with these coordinates.
  template <NumberRange R>
  Dataset create_scale(const std::string& name, const R& values) {
    using T = std::remove_cv_t<std::ranges::range_value_t<const R>>;
    Dataset scale = create_dataset<T>(name, {std::ranges::size(values)});
    scale.write(values);
    scale.make_scale();
    return scale;
  }

  /// Ends the use of the file and of all objects got from it; a created file gets its final name.
  /// The second call does nothing. After a failure the file is closed and no file was put in place.
  void close();

 private:
  explicit File(std::shared_ptr<detail::FileState> state);
  std::shared_ptr<detail::FileState> state_;
  int exceptions_at_start_;
};

}  // namespace tutti::hdf5
