#pragma once

/// The codec of classes that name their memory by tutti::Buffers.

#include "tutti/buffers.hpp"
#include "tutti/detail/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tutti::detail {

/// Calls `use` with each span that Buffers<T> names.
template <class T, class Use>
void for_each_buffer(T& value, Use&& use) {
  auto&& all = Buffers<T>::buffers(value);
  using All = std::remove_cvref_t<decltype(all)>;
  if constexpr (requires { all.size_bytes(); }) {
    use(all);
  } else if constexpr (is_instance<All, std::tuple> || is_instance<All, std::pair>) {
    std::apply([&](auto&... spans) { (use(spans), ...); }, all);
  } else {
    for (auto& span : all) use(span);
  }
}

template <class T>
struct Codec<T, Route::buffers> {
  static_assert(
      requires(T & value) {
        Buffers<T>::make(Buffers<T>::shape(value));
        Buffers<T>::buffers(value);
      },
      "a specialisation of tutti::Buffers needs static functions shape(const T&), make(shape) and "
      "buffers(T&)");
  using Shape = std::remove_cvref_t<decltype(Buffers<T>::shape(std::declval<const T&>()))>;

  static void put(Output& output, const T& value) {
    {
      const Output::KeepInline keep(output, true);  // the shape is gone before it is sent
      detail::put<Shape>(output, Buffers<T>::shape(value));
    }
    // Nothing is written there: one function serves both ways.
    for_each_buffer(const_cast<T&>(value), [&](auto& span) {
      static_assert(is_plain<typename std::remove_cvref_t<decltype(span)>::value_type>,
                    "the buffers of a class hold plain bytes");
      output.buffer(span.data(), span.size_bytes());
    });
  }
  static void get(Input& input, T& value) {
    Shape shape{};
    input.read_inline([&] { detail::get(input, shape); });
    value = Buffers<T>::make(shape);
    for_each_buffer(value, [&](auto& span) {
      if (input.reader.begin_buffer() != span.size_bytes())
        throw_corrupt("a buffer does not have the size that its shape stands for");
      input.reader.end_buffer(span.data());
    });
  }
  static std::uint64_t heap_bytes(const T& value) {
    std::uint64_t sum = 0;
    for_each_buffer(const_cast<T&>(value), [&](auto& span) { sum += span.size_bytes(); });
    return sum;
  }
};

}  // namespace tutti::detail
