#pragma once

/// Names of functions that the program does not export: from the symbol table of its file.

#include <cstdint>
#include <string>

namespace tutti::base {

/// The mangled name of the function or object that begins `offset` bytes after the start of the
/// program's image, or "" when the program was stripped or nothing begins there. Reads the
/// program's file the first time; any thread may call it.
std::string program_symbol(std::uint64_t offset);

}  // namespace tutti::base
