#include "tutti/hdf5_guard.hpp"

#include <doctest/doctest.h>

#include <thread>

TEST_CASE("the guard may be taken again by the thread that holds it") {
  const tutti::hdf5_guard outer;
  const tutti::hdf5_guard inner;
  CHECK(true);
}

TEST_CASE("two threads never hold the guard at once") {
  int inside = 0;
  int most_inside = 0;
  const auto work = [&] {
    for (int i = 0; i < 1000; ++i) {
      const tutti::hdf5_guard guard;
      ++inside;
      if (inside > most_inside) most_inside = inside;
      std::this_thread::yield();
      --inside;
    }
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(most_inside == 1);
}
