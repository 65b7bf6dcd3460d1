#pragma once

/// AdaptOptions: how many workers of the run work. The order of the fields is part of the
/// interface.

#include <cstddef>

namespace tutti {

/// For adapt(): `client.adapt({.minimum = 1, .maximum = 8})`.
struct AdaptOptions {
  /// Workers that always work, at least 1.
  std::size_t minimum = 1;
  /// The most that work; 0: all that there are.
  std::size_t maximum = 0;
  /// Seconds between two looks at the work that is left.
  double interval = 1;
  /// As many work as need so many seconds for all that is known.
  double target_duration = 5;
  /// Looks in turn that want fewer workers, before there are fewer.
  std::size_t wait_count = 3;
  /// false: the number stays as it is from now on.
  bool active = true;
};

}  // namespace tutti
