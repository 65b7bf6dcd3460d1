#include "runtime/thread_setup.hpp"

#include "runtime/topology.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <pthread.h>
#include <string_view>

namespace tutti::runtime {
namespace {

/// A library with a function that sets its number of threads.
struct Library {
  std::string_view name;
  const char* function;
  std::array<std::string_view, 2>
      variables;  ///< with which users set the number, besides OMP_NUM_THREADS
  bool counts_in_long;
};

constexpr std::array<Library, 4> libraries{{
    {"OpenMP", "omp_set_num_threads", {}, false},
    {"OpenBLAS", "openblas_set_num_threads", {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"}, false},
    {"MKL", "MKL_Set_Num_Threads_Local", {"MKL_NUM_THREADS"}, false},
    {"BLIS", "bli_thread_set_num_threads", {"BLIS_NUM_THREADS"}, true},
}};

bool user_decided(const Library& library, const Environment& environment) {
  if (environment.find("OMP_NUM_THREADS") != environment.end()) return true;
  return std::any_of(library.variables.begin(), library.variables.end(),
                     [&](std::string_view variable) {
                       return !variable.empty() && environment.find(variable) != environment.end();
                     });
}

}  // namespace

bool pin_this_thread(unsigned first, unsigned count) { return bind_to_cores(first, count); }

void name_this_thread(const std::string& name) {
  constexpr std::size_t letters_max = 15;
  pthread_setname_np(pthread_self(), name.substr(0, letters_max).c_str());
}

std::vector<std::string> set_library_threads(unsigned threads, const Environment& environment) {
  std::vector<std::string> result;
  for (const Library& library : libraries) {
    if (user_decided(library, environment)) continue;
    void* function = dlsym(RTLD_DEFAULT, library.function);
    if (function == nullptr) continue;
    if (library.counts_in_long) {
      reinterpret_cast<void (*)(long)>(function)(static_cast<long>(threads));
    } else {
      reinterpret_cast<void (*)(int)>(function)(static_cast<int>(threads));
    }
    result.emplace_back(library.name);
  }
  return result;
}

}  // namespace tutti::runtime
