#pragma once

/// How those who need a value of this rank's store ask for one that is away.

#include "tutti/detail/value.hpp"
#include "worker/store.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace tutti::runtime {

/// What came of loading; without a value `problem` says why.
struct Loaded {
  detail::ValuePtr value;
  std::uint64_t bytes = 0;
  std::string problem;
};
/// Called under the lock, at once or later.
using OnLoaded = std::function<void(const Loaded& loaded)>;
using LoadValue = std::function<void(worker::ValueKey key, OnLoaded on_loaded)>;

}  // namespace tutti::runtime
