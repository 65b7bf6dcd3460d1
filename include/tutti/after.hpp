#pragma once

/// after: order between calls that pass no value.

#include "tutti/detail/lazy.hpp"
#include "tutti/future.hpp"
#include "tutti/task_options.hpp"

#include <cstdint>

namespace tutti {
namespace detail {

/// Adds what is to come first, once where it is named several times in a row.
void note_after(After& after, const HandlePtr& handle, std::uint64_t index);

}  // namespace detail

/// `client.submit({.after = after(written, all_of_a_map)}, read, path)`: takes any number of Future
/// and Futures, also of void and inside of containers and tuples. Throws Error (bad_argument) for
/// an empty future and for an element that its map does not have.
template <class... Futures>
After after(const Futures&... futures) {
  static_assert((!detail::any_placeholder<detail::IsDelayed, Futures>() && ...) &&
                    (!detail::any_placeholder<detail::IsGraphNode, Futures>() && ...) &&
                    (detail::holds_placeholders<Futures> && ...),
                "after() takes futures of calls that were submitted");
  After result;
  auto note = [&]<class F>(const F& future) {
    std::uint64_t index = detail::whole_group;
    if constexpr (requires { future.target(); }) index = detail::target_of(future).index;
    detail::note_after(result, future.handle(), index);
  };
  (detail::visit_placeholders(futures, note), ...);
  return result;
}

}  // namespace tutti
