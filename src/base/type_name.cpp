#include "tutti/detail/type_name.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace tutti::detail {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// The position behind the '>' that closes the '<' before `begin`, or npos.
std::size_t end_of_arguments(const std::string& text, std::size_t begin) {
  int depth = 1;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at] == '<') ++depth;
    if (text[at] == '>' && --depth == 0) return at + 1;
  }
  return std::string::npos;
}

/// Removes every ", name<...>".
void drop_default_argument(std::string& text, std::string_view name) {
  const std::string start = ", " + std::string(name) + "<";
  for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at)) {
    const auto end = end_of_arguments(text, at + start.size());
    if (end == std::string::npos) return;
    text.erase(at, end - at);
  }
}

}  // namespace

std::string demangle(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  if (status != 0 || readable == nullptr) return mangled;
  std::string name = readable.get();
  replace_all(name, "std::__cxx11::", "std::");
  replace_all(name, "std::filesystem::__cxx11::", "std::filesystem::");
  for (const std::string_view spelling :
       {"std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
        "std::basic_string<char, std::char_traits<char>, std::allocator<char>>"}) {
    replace_all(name, spelling, "std::string");
  }
  for (const std::string_view argument :
       {"std::allocator", "std::less", "std::hash", "std::equal_to", "std::default_delete"}) {
    drop_default_argument(name, argument);
  }
  replace_all(name, " >", ">");
  return name;
}

}  // namespace tutti::detail
