#pragma once

/// What an executor thread does first: it gets a name, its cores, and its share of the threads of
/// OpenMP and BLAS.

#include "runtime/launch_environment.hpp"

#include <string>
#include <vector>

namespace tutti::runtime {

/// Binds the calling thread to `count` cores of the process's CPU set, from core `first` on. False
/// when there are fewer cores or the system refuses. Threads that this one starts inherit the
/// binding.
bool pin_this_thread(unsigned first, unsigned count);

/// Names the calling thread for debuggers and `top`; the system keeps 15 letters.
void name_this_thread(const std::string& name);

/// Makes OpenMP, OpenBLAS, MKL and BLIS, as far as the program has loaded them, use `threads`
/// threads in calls from the calling thread, unless the user set OMP_NUM_THREADS or the library's
/// own variable. To be called by each executor thread, since OpenMP and MKL keep the number per
/// thread. Returns the names of the libraries that were set.
std::vector<std::string> set_library_threads(unsigned threads, const Environment& environment);

}  // namespace tutti::runtime
