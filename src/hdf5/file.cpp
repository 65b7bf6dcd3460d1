#include "hdf5/file_state.hpp"
#include "tutti/check.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <limits>
#include <random>
#include <system_error>
#include <unistd.h>

namespace tutti::hdf5 {

namespace {

using detail::FileState;
namespace filesystem = std::filesystem;

[[noreturn]] void throw_io(const std::string& sentence) { throw Error(ErrorCode::io, sentence); }

std::string quoted(const filesystem::path& path) { return "'" + path.string() + "'"; }

/// Says in our own words why a file cannot be opened, for the reasons that users meet.
void require_readable(const filesystem::path& path) {
  const std::string start = "could not open " + quoted(path) + ": ";
  std::error_code failure;
  const filesystem::file_status status = filesystem::status(path, failure);
  if (status.type() == filesystem::file_type::not_found) {
    const std::string where =
        path.is_relative() ? " (from the directory " + quoted(filesystem::current_path()) + ")"
                           : "";
    throw_io(start + "there is no such file" + where);
  }
  if (status.type() == filesystem::file_type::directory) throw_io(start + "it is a directory");
  if (::access(path.c_str(), R_OK) != 0) {
    throw_io(start + (errno == EACCES ? "no permission to read it" : std::strerror(errno)));
  }
}

/// For a readable file that is not HDF5: what it is instead.
[[noreturn]] void throw_not_hdf5(const filesystem::path& path) {
  const std::string start = quoted(path) + " is not an HDF5 file";
  std::array<char, 4> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  if (file.gcount() == 0) throw_io(start + ": it is empty");
  if (std::string_view(head.data(), 3) == "CDF") {
    throw_io(start + ": it is a classic netCDF file, which `nccopy -k nc4 " + path.string() +
             " NEW_FILE` (Debian package netcdf-bin) converts");
  }
  throw_io(start);
}

/// A file under this name is not there yet, and its directory is where the final file goes.
filesystem::path temporary_name(const filesystem::path& path) {
  std::random_device source;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), ".part-%08x%08x", source(), source());
  filesystem::path name = path;
  name += text.data();
  return name;
}

void require_creatable(const filesystem::path& path) {
  const std::string start = "could not create " + quoted(path) + ": ";
  if (path.filename().empty()) throw_io(start + "that is not the name of a file");
  std::error_code ignored;
  if (filesystem::is_directory(path, ignored)) throw_io(start + "it is a directory");
  const filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code failure;
  const filesystem::file_type type = filesystem::status(directory, failure).type();
  if (type == filesystem::file_type::none)
    throw_io(start + quoted(directory) + ": " + failure.message());
  if (type != filesystem::file_type::directory)
    throw_io(start + "there is no directory " + quoted(directory));
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw_io(start + "no permission to write in the directory " + quoted(directory));
  }
}

void remove_quietly(const filesystem::path& path) noexcept {
  std::error_code ignored;
  filesystem::remove(path, ignored);
}

void discard(FileState& state) noexcept {
  state.open = false;
  state.id.reset();
  if (state.writable()) remove_quietly(state.temporary);
}

void require_chunk_fits(const std::string& start, const Shape& chunk, const Shape& shape) {
  const std::string chunk_text = "chunks of " + detail::text_of(chunk);
  if (chunk.size() != shape.size()) {
    throw Error(ErrorCode::bad_argument, start + chunk_text +
                                             " do not have as many dimensions as the shape " +
                                             detail::text_of(shape));
  }
  for (std::size_t d = 0; d < chunk.size(); ++d) {
    if (chunk[d] == 0 || chunk[d] > shape[d]) {
      throw Error(ErrorCode::bad_argument, start + chunk_text + " do not fit into the shape " +
                                               detail::text_of(shape) +
                                               ": lengths go from 1 to that of the dimension");
    }
  }
}

/// Calls `use` with the value as a number of the type. False when the value does not fit.
template <class Use>
bool with_number(double value, ElementType type, Use use) {
  const auto as = [&]<class T>(T) {
    // The limits of wide integers are rounded up as doubles, hence the strict comparison.
    constexpr auto highest = static_cast<double>(std::numeric_limits<T>::max());
    constexpr auto lowest = static_cast<double>(std::numeric_limits<T>::lowest());
    const bool below = sizeof(T) == 8 ? value < highest : value <= highest;
    const bool fits = std::floating_point<T>
                          ? !std::isfinite(value) || std::abs(value) <= highest
                          : value >= lowest && below && std::trunc(value) == value;
    if (fits) use(static_cast<T>(value));
    return fits;
  };
  switch (type) {
    case ElementType::int8:
      return as(std::int8_t{});
    case ElementType::uint8:
      return as(std::uint8_t{});
    case ElementType::int16:
      return as(std::int16_t{});
    case ElementType::uint16:
      return as(std::uint16_t{});
    case ElementType::int32:
      return as(std::int32_t{});
    case ElementType::uint32:
      return as(std::uint32_t{});
    case ElementType::int64:
      return as(std::int64_t{});
    case ElementType::uint64:
      return as(std::uint64_t{});
    case ElementType::float32:
      return as(float{});
    case ElementType::float64:
      return as(double{});
    case ElementType::string:
    case ElementType::other:
      break;
  }
  return false;
}

void require_fill_value_fits(const std::string& start, double value, ElementType type) {
  if (with_number(value, type, [](auto) {})) return;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  throw Error(ErrorCode::bad_argument, start + "the fill value " + text.data() +
                                           " does not fit into " + std::string(name_of(type)));
}

}  // namespace

File::File(std::shared_ptr<FileState> state)
    : state_(std::move(state)), exceptions_at_start_(std::uncaught_exceptions()) {}

File File::open(const filesystem::path& path) {
  require_readable(path);
  auto state = std::make_shared<FileState>();
  state->path = path;
  state->path_text = path.string();
  const CallScope scope("open", "", state->path_text);
  if (!call::is_hdf5(state->path_text)) throw_not_hdf5(path);
  const Id access = call::create_property_list(H5P_FILE_ACCESS);
  call::set_tolerant_locking(access);
  state->id = call::open_file(state->path_text, access);
  return File(std::move(state));
}

File File::create(const filesystem::path& path) {
  require_creatable(path);
  auto state = std::make_shared<FileState>();
  state->path = path;
  state->path_text = path.string();
  state->temporary = temporary_name(path);
  const CallScope scope("create", "", state->path_text);
  const Id creation = call::create_property_list(H5P_FILE_CREATE);
  call::track_link_order(creation);
  call::track_attribute_order(creation);
  // So that the same values give the same file, whenever it is written.
  call::forget_times(creation);
  const Id access = call::create_property_list(H5P_FILE_ACCESS);
  call::set_tolerant_locking(access);
  call::set_strong_close(access);
  state->id = call::create_file(state->temporary.string(), creation, access);
  return File(std::move(state));
}

File::~File() {
  if (!state_ || !state_->open || !state_->writable()) return;
  const hdf5_guard guard;
  if (std::uncaught_exceptions() > exceptions_at_start_) {
    discard(*state_);
    return;
  }
  try {
    close();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "tutti: %s\n", failure.what());
  }
}

void File::close() {
  check(state_ != nullptr, "a file is not used after it was moved from");
  const CallScope scope("finish writing", "", state_->path_text);
  if (!state_->open) return;
  if (!state_->writable()) {
    state_->open = false;
    state_->id.reset();
    return;
  }
  try {
    detail::require_open(*state_, "finish writing");
    call::flush_file(state_->id);
    call::close_file(state_->id);
  } catch (...) {
    discard(*state_);
    throw;
  }
  state_->open = false;
  std::error_code failure;
  filesystem::rename(state_->temporary, state_->path, failure);
  if (failure) {
    remove_quietly(state_->temporary);
    throw_io(scope.sentence_start() + ": the complete file could not be renamed from " +
             quoted(state_->temporary) + ": " + failure.message());
  }
}

const filesystem::path& File::path() const noexcept {
  check(state_ != nullptr, "a file is not used after it was moved from");
  return state_->path;
}

std::vector<std::string> File::dataset_names() const {
  const CallScope scope("list the datasets of", "", path().native());
  detail::require_open(*state_, "list the datasets of");
  return call::dataset_names(state_->id);
}

bool File::contains(const std::string& name) const {
  const CallScope scope("look for a dataset of", "", path().native());
  detail::require_open(*state_, "look for a dataset of");
  return call::try_open_dataset(state_->id, name).get() >= 0;
}

Dataset File::dataset(const std::string& name) const {
  const std::string& path_text = path().native();
  const CallScope scope("open the dataset", name, path_text);
  detail::require_open(*state_, "open a dataset of");
  Id id = call::try_open_dataset(state_->id, name);
  if (id.get() < 0) {
    const std::string reason = innermost_error();
    const std::vector<std::string> names = dataset_names();
    if (std::ranges::binary_search(names, name.starts_with('/') ? name.substr(1) : name))
      throw_io(scope.sentence_start() + ": " + reason);
    throw_io("'" + path_text + "' has no dataset '" + name + "'; it has " + detail::list_of(names));
  }
  return Dataset(detail::make_dataset(state_, name, std::move(id)));
}

Attributes File::attributes() const {
  const CallScope scope("open the attributes of", "", path().native());
  detail::require_open(*state_, "open the attributes of");
  auto root = std::make_shared<detail::Object>();
  root->file = state_;
  root->id = call::open_group(state_->id, "/");
  return Attributes(std::move(root));
}

Attributes File::group_attributes(const std::string& group) const {
  const CallScope scope("open the group", group, path().native());
  detail::require_open(*state_, "open a group of");
  auto object = std::make_shared<detail::Object>();
  object->file = state_;
  object->id = call::try_open_group(state_->id, group);
  if (object->id.get() < 0) {
    if (!state_->writable()) throw_io("'" + path().string() + "' has no group '" + group + "'");
    const Id links = call::create_property_list(H5P_LINK_CREATE);
    call::set_intermediate_groups(links);
    object->id = call::create_group(state_->id, group, links);
  }
  return Attributes(std::move(object));
}

Dataset File::create_texts(const std::string& name, std::span<const std::string> texts) {
  const CallScope scope("create the dataset", name, path().native());
  detail::require_writable(*state_, "create a dataset in");
  std::size_t size = 1;  // with a zero at the end
  for (const std::string& text : texts) size = std::max(size, text.size() + 1);
  const Id links = call::create_property_list(H5P_LINK_CREATE);
  call::set_intermediate_groups(links);
  const Id creation = call::create_property_list(H5P_DATASET_CREATE);
  call::forget_times(creation);
  const Id type = call::create_string_type(size);
  Id id = call::create_dataset(state_->id, name, type.get(), call::create_space({texts.size()}),
                               links, creation);
  std::string characters(size * texts.size(), '\0');
  for (std::size_t index = 0; index < texts.size(); ++index)
    texts[index].copy(characters.data() + index * size, size);
  if (!texts.empty()) call::write_all(id, type.get(), characters.data());
  return Dataset(detail::make_dataset(state_, name, std::move(id)));
}

Dataset File::create_virtual(const std::string& name, ElementType type, const Shape& shape,
                             std::span<const VirtualPart> parts) {
  const CallScope scope("create the dataset", name, path().native());
  detail::require_writable(*state_, "create a dataset in");
  check(!shape.empty(), "a virtual dataset has rows");
  const Id links = call::create_property_list(H5P_LINK_CREATE);
  call::set_intermediate_groups(links);
  const Id creation = call::create_property_list(H5P_DATASET_CREATE);
  call::forget_times(creation);
  std::uint64_t begin = 0;
  for (const VirtualPart& part : parts) {
    if (part.rows > shape.front() - begin) {
      throw Error(ErrorCode::bad_argument, scope.sentence_start() +
                                               ": its parts have more rows than its shape, " +
                                               detail::text_of(shape));
    }
    if (part.rows != 0) call::add_virtual_part(creation, shape, begin, part);
    begin += part.rows;
  }
  Id id = call::create_dataset(state_->id, name, call::native_type(type), call::create_space(shape),
                               links, creation);
  return Dataset(detail::make_dataset(state_, name, std::move(id)));
}

Dataset File::create_dataset(const std::string& name, ElementType type, const Shape& shape,
                             const DatasetOptions& options) {
  const CallScope scope("create the dataset", name, path().native());
  const std::string start = scope.sentence_start() + ": ";
  detail::require_writable(*state_, "create a dataset in");
  if (contains(name)) throw_io(start + "there is one of that name");
  detail::product(shape);
  const Id links = call::create_property_list(H5P_LINK_CREATE);
  call::set_intermediate_groups(links);
  const Id creation = call::create_property_list(H5P_DATASET_CREATE);
  call::track_attribute_order(creation);
  call::forget_times(creation);
  if (!options.chunk.empty()) {
    require_chunk_fits(start, options.chunk, shape);
    call::set_chunk(creation, options.chunk);
  }
  if (options.fill_value) {
    require_fill_value_fits(start, *options.fill_value, type);
    call::set_fill_value(creation, *options.fill_value);
  }
  Id id = call::create_dataset(state_->id, name, call::native_type(type), call::create_space(shape),
                               links, creation);
  Dataset dataset(detail::make_dataset(state_, name, std::move(id)));
  if (options.fill_value) {
    with_number(*options.fill_value, type,
                [&](auto value) { dataset.attributes().set("_FillValue", value); });
  }
  return dataset;
}

}  // namespace tutti::hdf5
