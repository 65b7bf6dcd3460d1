#pragma once

/// hdf5_guard: the one lock per process under which HDF5 may be called.

namespace tutti {

/// Holds the lock of the HDF5 library from construction to destruction.
///
/// Debian's HDF5 is not thread-safe: two threads inside it damage its state, also when they use
/// different files. tutti takes this lock for each of its own calls; a task that calls HDF5 itself
/// (or a library that does, such as netCDF) holds one around those calls. The lock is recursive, so
/// `tutti::hdf5` may be used while it is held. It serves the threads of one process; ranks do not
/// wait for each other. Do not wait for another task while holding it: that task may need it.
class [[nodiscard]] hdf5_guard {  // NOLINT(readability-identifier-naming)
 public:
  hdf5_guard();
  ~hdf5_guard();
  hdf5_guard(const hdf5_guard&) = delete;
  hdf5_guard& operator=(const hdf5_guard&) = delete;
};

}  // namespace tutti
