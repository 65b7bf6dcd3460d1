#pragma once

/// What a submission says of itself when it has to do with an actor.

#include <cstdint>

namespace tutti::detail {

/// Calls of an actor by one handle stand in one line, in order. Lines have numbers on their rank,
/// from 1 on.
inline constexpr std::uint32_t no_line = 0;
/// The result is the state of a new actor: it lives where it was made and never travels.
inline constexpr std::uint32_t creates_actor = ~std::uint32_t{0};

}  // namespace tutti::detail
