#pragma once

/// ContentKey: what a scattered value or sequence is, and where it was put. Equal keys: the same
/// future.

#include "base/content_hash.hpp"
#include "tutti/detail/value.hpp"

#include <cstdint>
#include <vector>

namespace tutti::client_module {

struct ContentKey {
  base::ContentHash hash;  ///< of the type and the bytes
  bool broadcast = false;
  std::vector<std::int32_t> ranks;  ///< who was to get it

  auto operator<=>(const ContentKey&) const = default;
};

/// The hash of a value's type and of the bytes that it travels as. Large flat parts are read where
/// they are. Throws what writing the value throws.
base::ContentHash hash_of(const detail::Value& value);

}  // namespace tutti::client_module
