#include "tutti/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace tutti {

void check_failed(const char* what, SourceLocation where) noexcept {
  std::fprintf(stderr, "tutti: this should have been true, please report it: %s (%s:%u, %s)\n",
               what, where.file_name(), where.line(), where.function_name());
  std::fflush(stderr);
  std::abort();
}

}  // namespace tutti
