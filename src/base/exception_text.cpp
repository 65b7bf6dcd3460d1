#include "base/exception_text.hpp"

#include "tutti/detail/elements.hpp"
#include "tutti/detail/type_name.hpp"
#include "tutti/error.hpp"

#include <cxxabi.h>
#include <exception>
#include <string_view>
#include <typeinfo>

namespace tutti {

void detail::throw_lost_input() {
  throw Error(
      ErrorCode::lost,
      "an input of the task could not be brought to its rank; the log of that rank says why");
}

namespace {

/// What a task that waited for others says when one of those failed: where it began. Without the
/// stories, and without naming all tasks between.
std::string relayed(const TaskFailed& failed) {
  if (failed.failure().type == "tutti::TaskFailed") return failed.failure().message;
  const std::string sentence = failed.what();
  return sentence.substr(0, sentence.find("\n  story of the task:"));
}

}  // namespace

ExceptionText describe_current_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  ExceptionText text{type != nullptr ? detail::demangle(type->name()) : "an unknown exception", ""};
  try {
    throw;
  } catch (const TaskFailed& failed) {
    text.message = relayed(failed);
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

std::string describe_failed_reading(const std::string& type_name) {
  const ExceptionText text = describe_current_exception();
  return "reading a value of type " + type_name + " threw " + text.type + ": " + text.message;
}

}  // namespace tutti
