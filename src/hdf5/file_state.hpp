#pragma once

/// What the handles of tutti/hdf5.hpp share.

#include "hdf5/hdf5_call.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace tutti::hdf5::detail {

/// An open file.
struct FileState {
  std::filesystem::path path;  ///< the final name
  std::filesystem::path
      temporary;          ///< where a created file is until it is closed; empty when reading
  std::string path_text;  ///< `path`, for sentences
  Id id;
  bool open = true;

  bool writable() const noexcept { return !temporary.empty(); }
};

/// A dataset, or the root group, of an open file. `id` is closed before `file` is let go.
struct Object {
  std::shared_ptr<FileState> file;
  std::string name;  ///< empty for the root group
  Shape shape;
  std::uint64_t element_count = 0;  ///< 1 for a single value, 0 for the null space
  ElementType type = ElementType::other;
  Id id;
};

/// Throws when the file was closed, or HDF5 has ended. `action` as in CallScope.
void require_open(const FileState& file, const char* action);
/// Throws when the file was closed or is open for reading only.
void require_writable(const FileState& file, const char* action);
/// Takes over an opened dataset and reads what it is. Called inside a CallScope.
std::shared_ptr<Object> make_dataset(std::shared_ptr<FileState> file, const std::string& name,
                                     Id id);

/// "132 x 73 x 144", "a single value".
std::string text_of(const Shape& shape);
/// The product of the lengths, checked against overflow.
std::uint64_t product(const Shape& shape);
/// "a, b, c", at most some twenty of them.
std::string list_of(const std::vector<std::string>& names);

}  // namespace tutti::hdf5::detail
