#pragma once

/// ContentKey: what a scattered value or sequence is, and where it was put; or what a pure call is.
/// Equal keys: the same future.

#include "base/content_hash.hpp"
#include "tutti/detail/core.hpp"
#include "tutti/detail/value.hpp"

#include <cstdint>
#include <vector>

namespace tutti::client_module {

struct ContentKey {
  base::ContentHash hash;  ///< of the type and the bytes
  bool broadcast = false;
  std::vector<std::int32_t> ranks;  ///< who was to get it
  bool call = false;

  auto operator<=>(const ContentKey&) const = default;
};

/// The hash of a value's type and of the bytes that it travels as. Large flat parts are read where
/// they are. Throws what writing the value throws.
base::ContentHash hash_of(const detail::Value& value);
/// The same of a call: function, closure and arguments. Futures among those are what they are, not
/// what they give.
ContentKey key_of_call(const detail::FunctionOps& function, const detail::CallBuilder& builder);

}  // namespace tutti::client_module
