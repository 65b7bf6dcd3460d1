#pragma once

/// What was thrown, as text that can travel.

#include <string>

namespace tutti {

struct ExceptionText {
  std::string type;
  std::string message;
};

/// Describes the exception that is being handled; call it inside a catch block. Works for anything
/// thrown, also for what is no std::exception.
ExceptionText describe_current_exception();
/// The same as a sentence about reading a value of that type.
std::string describe_failed_reading(const std::string& type_name);

}  // namespace tutti
