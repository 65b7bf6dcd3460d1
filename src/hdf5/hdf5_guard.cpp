#include "tutti/hdf5_guard.hpp"

#include <mutex>

namespace tutti {

namespace {

std::recursive_mutex& library_mutex() {
  // Never destroyed: files may be closed by destructors of static objects.
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

}  // namespace

hdf5_guard::hdf5_guard() { library_mutex().lock(); }
hdf5_guard::~hdf5_guard() { library_mutex().unlock(); }

}  // namespace tutti
