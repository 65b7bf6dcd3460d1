#pragma once

/// Functions and values of the simulation: they do nothing.

#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/value.hpp"

#include <string>

namespace tutti::sim {

struct Nothing {};

inline const detail::ValueOps nothing_operations{
    .type_name = [] { return std::string("tutti::sim::Nothing"); },
    .destroy =
        [](detail::Value* value) noexcept {
          delete static_cast<detail::TypedValue<Nothing>*>(value);
        },
    .nbytes = [](const detail::Value&) noexcept -> std::uint64_t { return 0; },
    .write = nullptr,
    .read = nullptr,
    .plain_bytes = true,
};

/// A value that only exists, for results that may not be null.
inline detail::ValuePtr make_sim_value() {
  return detail::ValuePtr(new detail::TypedValue<Nothing>(nothing_operations));
}

/// A function that is never called.
inline const detail::FunctionOps& sim_function() {
  static const detail::FunctionOps operations = [] {
    detail::FunctionOps made{};
    made.name = [](std::span<const std::byte>) { return std::string("tutti::sim::function"); };
    return made;
  }();
  return operations;
}

}  // namespace tutti::sim
