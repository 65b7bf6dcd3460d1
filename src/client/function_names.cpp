#include "tutti/detail/thunk.hpp"

#include <string>

namespace tutti::detail {

/// "main::{lambda(tutti::Client&)#1}::operator()(tutti::Client&) const::{lambda(int)#2}" becomes
/// "lambda(int)#2 in main".
std::string readable_function_name(const std::string& type) {
  const std::size_t last = type.rfind("{lambda(");
  if (last == std::string::npos) return type;
  const std::size_t end = type.find('}', last);
  std::string name =
      type.substr(last + 1, (end == std::string::npos ? type.size() : end) - last - 1);
  std::string outer = type.substr(0, type.find("{lambda("));
  if (const std::size_t parameters = outer.find('('); parameters != std::string::npos)
    outer.resize(parameters);
  while (outer.ends_with(':')) outer.pop_back();
  if (!outer.empty()) name += " in " + outer;
  return name;
}

std::string pointed_function_name(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(FunctionToken)) return "";
  try {
    Reader reader(payload);
    return symbol_name(read_function_pointer(reader));
  } catch (const Error&) {
    return "";
  }
}

}  // namespace tutti::detail
