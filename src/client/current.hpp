#pragma once

/// Which core is the current one of this process.

#include "tutti/detail/core.hpp"

#include <cstdint>

namespace tutti::client_module {

/// From now on clients and futures use `core`. Returns the epoch that its handles carry.
std::uint32_t make_current(detail::Core& core, std::uint32_t guard_closures);
void make_none_current();

/// See Core::lend().
inline detail::HandlePtr lent_handle(TaskId id, std::uint32_t epoch) {
  auto* state = new detail::FutureState;
  state->is_lent = true;
  state->id = id;
  state->epoch = epoch;
  state->status = Status::finished;
  return detail::HandlePtr(state);
}

inline void destroy(detail::Handle* handle) noexcept {
  if (handle->is_group) {
    delete static_cast<detail::GroupState*>(handle);
  } else {
    delete static_cast<detail::FutureState*>(handle);
  }
}

}  // namespace tutti::client_module
