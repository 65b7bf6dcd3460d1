#pragma once

/// Looks into aggregates: how many members they have, which of them are what, and calls a function
/// with all of them.

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace tutti::detail {

/// An aggregate with more members than this needs a serialize function.
inline constexpr int aggregate_members_max = 24;

/// True when `T` can be initialised by `Count` empty pairs of braces and then one `Last`. Each pair
/// stands for one member, whatever it is; without the braces an array member would take one
/// initialiser for each element.
template <class T, int Count, class... Last>
constexpr bool braces_fit() {
  if constexpr (Count == 0) {
    return requires { T{Last{}...}; };
  } else if constexpr (Count == 1) {
    return requires { T{{}, Last{}...}; };
  } else if constexpr (Count == 2) {
    return requires { T{{}, {}, Last{}...}; };
  } else if constexpr (Count == 3) {
    return requires { T{{}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 4) {
    return requires { T{{}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 5) {
    return requires { T{{}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 6) {
    return requires { T{{}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 7) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 8) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 9) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 10) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 11) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 12) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 13) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 14) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 15) {
    return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...}; };
  } else if constexpr (Count == 16) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 17) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 18) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 19) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 20) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 21) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 22) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},       {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 23) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 24) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},       {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  } else if constexpr (Count == 25) {
    return requires {
      T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Last{}...};
    };
  }
}

template <class T, int Count = aggregate_members_max + 1>
constexpr int count_members() {
  if constexpr (braces_fit<T, Count>()) {
    return Count;
  } else if constexpr (Count == 0) {
    return -1;
  } else {
    return count_members<T, Count - 1>();
  }
}

/// Members of the aggregate `T`: one more than aggregate_members_max when there are too many, -1
/// when it cannot be known because a member is a reference or not default constructible.
template <class T>
inline constexpr int member_count = count_members<T>();

/// Converts to the base classes of `T` and to nothing else.
template <class T>
struct AnyBaseOf {
  template <class U>
  requires(std::is_base_of_v<U, T> && !std::same_as<U, T>) constexpr operator U() const noexcept;
};

/// True for an aggregate with base classes. The first initialiser belongs to the first base.
template <class T>
inline constexpr bool has_bases = braces_fit<T, 0, AnyBaseOf<T>>();

template <int count, class T, class Function>
constexpr decltype(auto) with_many_members(T& object, Function& function) {
  if constexpr (count == 13) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  } else if constexpr (count == 14) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
  } else if constexpr (count == 15) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
  } else if constexpr (count == 16) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
  } else if constexpr (count == 17) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17);
  } else if constexpr (count == 18) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] =
        object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                    m18);
  } else if constexpr (count == 19) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] =
        object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19);
  } else if constexpr (count == 20) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
           m20] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19, m20);
  } else if constexpr (count == 21) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
           m20, m21] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19, m20, m21);
  } else if constexpr (count == 22) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
           m20, m21, m22] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19, m20, m21, m22);
  } else if constexpr (count == 23) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
           m20, m21, m22, m23] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19, m20, m21, m22, m23);
  } else if constexpr (count == 24) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
           m20, m21, m22, m23, m24] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
                    m19, m20, m21, m22, m23, m24);
  }
}

/// Calls `function` with all members of an aggregate without base classes and returns what it
/// returns.
template <class T, class Function>
constexpr decltype(auto) with_members(T& object, Function&& function) {
  constexpr int count = member_count<std::remove_const_t<T>>;
  if constexpr (count == 1) {
    auto& [m1] = object;
    return function(m1);
  } else if constexpr (count == 2) {
    auto& [m1, m2] = object;
    return function(m1, m2);
  } else if constexpr (count == 3) {
    auto& [m1, m2, m3] = object;
    return function(m1, m2, m3);
  } else if constexpr (count == 4) {
    auto& [m1, m2, m3, m4] = object;
    return function(m1, m2, m3, m4);
  } else if constexpr (count == 5) {
    auto& [m1, m2, m3, m4, m5] = object;
    return function(m1, m2, m3, m4, m5);
  } else if constexpr (count == 6) {
    auto& [m1, m2, m3, m4, m5, m6] = object;
    return function(m1, m2, m3, m4, m5, m6);
  } else if constexpr (count == 7) {
    auto& [m1, m2, m3, m4, m5, m6, m7] = object;
    return function(m1, m2, m3, m4, m5, m6, m7);
  } else if constexpr (count == 8) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8);
  } else if constexpr (count == 9) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9);
  } else if constexpr (count == 10) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
  } else if constexpr (count == 11) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
  } else if constexpr (count == 12) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
    return function(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  } else if constexpr (count > 12) {
    return with_many_members<count>(object, function);
  } else {
    return function();
  }
}

template <class... Ts>
struct TypeList {};

struct TypesOfArguments {
  template <class... Ts>
  constexpr TypeList<Ts...> operator()(Ts&...) const {
    return {};
  }
};

/// The types of the members of the aggregate `T`.
template <class T>
using MemberTypes = decltype(with_members(std::declval<T&>(), TypesOfArguments{}));

}  // namespace tutti::detail
