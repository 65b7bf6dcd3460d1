#pragma once

/// The HDF5 library that this program runs with, for people.

#include <string>

namespace tutti::hdf5 {

/// "1.10.8, parallel by MPI, not thread-safe (tutti guards it)".
std::string library_words();

}  // namespace tutti::hdf5
