#pragma once

/// FunctionToken: the address of a function or constant object as (module, offset), which means the
/// same on every rank, whatever addresses the system chose there.
///
/// A module is the program or a shared library, named by its build id and never by its path. All
/// functions here may be called by any thread; they take no lock for addresses in the program
/// itself.

#include "tutti/bytes.hpp"

#include <cstdint>
#include <string>

namespace tutti::detail {

/// What travels instead of an address. {0, 0} stands for the null pointer.
struct FunctionToken {
  std::uint64_t module = 0;  ///< the first eight bytes of the module's build id
  std::uint64_t offset = 0;  ///< bytes from where the module is loaded

  bool operator==(const FunctionToken&) const = default;
};

/// The token of an address inside a loaded program or library. Throws Error (cannot_travel) for any
/// other address.
FunctionToken token_of(const void* address);

/// The address of a function or object that a token stands for. Throws Error: different_binary when
/// this rank has no such module, corrupt_data when the offset lies outside of it.
const void* address_of(FunctionToken token);

/// Like address_of, and makes sure that the address can be called.
const void* function_address_of(FunctionToken token);

/// Writes a pointer to a function, which may be null.
void write_function_pointer(Writer& writer, const void* function);

/// Reads what write_function_pointer wrote. The result is null or lies in executable memory.
const void* read_function_pointer(Reader& reader);

/// The demangled name of the function or object that begins at the address, if its module exports
/// it, else "".
std::string symbol_name(const void* address);

}  // namespace tutti::detail
