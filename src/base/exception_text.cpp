#include "base/exception_text.hpp"

#include <cxxabi.h>

#include <exception>
#include <string_view>
#include <typeinfo>

#include "tutti/detail/type_name.hpp"

namespace tutti {

ExceptionText describe_current_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  ExceptionText text{type != nullptr ? detail::demangle(type->name()) : "an unknown exception", ""};
  try {
    throw;
  } catch (const std::exception& error) {
    text.message = error.what();
  } catch (const std::string& message) {
    text.message = message;
  } catch (const char* message) {
    text.message = message;
  } catch (int number) {
    text.message = "the number " + std::to_string(number) + " was thrown (it is no std::exception)";
  } catch (...) {
    text.message = "it is no std::exception and carries no message";
  }
  return text;
}

}  // namespace tutti
