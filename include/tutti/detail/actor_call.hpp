#pragma once

/// What stands behind Actor<T>: its cell on a worker, its handles, and how its methods travel.

#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/nested_futures.hpp"
#include "tutti/detail/thunk.hpp"
#include "tutti/detail/type_name.hpp"
#include "tutti/detail/value_ops.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace tutti::detail {

/// What the copies of a handle share: one caller, whose calls run in order.
struct ActorHandle {
  HandlePtr creation;
  std::uint32_t line = no_line;
  std::string name;
  /// The task that got the handle as an argument has ended.
  std::atomic<bool> is_over{false};
};

/// A new caller, with a line of its own.
std::shared_ptr<ActorHandle> make_actor_handle(HandlePtr creation, std::string name);
/// Throws Error (bad_argument) when there is none, or its task has ended.
ActorHandle& checked(const std::shared_ptr<ActorHandle>& handle);
/// Writes what read_actor_handle() reads where the call runs: the actor lives as long as the call.
void write_actor_handle(CallBuilder& builder, const ActorHandle& handle);
std::shared_ptr<ActorHandle> read_actor_handle(CallReader& call);

[[noreturn]] void throw_actor_busy(const std::string& type);

/// The object on its worker. It is made in place and stays there.
template <class T>
class ActorCell {
 public:
  template <class... Args>
  explicit ActorCell(std::in_place_t, Args&&... arguments)
      : object_(std::make_unique<T>(std::forward<Args>(arguments)...)) {}

  /// One method at a time: the scheduler sees to it, and here it is seen when a run without ranks
  /// would begin a call inside of another one.
  class Turn {
   public:
    explicit Turn(const ActorCell& cell) : cell_(cell) {
      if (std::exchange(cell_.busy_, true)) throw_actor_busy(type_name<T>());
    }
    ~Turn() { cell_.busy_ = false; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    const ActorCell& cell_;
  };

  T& object() const { return *object_; }
  std::uint64_t count_bytes() const {
    if constexpr (requires { std::uint64_t{std::as_const(*object_).nbytes()}; }) {
      return std::as_const(*object_).nbytes();
    } else {
      return sizeof(T);
    }
  }

 private:
  std::unique_ptr<T> object_;
  mutable bool busy_ = false;
};

template <class T>
struct ActorCellFunctions {
  using Cell = TypedValue<ActorCell<T>>;
  static void destroy(Value* value) noexcept { delete static_cast<Cell*>(value); }
  static std::uint64_t count_bytes(const Value& value) {
    return static_cast<const Cell&>(value).value.count_bytes();
  }
};
/// It never travels.
template <class T>
inline constexpr ValueOps value_ops_object<ActorCell<T>> = {&type_name<ActorCell<T>>,
                                                            &ActorCellFunctions<T>::destroy,
                                                            &ActorCellFunctions<T>::count_bytes,
                                                            nullptr,
                                                            nullptr,
                                                            false};

/// Makes the object.
template <class T>
struct ActorMaker {
  template <class... A>
  requires std::constructible_from<T, A...> ActorCell<T>
  operator()(A&&... arguments) const {
    return ActorCell<T>(std::in_place, std::forward<A>(arguments)...);
  }
};
template <class T>
struct FunctionName<ActorMaker<T>> {
  static std::string of(std::span<const std::byte>) { return "constructor of " + type_name<T>(); }
};

/// Calls a method, or a function that takes the object first.
template <class T, class Method>
struct MethodCall {
  Method method;

  template <class M, class... A>
  static decltype(auto) run(M& method, const ActorCell<T>& cell, A&&... arguments) {
    const typename ActorCell<T>::Turn turn(cell);
    return std::invoke(method, cell.object(), std::forward<A>(arguments)...);
  }
  template <class... A>
  requires std::invocable<Method&, T&, A...>
  decltype(auto) operator()(const ActorCell<T>& cell, A&&... arguments) {
    return run(method, cell, std::forward<A>(arguments)...);
  }
};
template <class T, class Method>
inline constexpr bool closure_travels<MethodCall<T, Method>> =
    std::is_member_function_pointer_v<Method> || closure_travels<Method>;

/// A pointer to a member function, in its two words of the Itanium ABI: code, or the offset in the
/// table of virtual functions, and what is added to `this`.
struct MethodWords {
  std::uintptr_t code = 0;
  std::ptrdiff_t adjustment = 0;

  bool is_virtual() const {
#if defined(__aarch64__) || defined(__arm__)
    return (adjustment & 1) != 0;
#else
    return (code & 1) != 0;
#endif
  }
};
/// The address of the code travels as (module, offset).
void write_method(Writer& writer, const MethodWords& words);
MethodWords read_method(Reader& reader);

template <class Method>
class MethodClosure {
 public:
  static_assert(sizeof(Method) == sizeof(MethodWords));
  static void write(Writer& writer, Method method) {
    MethodWords words;
    std::memcpy(static_cast<void*>(&words), &method, sizeof(words));
    write_method(writer, words);
  }
  explicit MethodClosure(Reader& reader) {
    const MethodWords words = read_method(reader);
    std::memcpy(static_cast<void*>(&method_), &words, sizeof(words));
  }
  Method& get() { return method_; }

 private:
  Method method_ = nullptr;
};

template <class T, class Method>
class Closure<MethodCall<T, Method>> {
 public:
  using Inner = std::conditional_t<std::is_member_function_pointer_v<Method>, MethodClosure<Method>,
                                   Closure<Method>>;
  static void write(Writer& writer, const MethodCall<T, Method>& call) {
    Inner::write(writer, call.method);
  }
  explicit Closure(Reader& reader) : inner_(reader) {}
  Closure& get() { return *this; }
  template <class... A>
  decltype(auto) operator()(const ActorCell<T>& cell, A&&... arguments) {
    auto&& method = inner_.get();
    return MethodCall<T, Method>::run(method, cell, std::forward<A>(arguments)...);
  }

 private:
  Inner inner_;
};

/// "Counter::add(int)", or what is known of it, and whose it is.
template <class T, class Method>
struct FunctionName<MethodCall<T, Method>> {
  static std::string of(std::span<const std::byte> payload) {
    std::string name;
    if constexpr (std::is_member_function_pointer_v<Method>) {
      name = pointed_function_name(payload);
      if (name.empty()) name = readable_function_name(type_name<Method>());
    } else {
      name = FunctionName<Method>::of(payload);
    }
    return name + " of the actor " + type_name<T>();
  }
};

}  // namespace tutti::detail
