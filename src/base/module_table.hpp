#pragma once

/// The table of loaded modules: the program and its shared libraries, each known by its build id.
/// What tutti/detail/function_token.hpp declares is implemented on it.
///
/// The table is an immutable snapshot that is made anew when an address or a module is not in it (a
/// library may be loaded later by dlopen) and swapped in atomically. All functions may be called by
/// any thread.

#include "tutti/detail/function_token.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::base {

/// Like detail::address_of, but an error names the module as its sender knows it.
const void* address_of(detail::FunctionToken token, std::string_view module_name);

/// The file name of the module that holds the address, without folders, or "" when no module does.
std::string module_name(const void* address);

/// What tokens of functions and objects of this program and of libtutti begin with, see
/// detail::FunctionToken.
std::vector<std::uint64_t> own_modules();

/// What all ranks must have in common, as one number: build ids and sizes of the program and of
/// libtutti, and the compiler.
std::uint64_t program_identity();

/// The same for people: one line for the program, one for libtutti when it is a shared library.
std::string module_summary();

}  // namespace tutti::base
