#pragma once

/// Thunks of maps: one bound object a rank, then stretches of calls without a message or an
/// allocation each.

#include "tutti/detail/closure.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/elements.hpp"
#include "tutti/detail/slots.hpp"
#include "tutti/detail/thunk.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tutti::detail {

/// Notes the exception that is being handled as the failure of an element.
void note_element_failure(RangeCall& call, std::uint64_t index);
void note_inherited_failure(RangeCall& call, std::uint64_t index);

template <class T>
inline constexpr bool is_text =
    std::is_same_v<std::decay_t<T>, const char*> || std::is_same_v<std::decay_t<T>, char*> ||
    std::is_same_v<std::decay_t<T>, std::string> ||
    std::is_same_v<std::decay_t<T>, std::string_view>;

/// True when an argument of map is taken element by element.
template <class T>
inline constexpr bool is_mapped_range = std::ranges::input_range<T> && !is_text<T>;

// ---- roles of map's arguments. Each role says how it is written on rank 0, what one rank reads
// once (Once), and what it gives for an element.

/// Goes whole to every call.
template <class A>
struct ConstantRole {
  static constexpr bool is_source = false;
  /// Types whose values may be of one memory for all ranks of a node.
  static constexpr bool may_be_large = std::copy_constructible<A> && !is_plain<A>;

  template <class U>
  static void write(CallBuilder& builder, U&& argument) {
    explain_travel<A>();
    if constexpr (may_be_large) {
      if constexpr (!std::is_same_v<std::remove_cvref_t<U>, A>) {
        return write(builder, A(std::forward<U>(argument)));
      } else {
        Writer apart(node_bytes_min);
        write_value(apart, argument);
        const bool large = std::ranges::any_of(apart.buffers(), &ConstBuffer::adoptable);
        builder.payload.value(large);
        if (large) {
          builder.inputs.push_back({{}, make_value<A>(std::forward<U>(argument))});
          return;
        }
        if (apart.buffers().empty()) {
          builder.payload.raw(apart.bytes().data(), apart.bytes().size());
          return;
        }
        write_whole(builder, argument);
      }
    } else {
      write_whole(builder, argument);
    }
  }

  class Once {
   public:
    explicit Once(CallReader& call) {
      if constexpr (may_be_large) {
        if (call.reader.template value<bool>()) {
          value_ = &input_cast<A>(call.input());
          return;
        }
      }
      value_ = &own_.emplace(read_value<A>(call.reader));
    }
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    using Element = const A&;
    Element at(std::uint64_t) const { return *value_; }

   private:
    std::optional<A> own_;
    const A* value_ = nullptr;
  };

 private:
  /// With the announcement of the map, once to each rank.
  static void write_whole(CallBuilder& builder, const A& argument) {
    Writer whole;
    write_value(whole, argument);
    builder.payload.raw(whole.bytes().data(), whole.size());
  }
};

template <class T>
struct ConstantRole<Future<T>> : HasResults<Future<T>> {
  static constexpr bool is_source = false;
  static void write(CallBuilder& builder, const Future<T>& future) {
    Placeholder<Future<T>>::write(builder, future);
  }
  class Once {
   public:
    explicit Once(CallReader& call) : value_(&input_cast<T>(call.input())) {}
    using Element = std::add_lvalue_reference_t<const T>;
    Element at(std::uint64_t) const { return *value_; }

   private:
    const T* value_;
  };
};

template <class A>
requires(holds_placeholders<A> && !is_instance<A, Future>)  //
    struct ConstantRole<A> : HasResults<A> {
  static constexpr bool is_source = false;
  static void write(CallBuilder& builder, const A& argument) { write_nested(builder, argument); }
  class Once {
   public:
    explicit Once(CallReader& call) : value_(read_nested<A>(call)) {}
    using Element = const Resolved<A>&;
    Element at(std::uint64_t) const { return value_; }

   private:
    Resolved<A> value_;
  };
};

template <class T>
struct NumbersRole {
  static constexpr bool is_source = false;
  class Once {
   public:
    explicit Once(CallReader& call) : numbers_(call.reader.value<Range<T>>()) {}
    using Element = T;
    Element at(std::uint64_t index) const { return numbers_[index]; }

   private:
    Range<T> numbers_;
  };
};

/// Elements of a sequence that lies on some ranks: the results of another map, a scattered or local
/// sequence.
template <class T>
struct SequenceRole {
  static constexpr bool is_source = true;
  class Once {
   public:
    explicit Once(CallReader&) {}
    using Element = const T&;
  };
};

/// Walks the pieces that feed a stretch.
template <class T>
class SequenceCursor {
 public:
  explicit SequenceCursor(std::span<const InputPiece> pieces) : pieces_(pieces) {}
  /// Null when the element of the source has failed.
  const T* at(std::uint64_t index) {
    while (elements_ == nullptr || index - begin_ >= count_) next(index);
    return elements_->failed.empty() || !elements_->has_failed(index) ? &elements_->at(index)
                                                                      : nullptr;
  }

 private:
  void next(std::uint64_t index) {
    for (const InputPiece& piece : pieces_) {
      if (index - piece.begin >= piece.count) continue;
      if (piece.value == nullptr) throw_lost_input();
      elements_ = static_cast<const Elements<T>*>(piece.value);
      begin_ = piece.begin;
      count_ = piece.count;
      return;
    }
    check(false, "the pieces of a source cover the stretch that they feed");
  }
  std::span<const InputPiece> pieces_;
  const Elements<T>* elements_ = nullptr;
  std::uint64_t begin_ = 0;
  std::uint64_t count_ = 0;
};

struct NoCursor {
  explicit NoCursor(std::span<const InputPiece>) {}
};

template <class Role>
struct CursorOf {
  using type = NoCursor;
};
template <class T>
struct CursorOf<SequenceRole<T>> {
  using type = SequenceCursor<T>;
};

/// What a call gets for one element of one argument; null pointers stand for failed elements.
template <class Role>
decltype(auto) element_of(const typename Role::Once& once, typename CursorOf<Role>::type& cursor,
                          std::uint64_t index) {
  if constexpr (Role::is_source) {
    return cursor.at(index);
  } else {
    return once.at(index);
  }
}

template <class Role, class Element>
decltype(auto) passed(Element&& element) {
  if constexpr (Role::is_source) {
    return (*element);
  } else {
    return std::forward<Element>(element);
  }
}

template <class Role, class Element>
bool is_missing(const Element& element) {
  if constexpr (Role::is_source) {
    return element == nullptr;
  } else {
    return false;
  }
}

template <class F, class... Roles>
using MapResult = std::decay_t<std::invoke_result_t<const F&, typename Roles::Once::Element...>>;

template <class F, class... Roles>
struct MapThunk {
  using Result = MapResult<F, Roles...>;
  static constexpr bool is_void = std::is_void_v<Result>;
  static constexpr std::size_t sources = (static_cast<std::size_t>(Roles::is_source) + ... + 0);

  /// Closure and constants as one rank keeps them.
  class BoundCall final : public Value {
   public:
    explicit BoundCall(CallReader& call) : Value(bound_ops), closure(call.reader), once(call) {}
    Closure<F> closure;
    Slots<typename Roles::Once...> once;

   private:
    static std::string name() { return "bound " + function_name<F>({}); }
    static void destroy(Value* value) noexcept { delete static_cast<BoundCall*>(value); }
    static std::uint64_t count_bytes(const Value&) noexcept { return sizeof(BoundCall); }
    static constexpr ValueOps bound_ops{&name, &destroy, &count_bytes, nullptr, nullptr, false};
  };

  static Value* bind(std::span<const std::byte> payload, std::span<const InputValue> inputs) {
    CallReader call{Reader(payload), inputs};
    return new BoundCall(call);
  }

  static Value* make_results(std::uint64_t begin, std::uint64_t count) {
    if constexpr (is_void) {
      return nullptr;
    } else {
      return new Elements<Result>(begin, count);
    }
  }

  static void call_range(const Value& bound, RangeCall& call) {
    run(static_cast<const BoundCall&>(bound), call, std::index_sequence_for<Roles...>());
  }

 private:
  /// Position of the I-th argument among the sources.
  template <std::size_t I>
  static constexpr std::size_t source_number() {
    constexpr std::array<bool, sizeof...(Roles) + 1> flags{Roles::is_source..., false};
    std::size_t number = 0;
    for (std::size_t index = 0; index < I; ++index) number += flags[index];
    return number;
  }

  template <std::size_t I>
  static std::span<const InputPiece> pieces_of(const RangeCall& call) {
    using Role = std::tuple_element_t<I, std::tuple<Roles...>>;
    if constexpr (Role::is_source) {
      return call.sources[source_number<I>()];
    } else {
      return {};
    }
  }

  template <std::size_t... I>
  static void run(const BoundCall& bound, RangeCall& call, std::index_sequence<I...>) {
    const auto& function = bound.closure.get();
    std::tuple<typename CursorOf<Roles>::type...> cursors{
        typename CursorOf<Roles>::type(pieces_of<I>(call))...};
    std::uint64_t index = call.begin;
    // The end may come nearer while an element waits: those behind it go to other threads. The try
    // block is entered again only after an exception: no cost for elements that do not throw.
    while (index - call.begin < call.count) {
      try {
        for (; index - call.begin < call.count; ++index) {
          call.index = index;
          call_one(function, call, index,
                   element_of<Roles>(detail::get<I>(bound.once), std::get<I>(cursors), index)...);
        }
      } catch (...) {
        note_element_failure(call, index);
        ++index;
      }
    }
  }

  template <class Function, class... E>
  static void call_one(const Function& function, RangeCall& call, std::uint64_t index,
                       E&&... elements) {
    if constexpr (sources != 0) {
      if ((is_missing<Roles>(elements) || ...)) {
        note_inherited_failure(call, index);
        return;
      }
    }
    if constexpr (is_void) {
      std::invoke(function, passed<Roles>(std::forward<E>(elements))...);
    } else {
      auto& results = static_cast<Elements<Result>&>(*call.results);
      ::new (static_cast<void*>(results.place(index)))
          Result(std::invoke(function, passed<Roles>(std::forward<E>(elements))...));
      results.made(index);
    }
  }
};

template <class F, class... Roles>
inline constexpr FunctionOps map_ops{&function_name<F>,
                                     ResultOps<MapResult<F, Roles...>>::get(),
                                     ResultOps<MapResult<F, Roles...>>::sequence(),
                                     nullptr,
                                     &MapThunk<F, Roles...>::bind,
                                     &MapThunk<F, Roles...>::make_results,
                                     &MapThunk<F, Roles...>::call_range,
                                     nullptr};

}  // namespace tutti::detail
