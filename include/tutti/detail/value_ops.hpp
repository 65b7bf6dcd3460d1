#pragma once

/// value_ops<T>(): the table of functions of values of type `T`, and the values themselves.

#include "tutti/check.hpp"
#include "tutti/detail/type_name.hpp"
#include "tutti/detail/value.hpp"
#include "tutti/serialize.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

template <class T>
constexpr const ValueOps& value_ops();

template <class T>
struct ValueFunctions {
  static const T& object_of(const Value& value) noexcept {
    return static_cast<const TypedValue<T>&>(value).value;
  }
  static void destroy(Value* value) noexcept { delete static_cast<TypedValue<T>*>(value); }
  static std::uint64_t count_bytes(const Value& value) { return nbytes(object_of(value)); }
  static void write(const Value& value, Writer& writer) { write_value(writer, object_of(value)); }
  static Value* read(Reader& reader) {
    if constexpr (std::is_default_constructible_v<T>) {
      auto value = std::make_unique<TypedValue<T>>(value_ops<T>());
      read_value(reader, value->value);
      return value.release();
    } else {
      return new TypedValue<T>(value_ops<T>(), read_value<T>(reader));
    }
  }
};

template <class T>
constexpr ValueOps make_value_ops() {
  static_assert(route_of<T> != Route::boost || has_boost_codec<T>,
                "this type has a Boost serialize function; include <tutti/boost.hpp> to let it "
                "travel to another rank");
  using Functions = ValueFunctions<T>;
  ValueOps ops{&type_name<T>, &Functions::destroy, &Functions::count_bytes, nullptr,
               nullptr,       is_plain<T>};
  ops.form = number_form<T>();
  if constexpr (can_travel<T>) {
    ops.write = &Functions::write;
    ops.read = &Functions::read;
  }
  return ops;
}

template <class T>
inline constexpr ValueOps value_ops_object = make_value_ops<T>();

/// The only table of `T` in the program.
template <class T>
constexpr const ValueOps& value_ops() {
  static_assert(std::is_same_v<T, std::decay_t<T>>,
                "values have no references, const or array types");
  return value_ops_object<T>;
}

/// A new value with one reference, made from `arguments`.
template <class T, class... Args>
ValuePtr make_value(Args&&... arguments) {
  return ValuePtr(new TypedValue<T>(value_ops<T>(), std::forward<Args>(arguments)...));
}

/// True when `value` holds a `T`. A library that hides its symbols may have a table of its own.
template <class T>
bool holds_type(const Value& value) {
  return &value.ops() == &value_ops<T>() || value.ops().type_name() == type_name<T>();
}

/// The object in a value that is known to hold a `T`.
template <class T>
const T& value_cast(const Value& value) {
  check(holds_type<T>(value), "a value has the type that its future promised");
  return ValueFunctions<T>::object_of(value);
}

/// A value that was not read yet: its bytes, and the buffers that travel beside them. Writing it
/// gives the same again.
class SerializedValue final : public Value {
 public:
  /// `contents` are the ops of the value that the bytes stand for.
  SerializedValue(const ValueOps& contents, Bytes all_bytes, std::vector<Bytes> all_buffers)
      : Value(shared_ops),
        bytes(std::move(all_bytes)),
        buffers(std::move(all_buffers)),
        contents_(&contents) {
    sizes.reserve(buffers.size());
    for (const Bytes& buffer : buffers) sizes.push_back(buffer.size());
  }

  const ValueOps& contents_ops() const noexcept { return *contents_; }

  /// The value itself, complete. Throws what its read() throws.
  ValuePtr read() const {
    Reader reader(bytes.span(), sizes);
    ValuePtr value(contents_->read(reader));
    reader.expect_end();
    const auto& destinations = reader.destinations();
    if (destinations.size() != buffers.size())
      throw_corrupt("a serialized value has more buffers than it uses");
    for (std::size_t index = 0; index < buffers.size(); ++index) {
      if (buffers[index].empty()) continue;
      std::memcpy(destinations[index].data, buffers[index].data(), buffers[index].size());
    }
    return value;
  }

  /// The ops of all serialized values.
  static const ValueOps shared_ops;

  Bytes bytes;
  std::vector<std::uint64_t> sizes;  ///< of the buffers
  std::vector<Bytes> buffers;

 private:
  static void destroy(Value* value) noexcept { delete static_cast<SerializedValue*>(value); }
  static std::uint64_t count_bytes(const Value& value) noexcept {
    const auto& self = static_cast<const SerializedValue&>(value);
    std::uint64_t sum = self.bytes.size();
    for (const std::uint64_t size : self.sizes) sum += size;
    return sum;
  }
  static void write(const Value& value, Writer& writer) {
    const auto& self = static_cast<const SerializedValue&>(value);
    const std::size_t first = writer.buffers().size();
    for (const Bytes& buffer : self.buffers) {
      // The word that announces the buffer stands in the bytes already.
      const std::size_t position = writer.size();
      writer.buffer(buffer.data(), buffer.size());
      writer.truncate(position);
    }
    check(writer.buffers().size() == first + self.buffers.size(),
          "a serialized value is written where its buffers may go out of band");
    writer.raw(self.bytes.data(), self.bytes.size());
  }

  const ValueOps* contents_;
};

inline constexpr ValueOps SerializedValue::shared_ops{&type_name<SerializedValue>,
                                                      &SerializedValue::destroy,
                                                      &SerializedValue::count_bytes,
                                                      &SerializedValue::write,
                                                      nullptr,
                                                      false};

}  // namespace tutti::detail
