#include "hdf5/library.hpp"

#include "hdf5/hdf5_call.hpp"

#include <hdf5.h>

namespace tutti::hdf5 {

std::string library_words() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  hbool_t is_threadsafe = 0;
  H5is_library_threadsafe(&is_threadsafe);
#ifdef H5_HAVE_PARALLEL
  constexpr const char* parallel = "parallel by MPI";
#else
  constexpr const char* parallel = "not parallel";
#endif
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release) +
         ", " + parallel + ", " +
         (is_threadsafe != 0 ? "thread-safe" : "not thread-safe (tutti guards it)");
}

}  // namespace tutti::hdf5
