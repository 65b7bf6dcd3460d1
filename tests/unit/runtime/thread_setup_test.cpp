#include "runtime/thread_setup.hpp"

#include "runtime/topology.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

using namespace tutti::runtime;

TEST_CASE("a thread is pinned to one core, and others are not") {
  const unsigned last = topology().cores - 1;
  std::jthread([last] {
    REQUIRE(pin_this_thread(last, 1));
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    CHECK(CPU_COUNT(&set) >= 1);
    if (topology().cores > 1) {
      std::jthread([] { CHECK(pin_this_thread(0, 1)); }).join();
      const int before = CPU_COUNT(&set);
      CHECK(pin_this_thread(0, topology().cores));
      REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
      CHECK(CPU_COUNT(&set) > before);
    }
  }).join();
}

TEST_CASE("cores that do not exist are refused") {
  const unsigned cores = topology().cores;
  std::jthread([cores] {
    CHECK_FALSE(pin_this_thread(cores, 1));
    CHECK_FALSE(pin_this_thread(0, cores + 1));
    CHECK_FALSE(pin_this_thread(0, 0));
    CHECK_FALSE(pin_this_thread(1, ~0u));
  }).join();
}

TEST_CASE("a thread has the name that it was given, cut to 15 letters") {
  std::jthread([] {
    name_this_thread("tutti-exec-12345678");
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    CHECK(std::string(name.data()) == "tutti-exec-1234");
  }).join();
}

TEST_CASE("each thread has its number of OpenMP threads unless the user set one") {
  // The library of GCC, which comes with the compiler; opened so that the whole program sees its
  // functions.
  REQUIRE(dlopen("libgomp.so.1", RTLD_NOW | RTLD_GLOBAL) != nullptr);
  const auto threads_now = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  REQUIRE((threads_now != nullptr));
  const int before = threads_now();
  std::jthread([threads_now] {
    const std::vector<std::string> names = set_library_threads(3, {});
    CHECK(std::find(names.begin(), names.end(), "OpenMP") != names.end());
    CHECK(threads_now() == 3);
    CHECK(set_library_threads(5, {{"OMP_NUM_THREADS", "2"}}).empty());
    CHECK(threads_now() == 3);
    set_library_threads(7, {{"OPENBLAS_NUM_THREADS", "2"}});
    CHECK(threads_now() == 7);
  }).join();
  CHECK(threads_now() == before);
}
