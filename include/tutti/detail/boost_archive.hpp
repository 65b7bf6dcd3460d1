#pragma once

/// The archives through which Boost.Serialization writes to and reads from our streams, without
/// streams of the standard library and without a header. Standard classes, plain bytes and
/// aggregates inside of a serialize function go through our codecs, so that no header of Boost is
/// needed for them; pointers, versions and tracking are Boost's.

#include "tutti/detail/containers.hpp"

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/basic_archive.hpp>
#include <boost/archive/detail/common_iarchive.hpp>
#include <boost/archive/detail/common_oarchive.hpp>
#include <boost/archive/detail/register_archive.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/array_optimization.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/wrapper.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace tutti {

/// Specialise as true for a type whose serialize function only names members: it neither writes
/// temporaries nor looks at what it read. Then its large contiguous data go out of band and are
/// received in place; they arrive after serialize returned. Otherwise they are copied into the
/// stream.
template <class T>
inline constexpr bool arrives_in_place = false;

}  // namespace tutti

namespace tutti::detail {

/// nvp and the like, and owning pointers: what matters is the object in them.
template <class T>
inline constexpr bool is_boost_wrapper =
    boost::serialization::is_wrapper<T>::type::value || is_instance<T, std::shared_ptr> ||
    is_instance<T, std::unique_ptr>;

/// True when a `T` that a serialize function names goes through our codecs and not through Boost.
template <class T>
constexpr bool is_ours_inside() {
  constexpr Route route = route_of<T>;
  if constexpr (route == Route::view && std::is_class_v<T>) {
    return !has_serialize<T>;  // std::weak_ptr is Boost's, the rest gets its sentence
  } else if constexpr (std::is_pointer_v<T> && route == Route::view) {
    return false;
  } else {
    return route != Route::boost;
  }
}

class OutputArchive : public boost::archive::detail::common_oarchive<OutputArchive> {
  using Base = boost::archive::detail::common_oarchive<OutputArchive>;

 public:
  explicit OutputArchive(Output& output) : Base(boost::archive::no_header), output_(output) {}

  template <class T>
  void save_override(const T& value) {
    if constexpr (is_ours_inside<T>()) {
      put(output_, value);
    } else {
      const bool must_copy = std::is_class_v<T> && !is_boost_wrapper<T> && !arrives_in_place<T>;
      const Output::KeepInline keep(output_, must_copy && !output_.only_counts);
      Base::save_override(value);
    }
  }
  void save_override(const boost::archive::class_id_optional_type&) {}
  void save_override(const boost::archive::class_name_type& name) {
    output_.writer.text(static_cast<const char*>(name));
  }

  // Called by Boost, or by users as of any binary archive.
  template <class T>
  void save(const T& value) {
    put(output_, value);
  }
  template <class T>
  void save_array(const boost::serialization::array_wrapper<T>& array, unsigned int) {
    output_.buffer(array.address(), array.count() * sizeof(T));
  }
  void save_binary(const void* address, std::size_t size) { output_.buffer(address, size); }

 private:
  Output& output_;
};

class InputArchive : public boost::archive::detail::common_iarchive<InputArchive> {
  using Base = boost::archive::detail::common_iarchive<InputArchive>;

 public:
  explicit InputArchive(Input& input) : Base(boost::archive::no_header), input_(input) {}

  template <class T>
  void load_override(T& value) {
    if constexpr (is_ours_inside<std::remove_const_t<T>>()) {
      get(input_, const_cast<std::remove_const_t<T>&>(value));
    } else {
      Base::load_override(value);
    }
  }
  void load_override(boost::archive::class_id_optional_type&) {}
  void load_override(boost::archive::class_name_type& name) {
    const std::string_view text = input_.reader.text();
    if (text.size() >= BOOST_SERIALIZATION_MAX_KEY_SIZE)
      throw_corrupt("the name of a class is too long");
    text.copy(name, text.size());
    static_cast<char*>(name)[text.size()] = '\0';
  }

  template <class T>
  void load(T& value) {
    get(input_, value);
  }
  template <class T>
  void load_array(const boost::serialization::array_wrapper<T>& array, unsigned int) {
    load_binary(array.address(), array.count() * sizeof(T));
  }
  void load_binary(void* address, std::size_t size) {
    if (input_.reader.begin_buffer() != size)
      throw_corrupt("an array does not have the size that was read for it");
    input_.reader.end_buffer(address);
  }

 private:
  Input& input_;
};

/// The archive of the value that is being written.
inline OutputArchive& archive_of(Output& output) {
  if (output.archive.get() == nullptr) {
    output.begin_seal();
    output.archive.set(new OutputArchive(output),
                       [](void* archive) noexcept { delete static_cast<OutputArchive*>(archive); });
  }
  return *static_cast<OutputArchive*>(output.archive.get());
}

/// The archive of the value that is being read.
inline InputArchive& archive_of(Input& input) {
  if (input.archive.get() == nullptr) {
    input.check_seal();
    input.archive.set(new InputArchive(input),
                      [](void* archive) noexcept { delete static_cast<InputArchive*>(archive); });
    input.set_follow([](void* archive, const void* to, const void* from) {
      static_cast<InputArchive*>(archive)->reset_object_address(to, from);
    });
  }
  return *static_cast<InputArchive*>(input.archive.get());
}

[[noreturn]] inline void throw_write_failed(const std::string& type, const char* why) {
  throw Error(ErrorCode::cannot_travel, "a value of type " + type +
                                            " cannot be written by its serialize function: " + why +
                                            "; a derived class that is reached through a pointer "
                                            "to its base needs BOOST_CLASS_EXPORT");
}

template <class T>
struct BoostCodec {
  static void put(Output& output, const T& value) {
    OutputArchive& archive = archive_of(output);
    try {
      archive << value;
    } catch (const boost::archive::archive_exception& error) {
      throw_write_failed(type_name<T>(), error.what());
    }
  }
  static void get(Input& input, T& value) {
    InputArchive& archive = archive_of(input);
    try {
      archive >> value;
    } catch (const boost::archive::archive_exception& error) {
      throw_corrupt("a value of type " + type_name<T>() + " cannot be read: " + error.what());
    }
  }
  /// What its serialize function writes; large data are not copied for it.
  static std::uint64_t heap_bytes(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      return 0;
    } else {
      Writer writer(256);
      Output output(writer);
      output.only_counts = true;
      detail::put(output, value);
      std::uint64_t sum = writer.size();
      for (const ConstBuffer& buffer : writer.buffers()) sum += buffer.size;
      return sum;
    }
  }
};

}  // namespace tutti::detail

namespace boost::serialization {

/// Contiguous plain bytes reach save_array and load_array in one piece.
template <>
struct use_array_optimization<tutti::detail::OutputArchive> {
  template <class T>
  struct apply : boost::mpl::bool_<tutti::detail::is_plain<std::remove_const_t<T>>> {};
};
template <>
struct use_array_optimization<tutti::detail::InputArchive> {
  template <class T>
  struct apply : boost::mpl::bool_<tutti::detail::is_plain<std::remove_const_t<T>>> {};
};

}  // namespace boost::serialization

BOOST_SERIALIZATION_REGISTER_ARCHIVE(tutti::detail::OutputArchive)
BOOST_SERIALIZATION_REGISTER_ARCHIVE(tutti::detail::InputArchive)
