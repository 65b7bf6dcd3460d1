#pragma once

/// RepeatedConstants: notices that a large value is passed to call after call, and says once how to
/// send it once.

#include "base/content_hash.hpp"
#include "tutti/detail/value.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace tutti::client_module {

class RepeatedConstants {
 public:
  /// An argument of so many bytes goes into a call. The text of a warning when the same contents
  /// came so often that it is worth one, else empty; once for each type and size.
  std::string note(const detail::Value& value, std::uint64_t bytes);

 private:
  struct Seen {
    std::uint32_t calls = 0;
    std::uint32_t hashed = 0;  ///< how many of them were compared
    std::uint32_t equal = 0;   ///< one after the other
    bool warned = false;
    base::ContentHash last;
  };
  std::map<std::pair<const detail::ValueOps*, std::uint64_t>, Seen> seen_;
};

}  // namespace tutti::client_module
