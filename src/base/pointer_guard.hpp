#pragma once

/// Finds pointers among the bytes of a closure. A captured reference, pointer or string_view is
/// plain bytes to the compiler, but means nothing on another rank.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace tutti::base {

/// What stands in the bytes of a closure between its members.
enum class Padding {
  cleared,  ///< zeros, by __builtin_clear_padding
  unknown,  ///< whatever was on the stack, perhaps parts of old pointers
};

/// Looks at each aligned word of `closure` and returns where the first one that is a pointer into
/// this process's memory stands and points, as a sentence without a full stop ("the 8 bytes at
/// position 16 point into the stack, ..."), or nothing.
///
/// Closures with an alignment below alignof(void*) hold no pointer and need not be passed. With
/// Padding::unknown only a closure all of whose words are pointers is reported. Numbers are not
/// mistaken for pointers: whatever looks like small integers, like floating-point numbers or like
/// text is passed over, and so are all addresses below 4 GiB, where numbers are too common (there
/// lie the objects of programs that are not position independent, whose pointers are not found).
/// Any thread may call it; reads /proc/self/maps when it meets an address for the first time.
std::optional<std::string> find_pointer(std::span<const std::byte> closure,
                                        Padding padding = Padding::cleared);

}  // namespace tutti::base
