#pragma once

/// after: order between calls that pass no value.

#include "tutti/detail/lazy.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"

#include <utility>

namespace tutti {

/// `client.submit({.after = after(written, all_of_a_map)}, read, path)`: takes any number of Future
/// and Futures, also of void and inside of containers and tuples. The future of one element of a
/// map stands for the whole map.
template <class... Futures>
After after(const Futures&... futures) {
  static_assert((!detail::any_placeholder<detail::IsDelayed, Futures>() && ...) &&
                    (!detail::any_placeholder<detail::IsGraphNode, Futures>() && ...) &&
                    (detail::holds_placeholders<Futures> && ...),
                "after() takes futures of calls that were submitted");
  After result;
  auto note = [&]<class F>(const F& future) {
    if constexpr (requires { future.target(); }) (void)detail::target_of(future);
    const detail::HandlePtr& handle = future.handle();
    const bool again = !result.handles.empty() && result.handles.back().get() == handle.get();
    if (handle && !again) result.handles.push_back(handle);
  };
  (detail::visit_placeholders(futures, note), ...);
  return result;
}

}  // namespace tutti
