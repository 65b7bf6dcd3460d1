#pragma once

/// Lets types with a serialize function, as Boost.Serialization wants it, travel between ranks.
/// Included by itself when a header of Boost.Serialization comes before the headers of tutti.
///
/// Such a type must be default constructible. A serialize function that is not a member stands in a
/// header beside its type, so that every source file sees it.

#include "tutti/detail/boost_archive.hpp"
#include "tutti/serialize.hpp"
