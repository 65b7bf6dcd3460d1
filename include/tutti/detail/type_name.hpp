#pragma once

/// Names of types as people write them, for messages and logs.

#include <string>
#include <string_view>
#include <typeinfo>

namespace tutti::detail {

/// The readable form of a name that the compiler made, with std::string and without default
/// allocators. A name that cannot be read comes back as it is.
std::string demangle(const char* mangled);

template <class T>
std::string type_name() {
  return demangle(typeid(T).name());
}

/// What the compiler calls `T`, known while compiling. The spelling is the compiler's own.
template <class T>
constexpr std::string_view spelled_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  return text.substr(0, text.find_first_of(";]"));
}

}  // namespace tutti::detail
