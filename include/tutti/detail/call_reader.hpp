#pragma once

/// CallReader: what a thunk reads its arguments from.

#include "tutti/bytes.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/function_ops.hpp"

#include <cstddef>
#include <span>

namespace tutti::detail {

/// Reads the arguments of a call in order.
struct CallReader {
  Reader reader;
  std::span<const InputValue> inputs;
  std::size_t next_input = 0;

  const InputValue& input() {
    check(next_input < inputs.size(), "a call has all inputs that its arguments name");
    return inputs[next_input++];
  }
};

}  // namespace tutti::detail
