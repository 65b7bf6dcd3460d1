#include "jobs/quantities.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tutti::jobs;

TEST_CASE("memory with a unit is exact, decimal and binary") {
  CHECK(memory_bytes("memory", "192GB") == 192'000'000'000);
  CHECK(memory_bytes("memory", "192GiB") == std::uint64_t{192} << 30);
  CHECK(memory_bytes("memory", "1.5 GiB") == std::uint64_t{3} << 29);
  CHECK(memory_bytes("memory", "500M") == 500'000'000);
}

TEST_CASE("memory without a unit, of nothing, or of nonsense is refused with a sentence") {
  for (const char* text : {"192", "", "0GB", "-4GB", "4XB", "GB", "1e3GB", "4GB x"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(memory_bytes("memory", text), doctest::Contains("the option memory is"),
                         tutti::Error);
  }
}

TEST_CASE("Slurm and PBS get the largest unit that holds the memory exactly") {
  CHECK(slurm_memory(std::uint64_t{192} << 30) == "192G");
  CHECK(slurm_memory(std::uint64_t{2} << 40) == "2T");
  CHECK(slurm_memory(std::uint64_t{1500} << 20) == "1500M");
  CHECK(slurm_memory(192'000'000'000) == "187500000K");
  CHECK(slurm_memory(1025) == "2K");
  CHECK(pbs_memory(192'000'000'000) == "187500000kb");
  CHECK(pbs_memory(std::uint64_t{192} << 30) == "192gb");
}

TEST_CASE("walltimes of every form mean the same") {
  for (const char* text : {"36:00:00", "1-12", "1-12:00", "1-12:00:00", "1d12h", "36h", "2160m"}) {
    CAPTURE(text);
    CHECK(walltime_seconds("walltime", text) == 36 * 3600);
  }
  CHECK(walltime_seconds("walltime", "00:20:00") == 1200);
  CHECK(walltime_seconds("walltime", "20:00") == 1200);
  CHECK(walltime_seconds("walltime", "1h30m5s") == 5405);
  CHECK(slurm_walltime(36 * 3600) == "1-12:00:00");
  CHECK(pbs_walltime(36 * 3600) == "36:00:00");
  CHECK(slurm_walltime(1200) == "00:20:00");
}

TEST_CASE("walltimes in wrong form are refused with a sentence") {
  for (const char* text : {"30", "", "0:00", "1:60:00", "1:00:60", "1-24:00", "5x", "1m2h", "1h1h",
                           "1:2:3:4", "-1", "1-", "h", "99999d", "00:20:00;reboot"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(walltime_seconds("walltime", text),
                         doctest::Contains("the option walltime is"), tutti::Error);
  }
}
