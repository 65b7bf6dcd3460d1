#pragma once

/// Thunks of single calls: from a function and its argument types to FunctionOps.

#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/nested_futures.hpp"
#include "tutti/detail/parameters.hpp"
#include "tutti/detail/slots.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::detail {

/// What is worth moving: a move of plain bytes is a copy.
template <class T>
inline constexpr bool is_handed_over =
    std::copy_constructible<T> && !std::is_trivially_copyable_v<T>;

/// An input, to be moved from: itself where that may be, else a copy, which `own` keeps. It is
/// empty, so nothing in it has to end; emplace() would look, and GCC 12 warns of what it sees.
template <class T>
T&& hand_over_input(const InputValue& input, std::optional<T>& own) {
  if (T* const object = find_movable<T>(input)) return std::move(*object);
  return std::move(**std::construct_at(&own, std::in_place, input_cast<T>(input)));
}

/// How one argument of a call is written on rank 0 and read where the call runs. `A` is the stored
/// type. pass() gives what any function gets; hand_over(), where there is one, what a function gets
/// whose parameter is known to be an object of its own.
template <class A>
struct Argument {
  /// Types that may be large are passed as const&, whether they came inside the message or as a
  /// value.
  static constexpr bool may_be_large =
      std::copy_constructible<A> && (!is_plain<A> || sizeof(A) > inline_argument_bytes_max);

  template <class U>
  static void write(CallBuilder& builder, U&& argument) {
    explain_travel<A>();
    if constexpr (!may_be_large) {
      write_inline_value(builder.payload, static_cast<const A&>(argument));
    } else {
      const std::size_t start = builder.payload.size();
      const std::size_t buffers = builder.payload.buffers().size();
      // Text arrives here as a pointer and is stored as std::string.
      if constexpr (std::is_same_v<std::remove_cvref_t<U>, A>) {
        builder.payload.value(false);
        write_value(builder.payload, argument);
        if (builder.payload.size() - start <= inline_argument_bytes_max &&
            builder.payload.buffers().size() == buffers)
          return;
        builder.payload.truncate(start);
        builder.payload.drop_buffers(buffers);
        builder.payload.value(true);
        builder.inputs.push_back({{}, make_value<A>(std::forward<U>(argument))});
      } else {
        write(builder, A(std::forward<U>(argument)));
      }
    }
  }

  explicit Argument(CallReader& call) {
    if constexpr (may_be_large) {
      if (call.reader.template value<bool>()) {
        input_ = call.input();
        value_ = &input_cast<A>(input_);
        return;
      }
      own_.emplace(read_value<A>(call.reader));
      value_ = &*own_;
    } else {
      own_.emplace(read_value<A>(call.reader));
    }
  }
  Argument(const Argument&) = delete;
  Argument& operator=(const Argument&) = delete;

  using Passed = std::conditional_t<may_be_large, const A&, A&&>;
  Passed pass() {
    if constexpr (may_be_large) {
      return *value_;
    } else {
      return std::move(*own_);
    }
  }
  A&& hand_over() requires(is_handed_over<A>&& may_be_large) {
    return own_ ? std::move(*own_) : hand_over_input(input_, own_);
  }

 private:
  std::optional<A> own_;
  const A* value_ = nullptr;
  InputValue input_;
};

/// A future: its result, without copy.
template <class T>
struct Argument<Future<T>> : HasResults<Future<T>> {
  template <class A>
  static void write(CallBuilder& builder, const A& stands_for_it) {
    Placeholder<A>::write(builder, stands_for_it);
  }
  explicit Argument(CallReader& call) : input_(call.input()), value_(&input_cast<T>(input_)) {}
  using Passed = std::add_lvalue_reference_t<const T>;
  Passed pass() { return *value_; }
  std::add_rvalue_reference_t<T> hand_over() requires is_handed_over<T> {
    return hand_over_input(input_, own_);
  }

 private:
  InputValue input_;
  const T* value_;
  std::conditional_t<is_handed_over<T>, std::optional<T>, std::monostate> own_;
};

/// Futures inside of containers and tuples, and all futures of a map: the same with their results.
template <class A>
requires(holds_placeholders<A> && !is_instance<A, Future>)  //
    struct Argument<A> : HasResults<A> {
  template <class U>
  static void write(CallBuilder& builder, const U& argument) {
    write_nested(builder, argument);
  }
  explicit Argument(CallReader& call) : value_(read_nested<A>(call)) {}
  using Passed = Resolved<A>&&;
  Passed pass() { return std::move(value_); }

 private:
  Resolved<A> value_;
};

/// The type that a call of F with these stored arguments gives, decayed. Explains when it cannot be
/// called.
template <class F, class... A>
constexpr void explain_call() {
  static_assert(std::is_invocable_v<F&, typename Argument<A>::Passed...>,
                "this function cannot be called with these arguments. Futures stand for their "
                "results; large values arrive "
                "as const&, so a parameter must be a value or a const reference; text arrives as "
                "std::string");
}
/// False for a call whose sentence was given already: nothing else of it is instantiated, which
/// would only add errors.
template <class F, class... A>
inline constexpr bool is_good_call =
    std::is_invocable_v<F&, typename Argument<A>::Passed...>&& closure_travels<F>;

template <class F, class... A>
constexpr auto find_call_result() {
  if constexpr (is_good_call<F, A...>) {
    return std::type_identity<
        std::decay_t<std::invoke_result_t<F&, typename Argument<A>::Passed...>>>();
  } else {
    return std::type_identity<void>();
  }
}
template <class F, class... A>
using CallResult = typename decltype(find_call_result<F, A...>())::type;

/// A type's name as people would say it: "lambda(int)#2 in main".
std::string readable_function_name(const std::string& type);
/// The name of the function whose token begins the payload, or "".
std::string pointed_function_name(std::span<const std::byte> payload);

template <class F>
struct FunctionName {
  static std::string of(std::span<const std::byte> payload) {
    if constexpr (is_function_pointer<F>) {
      std::string name = pointed_function_name(payload);
      if (!name.empty()) return name;
    } else {
      (void)payload;
    }
    return readable_function_name(type_name<F>());
  }
};
template <class F, class... Values>
struct FunctionName<Bound<F, Values...>> : FunctionName<F> {};

template <class F>
std::string function_name(std::span<const std::byte> payload) {
  return FunctionName<F>::of(payload);
}

/// The value that the function gets for its parameter at `number`.
template <class F, std::size_t number, class A>
decltype(auto) passed_to(Argument<A>& argument) {
  if constexpr (requires { argument.hand_over(); }) {
    using T = std::remove_cvref_t<typename Argument<A>::Passed>;
    if constexpr (takes_value<F, T, number>()) {
      return argument.hand_over();
    } else {
      return argument.pass();
    }
  } else {
    return argument.pass();
  }
}

template <class F, class... A>
struct CallThunk {
  using Result = CallResult<F, A...>;

  static Value* call_large(std::span<const std::byte>, std::span<const InputValue> inputs) {
    return call(input_cast<std::vector<std::byte>>(inputs.back()), inputs.first(inputs.size() - 1));
  }
  static Value* call(std::span<const std::byte> payload, std::span<const InputValue> inputs) {
    CallReader reader{Reader(payload), inputs};
    Closure<F> closure(reader.reader);
    Slots<Argument<A>...> arguments(reader);
    return arguments.apply([&](Argument<A>&... each) {
      return run(closure, std::index_sequence_for<A...>(), each...);
    });
  }

 private:
  template <std::size_t... Number>
  static Value* run(Closure<F>& closure, std::index_sequence<Number...>, Argument<A>&... each) {
    if constexpr (std::is_void_v<Result>) {
      std::invoke(closure.get(), passed_to<F, Number>(each)...);
      return nullptr;
    } else {
      return make_value<Result>(std::invoke(closure.get(), passed_to<F, Number>(each)...))
          .release();
    }
  }
};

template <class F>
struct ResultOps {
  static constexpr const ValueOps* get() { return &value_ops_object<F>; }
  static constexpr const ValueOps* sequence() { return &Elements<F>::ops; }
};
template <>
struct ResultOps<void> {
  static constexpr const ValueOps* get() { return nullptr; }
  static constexpr const ValueOps* sequence() { return nullptr; }
};

template <class F, class... A>
inline constexpr FunctionOps large_call_ops{
    &function_name<F>, ResultOps<CallResult<F, A...>>::get(),
    nullptr,           &CallThunk<F, A...>::call_large,
    nullptr,           nullptr,
    nullptr,           nullptr};
template <class F, class... A>
inline constexpr FunctionOps call_ops{&function_name<F>, ResultOps<CallResult<F, A...>>::get(),
                                      nullptr,           &CallThunk<F, A...>::call,
                                      nullptr,           nullptr,
                                      nullptr,           &large_call_ops<F, A...>};

}  // namespace tutti::detail
