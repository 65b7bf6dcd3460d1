#pragma once

/// The codecs of standard containers, of the classes that hold other values, and of aggregates.

#include "tutti/detail/codec.hpp"
#include "tutti/detail/uninitialized.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace tutti::detail {

/// What a node of a list, set or map costs besides its element, about.
inline constexpr std::uint64_t node_bytes = 32;

template <class Range>
std::uint64_t heap_bytes_of_elements(const Range& range) {
  using Element = std::remove_cvref_t<decltype(*std::begin(range))>;
  std::uint64_t sum = 0;
  if constexpr (route_of<Element> == Route::boost) {
    // Each needs a pass of its serialize function: the first ones stand for all.
    constexpr std::uint64_t sample_max = 64;
    std::uint64_t sample = 0;
    for (auto at = std::begin(range); at != std::end(range) && sample < sample_max;
         ++at, ++sample) {
      sum += heap_bytes(*at);
    }
    return sample == 0 ? 0 : sum * std::size(range) / sample;
  } else if constexpr (route_of<Element> != Route::plain && route_of<Element> != Route::boolean) {
    for (const auto& element : range) sum += heap_bytes(element);
  }
  return sum;
}

/// The number of elements in the buffer that comes next.
template <class Element>
std::size_t begin_elements(Input& input, std::size_t count_max) {
  const std::size_t bytes = input.reader.begin_buffer();
  if (bytes % sizeof(Element) != 0 || bytes / sizeof(Element) > count_max) {
    throw_corrupt("a buffer does not hold a whole number of elements");
  }
  return bytes / sizeof(Element);
}

template <class T>
struct Codec<T, Route::string> {
  using Character = typename T::value_type;
  /// Short strings may lie inside of their object, which can move before a buffer arrives.
  static constexpr std::size_t out_of_band_from = 64;

  static void put(Output& output, const T& value) {
    const std::size_t bytes = value.size() * sizeof(Character);
    if (bytes < out_of_band_from) {
      output.inline_buffer(value.data(), bytes);
    } else {
      output.buffer(value.data(), bytes);
    }
  }
  static void get(Input& input, T& value) {
    const std::size_t size = begin_elements<Character>(input, value.max_size());
    value.resize(size);
    const auto fill = [&] { input.reader.end_buffer(value.data()); };
    if (size * sizeof(Character) < out_of_band_from) {
      input.read_inline(fill);
    } else {
      fill();
    }
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value.capacity() > T().capacity() ? (value.capacity() + 1) * sizeof(Character) : 0;
  }
};

template <class T>
struct Codec<T, Route::vector> {
  using Element = typename T::value_type;

  static void put(Output& output, const T& value) {
    if constexpr (is_plain<Element>) {
      output.buffer(value.data(), value.size() * sizeof(Element), can_adopt<T>);
    } else {
      output.writer.count(value.size());
      for (const auto& element : value) put_element(output, element);
    }
  }
  static void get(Input& input, T& value) {
    if constexpr (is_plain<Element>) {
      const std::size_t count = begin_elements<Element>(input, value.max_size());
      if constexpr (can_adopt<T>) {
        if (input.reader.adopt_buffer(&value, &point_vector<T>)) {
          value = T();
          return;
        }
      }
      resize_uninitialized(value, count);
      input.reader.end_buffer(value.data());
    } else {
      const std::size_t count = get_element_count<Element>(input);
      explain_travel<Element>();
      if constexpr (can_travel_itself<Element>) {
        value.clear();
        value.resize(count);
        for (auto& element : value) {
          skip_element_mark<Element>(input);
          detail::get(input, element);
        }
      }
    }
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value.size() * sizeof(Element) + heap_bytes_of_elements(value);
  }
};

template <class T>
struct Codec<T, Route::bit_vector> {
  static void put(Output& output, const T& value) {
    output.writer.count(value.size());
    for (std::size_t at = 0; at < value.size(); at += 8) {
      unsigned byte = 0;
      for (std::size_t bit = 0; bit < 8 && at + bit < value.size(); ++bit) {
        byte |= static_cast<unsigned>(value[at + bit]) << bit;
      }
      output.writer.value(static_cast<std::uint8_t>(byte));
    }
  }
  static void get(Input& input, T& value) {
    const std::uint64_t count = input.reader.count();
    if (count / 8 > input.reader.remaining())
      throw_corrupt("bytes end before the bits that should stand in them");
    const auto size = static_cast<std::size_t>(count);
    const auto bytes = input.reader.view(size / 8 + (size % 8 != 0 ? 1 : 0));
    value.assign(size, false);
    for (std::size_t at = 0; at < size; ++at) {
      value[at] = ((std::to_integer<unsigned>(bytes[at / 8]) >> (at % 8)) & 1u) != 0;
    }
  }
  static std::uint64_t heap_bytes(const T& value) { return value.size() / 8; }
};

template <class T>
struct Codec<T, Route::sequence> {
  using Element = typename T::value_type;

  static void put(Output& output, const T& value) {
    output.writer.count(value.size());
    for (const auto& element : value) put_element(output, element);
  }
  static void get(Input& input, T& value) {
    value.clear();
    for (auto count = get_element_count<Element>(input); count > 0; --count) {
      skip_element_mark<Element>(input);
      get_into<Element>(input, [&value]<class... Made>(Made&&... made) -> Element& {
        return value.emplace_back(std::forward<Made>(made)...);
      });
    }
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value.size() * (sizeof(Element) + node_bytes) + heap_bytes_of_elements(value);
  }
};

/// Keys are compared or hashed when they are inserted, so that they must be complete at once.
template <class Key>
void put_key(Output& output, const Key& key) {
  const Output::KeepInline keep(output, true);
  put_element(output, key);
}
template <class Key, class Use>
void get_key(Input& input, Use&& use) {
  skip_element_mark<Key>(input);
  if constexpr (std::is_default_constructible_v<Key>) {
    Key key{};
    input.read_inline([&] { get(input, key); });
    input.moved(std::forward<Use>(use)(std::move(key)), &key);
  } else {
    explain_travel<Key>();
    if constexpr (can_travel_itself<Key>) std::forward<Use>(use)(get_plain<Key>(input));
  }
}

template <class T>
void reserve_elements(T& value, std::size_t count) {
  value.clear();
  if constexpr (requires { value.reserve(count); }) value.reserve(count);
}

template <class T>
struct Codec<T, Route::set> {
  using Element = typename T::value_type;

  static void put(Output& output, const T& value) {
    output.writer.count(value.size());
    for (const auto& element : value) put_key(output, element);
  }
  static void get(Input& input, T& value) {
    const std::size_t count = get_element_count<Element>(input);
    reserve_elements(value, count);
    for (std::size_t at = 0; at < count; ++at) {
      get_key<Element>(input, [&value](Element&& key) -> const void* {
        return &*value.emplace_hint(value.end(), std::move(key));
      });
    }
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value.size() * (sizeof(Element) + node_bytes) + heap_bytes_of_elements(value);
  }
};

template <class T>
struct Codec<T, Route::map> {
  using Key = typename T::key_type;
  using Mapped = typename T::mapped_type;

  static void put(Output& output, const T& value) {
    output.writer.count(value.size());
    for (const auto& [key, mapped] : value) {
      put_key(output, key);
      detail::put(output, mapped);
    }
  }
  static void get(Input& input, T& value) {
    const std::size_t count = get_element_count<Key>(input);
    reserve_elements(value, count);
    for (std::size_t at = 0; at < count; ++at) {
      get_key<Key>(input, [&](Key&& key) -> const void* {
        return get_mapped(input, value, std::move(key));
      });
    }
  }
  static std::uint64_t heap_bytes(const T& value) {
    std::uint64_t sum = value.size() * (sizeof(typename T::value_type) + node_bytes);
    for (const auto& [key, mapped] : value)
      sum += detail::heap_bytes(key) + detail::heap_bytes(mapped);
    return sum;
  }

 private:
  /// Returns the place of the key.
  static const void* get_mapped(Input& input, T& value, Key&& key) {
    const void* place = nullptr;
    get_into<Mapped>(input, [&]<class... Made>(Made&&... made) -> Mapped& {
      const auto at = value.emplace_hint(value.end(), std::piecewise_construct,
                                         std::forward_as_tuple(std::move(key)),
                                         std::forward_as_tuple(std::forward<Made>(made)...));
      place = &at->first;
      return at->second;
    });
    return place;
  }
};

template <class T>
struct Codec<T, Route::array> {
  static void put(Output& output, const T& value) {
    for (const auto& element : value) detail::put(output, element);
  }
  static void get(Input& input, T& value) {
    for (auto& element : value) detail::get(input, element);
  }
  static std::uint64_t heap_bytes(const T& value) { return heap_bytes_of_elements(value); }
};

template <class T>
struct Codec<T, Route::tuple> {
  static void put(Output& output, const T& value) {
    std::apply([&](const auto&... members) { (detail::put(output, members), ...); }, value);
  }
  static void get(Input& input, T& value) {
    std::apply([&](auto&... members) { (detail::get(input, members), ...); }, value);
  }
  static std::uint64_t heap_bytes(const T& value) {
    return std::apply(
        [](const auto&... members) { return (detail::heap_bytes(members) + ... + 0); }, value);
  }
};

template <class T>
struct Codec<T, Route::optional> {
  using Element = typename T::value_type;

  static void put(Output& output, const T& value) {
    output.writer.value(static_cast<std::uint8_t>(value.has_value()));
    if (value.has_value()) detail::put(output, *value);
  }
  static void get(Input& input, T& value) {
    value.reset();
    if (!get_flag(input)) return;
    get_into<Element>(input, [&value]<class... Made>(Made&&... made) -> Element& {
      return value.emplace(std::forward<Made>(made)...);
    });
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value.has_value() ? detail::heap_bytes(*value) : 0;
  }
};

template <class T>
struct Codec<T, Route::variant> {
  static constexpr std::size_t size = std::variant_size_v<T>;

  static void put(Output& output, const T& value) {
    if (value.valueless_by_exception()) {
      throw Error(ErrorCode::cannot_travel,
                  "a std::variant that lost its value in an exception cannot be sent");
    }
    output.writer.value(static_cast<std::uint16_t>(value.index()));
    std::visit([&output](const auto& alternative) { detail::put(output, alternative); }, value);
  }
  static void get(Input& input, T& value) {
    const std::size_t index = input.reader.value<std::uint16_t>();
    if (index >= size)
      throw_corrupt("a std::variant has no alternative with the number that was read");
    get_alternative(input, value, index, std::make_index_sequence<size>());
  }
  static std::uint64_t heap_bytes(const T& value) {
    if (value.valueless_by_exception()) return 0;
    return std::visit([](const auto& alternative) { return detail::heap_bytes(alternative); },
                      value);
  }

 private:
  template <std::size_t index>
  static void get_one(Input& input, T& value) {
    using Alternative = std::variant_alternative_t<index, T>;
    get_into<Alternative>(input, [&value]<class... Made>(Made&&... made) -> Alternative& {
      return value.template emplace<index>(std::forward<Made>(made)...);
    });
  }
  template <std::size_t... indices>
  static void get_alternative(Input& input, T& value, std::size_t index,
                              std::index_sequence<indices...>) {
    (void)((indices == index ? (get_one<indices>(input, value), true) : false) || ...);
  }
};

template <class T>
struct Codec<T, Route::path> {
  using String = typename T::string_type;

  static void put(Output& output, const T& value) {
    output.inline_buffer(value.native().data(), value.native().size());
  }
  static void get(Input& input, T& value) {
    String text;
    input.read_inline([&] { detail::get(input, text); });
    value = T(std::move(text));
  }
  static std::uint64_t heap_bytes(const T& value) { return value.native().size(); }
};

template <class T>
struct Codec<T, Route::owner> {
  using Element = std::remove_const_t<typename T::element_type>;

  static void put(Output& output, const T& value) {
    output.writer.value(static_cast<std::uint8_t>(value != nullptr));
    if (value != nullptr) detail::put(output, static_cast<const Element&>(*value));
  }
  static void get(Input& input, T& value) {
    value = nullptr;
    if (!get_flag(input)) return;
    get_into<Element>(input, [&value]<class... Made>(Made&&... made) -> Element& {
      auto owned = make(std::forward<Made>(made)...);
      Element& element = *owned;
      value = std::move(owned);
      return element;
    });
  }
  static std::uint64_t heap_bytes(const T& value) {
    return value == nullptr
               ? 0
               : sizeof(Element) + detail::heap_bytes(static_cast<const Element&>(*value));
  }

 private:
  template <class... Made>
  static auto make(Made&&... made) {
    if constexpr (is_instance<T, std::shared_ptr>) {
      return std::make_shared<Element>(std::forward<Made>(made)...);
    } else {
      return std::make_unique<Element>(std::forward<Made>(made)...);
    }
  }
};

template <class T>
struct Codec<T, Route::aggregate> {
  static void put(Output& output, const T& value) {
    with_members(value, [&](const auto&... members) { (detail::put(output, members), ...); });
  }
  static void get(Input& input, T& value) {
    with_members(value, [&](auto&... members) { (detail::get(input, members), ...); });
  }
  static std::uint64_t heap_bytes(const T& value) {
    return with_members(value, [](const auto&... members) -> std::uint64_t {
      return (detail::heap_bytes(members) + ... + std::uint64_t{0});
    });
  }
};

// --- what a type is made of

template <class T>
struct ArgumentsOf;
template <template <class...> class Template, class... Args>
struct ArgumentsOf<Template<Args...>> {
  using Types = TypeList<Args...>;
};

template <class T>
constexpr auto find_parts() {
  constexpr Route route = route_of<T>;
  if constexpr (route == Route::vector || route == Route::sequence || route == Route::set) {
    return TypeList<typename T::value_type>();
  } else if constexpr (route == Route::map) {
    return TypeList<typename T::key_type, typename T::mapped_type>();
  } else if constexpr (route == Route::array) {
    return TypeList<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>();
  } else if constexpr (route == Route::tuple || route == Route::optional ||
                       route == Route::variant) {
    return typename ArgumentsOf<T>::Types();
  } else if constexpr (route == Route::owner) {
    return TypeList<std::remove_const_t<typename T::element_type>>();
  } else if constexpr (route == Route::aggregate) {
    return MemberTypes<T>();
  } else if constexpr (route == Route::buffers) {
    return TypeList<typename CodecOf<T>::Shape>();
  } else {
    return TypeList<>();
  }
}

template <class T, class... Seen>
constexpr bool travels();

template <class... Seen, class... Parts>
constexpr bool all_travel(TypeList<Parts...>) {
  return (travels<Parts, Seen...>() && ...);
}

/// A type that contains itself is met again below itself: what was seen is taken to travel.
template <class T, class... Seen>
constexpr bool travels() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) {
    return true;
  } else if constexpr (!can_travel_itself<T>) {
    return false;
  } else {
    return all_travel<T, Seen...>(find_parts<T>());
  }
}

}  // namespace tutti::detail
