#include "sim/sim_ops.hpp"

namespace tutti::sim {
namespace {

using detail::TypedValue;
using detail::Value;
using detail::ValueOps;

struct Nothing {};

const ValueOps& value_operations() {
  static const ValueOps operations{
      .type_name = [] { return std::string("tutti::sim::Nothing"); },
      .destroy = [](Value* value) noexcept { delete static_cast<TypedValue<Nothing>*>(value); },
      .nbytes = [](const Value&) noexcept -> std::uint64_t { return 0; },
      .write = nullptr,
      .read = nullptr,
      .plain_bytes = true,
  };
  return operations;
}

}  // namespace

const detail::FunctionOps& sim_function() {
  static const detail::FunctionOps operations = [] {
    detail::FunctionOps made{};
    made.name = [] { return std::string("tutti::sim::function"); };
    return made;
  }();
  return operations;
}

detail::ValuePtr make_sim_value() {
  return detail::ValuePtr(new TypedValue<Nothing>(value_operations()));
}

}  // namespace tutti::sim
