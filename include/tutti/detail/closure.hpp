#pragma once

/// How a callable travels: as a token, as plain bytes, or by its serialize function.

#include "tutti/detail/function_token.hpp"
#include "tutti/function.hpp"
#include "tutti/serialize.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace tutti::detail {

/// Throws Error (cannot_travel) when the bytes of a closure hold a pointer into this process; looks
/// at the first closures of each function only. `seen` counts them.
void guard_closure(std::span<const std::byte> closure, std::size_t alignment, bool padding_cleared,
                   std::atomic<std::uint32_t>& seen, std::string (*name)());

template <class F>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;

template <class F>
inline constexpr bool closure_travels =
    !std::is_member_function_pointer_v<F> &&
    (is_function_pointer<F> || std::is_trivially_copyable_v<F> || can_travel<F>);
template <class F, class... Values>
inline constexpr bool closure_travels<Bound<F, Values...>> = closure_travels<F>;

/// Says, while compiling, why a callable cannot travel.
template <class F>
constexpr void explain_closure() {
  static_assert(!std::is_member_function_pointer_v<F>,
                "a pointer to a member function cannot travel to another rank; pass a lambda that "
                "calls the function");
  static_assert(closure_travels<F> || std::is_member_function_pointer_v<F>,
                "this lambda captures a value that is not plain bytes (std::string, std::vector, "
                "...), and C++ cannot "
                "look inside a lambda. Pass it as an argument, submit([](const std::string& s, int "
                "i) {...}, s, i), or "
                "bind it, tutti::bind([](const std::string& s, int i) {...}, s).");
}

/// Appends a value whose bytes all stay in the stream: a call has no buffers beside it. A large
/// stream travels as a value of its own.
template <class T>
void write_inline_value(Writer& writer, const T& value) {
  if constexpr (route_of<T> == Route::plain) {
#if defined(__GNUC__) && !defined(__clang__)
    // The same value is the same bytes.
    if constexpr (std::is_class_v<T> && std::is_trivially_copyable_v<T> &&
                  !std::has_unique_object_representations_v<T>) {
      alignas(T) std::byte bytes[sizeof(T)];
      std::memcpy(bytes, &value, sizeof(T));
      __builtin_clear_padding(reinterpret_cast<T*>(bytes));
      writer.raw(bytes, sizeof bytes);
      return;
    }
#endif
    writer.raw(&value, sizeof value);
  } else {
    Output output(writer);
    const Output::KeepInline keep(output, true);
    put(output, value);
    output.finish();
  }
}

template <class F>
struct ClosureGuard {
  static inline std::atomic<std::uint32_t> seen{0};
};

/// Closure<F>::write appends the callable; an object of Closure<F> is made from a Reader and gives
/// it back.
template <class F>
class Closure {
 public:
  static void write(Writer& writer, const F& function) {
    explain_closure<F>();
    if constexpr (std::is_trivially_copyable_v<F> && !std::is_empty_v<F>) {
      // A copy, so that the bytes between members can be cleared.
      alignas(F) std::byte bytes[sizeof(F)];
      std::memcpy(bytes, &function, sizeof(F));
      bool cleared = false;
#if defined(__GNUC__) && !defined(__clang__)
      __builtin_clear_padding(reinterpret_cast<F*>(bytes));
      cleared = true;
#endif
      if constexpr (alignof(F) >= alignof(void*)) {
        guard_closure(bytes, alignof(F), cleared, ClosureGuard<F>::seen, &type_name<F>);
      }
      writer.raw(bytes, sizeof(F));
    } else if constexpr (!std::is_empty_v<F> && can_travel<F>) {
      write_inline_value(writer, function);
    }
  }

  explicit Closure(Reader& reader) {
    if constexpr (std::is_trivially_copyable_v<F>) {
      if constexpr (!std::is_empty_v<F>) reader.raw(storage_, sizeof(F));
    } else {
      ::new (static_cast<void*>(storage_)) F(read_value<F>(reader));
    }
  }
  Closure(const Closure&) = delete;
  Closure& operator=(const Closure&) = delete;
  ~Closure() {
    if constexpr (!std::is_trivially_copyable_v<F>) std::destroy_at(&get());
  }

  F& get() { return *std::launder(reinterpret_cast<F*>(storage_)); }
  const F& get() const { return *std::launder(reinterpret_cast<const F*>(storage_)); }

 private:
  alignas(F) std::byte storage_[sizeof(F)];
};

/// A pointer to a function travels as (module, offset).
template <class F>
requires is_function_pointer<F>
class Closure<F> {
 public:
  static void write(Writer& writer, F function) {
    write_function_pointer(writer, reinterpret_cast<const void*>(function));
  }
  explicit Closure(Reader& reader)
      : function_(reinterpret_cast<F>(const_cast<void*>(read_function_pointer(reader)))) {}
  F get() const { return function_; }

 private:
  F function_;
};

/// A bound function travels as its function and its values.
template <class F, class... Values>
class Closure<Bound<F, Values...>> {
 public:
  static void write(Writer& writer, const Bound<F, Values...>& bound) {
    (explain_travel<Values>(), ...);
    Closure<F>::write(writer, bound.function);
    std::apply([&](const Values&... each) { (write_inline_value(writer, each), ...); },
               bound.values);
  }
  explicit Closure(Reader& reader) : function_(reader), values_{read_value<Values>(reader)...} {}
  const auto& get() const { return *this; }
  template <class... Args>
  requires std::invocable < const Bound<F, Values...>
  &, Args... > decltype(auto) operator()(Args&&... arguments) const {
    return std::apply(
        [&](const Values&... each) -> decltype(auto) {
          return std::as_const(function_).get()(each..., std::forward<Args>(arguments)...);
        },
        values_);
  }

 private:
  Closure<F> function_;
  std::tuple<Values...> values_;
};

}  // namespace tutti::detail
