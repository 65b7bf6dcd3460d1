#pragma once

/// Functions and values of the simulation: they do nothing.

#include "tutti/detail/function_ops.hpp"
#include "tutti/detail/value.hpp"

namespace tutti::sim {

/// A function that is never called.
const detail::FunctionOps& sim_function();

/// A value that only exists, for results that may not be null.
detail::ValuePtr make_sim_value();

}  // namespace tutti::sim
