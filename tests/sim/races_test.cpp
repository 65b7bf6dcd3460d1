// test timeout: 120
// Races that have a name, each in every order of its world. A test also makes sure that its race
// did happen.

#include "support/sanitizers.hpp"
#include "support/small_world.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

/// Unknown tasks count as long, so that a worker with two of them is asked for one.
SmallOptions rich_workers(int workers) {
  return {.workers = workers,
          .throws = 0,
          .credit_ns = 100'000'000,
          .ahead_ns_min = 10'000'000'000,
          .elapsed_ns = 30'000,
          .submit_at_once = true};
}

SmallEvents walk(const std::vector<SmallWork>& works, const SmallOptions& options) {
  const SmallWalk walked = walk_all(works, options);
  const SmallEvents& e = walked.events;
  MESSAGE(walked.states << " states; given back " << e.tasks_given_back << " tasks, "
                        << e.ranges_given_back << " ranges, " << e.nothing_given_back
                        << " times nothing; " << e.gone << " gone; located " << e.located_elsewhere
                        << " elsewhere, " << e.located_at_asker << " at the asker, "
                        << e.located_nowhere << " nowhere; " << e.early << " early, " << e.replicas
                        << " replicas");
  return e;
}

SmallWork task(std::vector<std::size_t> needs = {}) { return {.needs = std::move(needs)}; }
SmallWork map_of(std::uint64_t elements, std::vector<std::size_t> sources = {}) {
  return {.needs = {}, .elements = elements, .sources = std::move(sources)};
}

TEST_CASE("independent tasks are given back, and each runs once") {
  SmallOptions options = rich_workers(2);
  options.throws = 1;
  CHECK(walk({task(), task(), task(), task()}, options).tasks_given_back > 0);
}

TEST_CASE("tasks that follow from one are given back by the rank that has it") {
  for (const std::uint64_t result_bytes : {0u, 10'000u}) {
    SmallOptions options = rich_workers(2);
    options.throws = 1;
    options.result_bytes = result_bytes;
    CHECK(walk({task(), task({0}), task({0}), task({0}), task({0})}, options).tasks_given_back > 0);
  }
}

TEST_CASE("what waits is cancelled: releases at any moment, while work is given back") {
  SmallOptions options = rich_workers(2);
  options.release_early = true;
  CHECK(walk({task(), task(), task(), task()}, options).tasks_given_back > 0);
  CHECK(walk({task(), task(), task(), task({0, 1}), task({3})}, options).early > 0);
  options.throws = 1;
  options.workers = 3;
  CHECK(walk({task(), task(), task(), task({0, 1, 2}), task({3})}, options).located_nowhere > 0);
}

TEST_CASE("a producer fails while its consumer waits elsewhere") {
  SmallOptions options = rich_workers(2);
  options.throws = 2;
  const SmallEvents events = walk({task(), task(), task({0, 1}), task({2}), task({3, 0})}, options);
  CHECK(events.gone > 0);
  CHECK(events.located_nowhere > 0);
  CHECK(events.early > 0);
}

TEST_CASE("a producer is placed anew while a consumer asks for it, also at the rank that asks") {
  for (const bool long_turns : {false, true}) {
    SmallOptions options = rich_workers(3);
    options.long_turns = long_turns;
    // Of four producers on three ranks one is given back when another rank is done.
    const SmallEvents events = walk({task(), task(), task(), task(), task({1, 2, 3})}, options);
    CHECK(events.tasks_given_back > 0);
    CHECK(events.gone > 0);
    CHECK(events.located_elsewhere > 0);
    CHECK(events.located_at_asker > 0);
  }
}

TEST_CASE("a producer is placed anew, throws, and its consumer asks for it") {
  SmallOptions options = rich_workers(3);
  options.throws = 1;
  const SmallEvents events =
      walk({task(), task(), task(), task(), task({1, 2, 3}), task({4})}, options);
  CHECK(events.located_at_asker > 0);
  CHECK(events.located_nowhere > 0);
}

TEST_CASE("copies of large results come before and after the reports of the originals") {
  for (const int workers : {2, 3}) {
    SmallOptions options = rich_workers(workers);
    options.result_bytes = 10'000;
    options.release_early = true;
    CHECK(walk({task(), task(), task({0, 1}), task({0, 1}), task({2, 0})}, options).replicas > 0);
  }
}

/// Elements that are known to be long enough for ranges of a few, which run one by one.
SmallOptions rich_with_elements(int workers) {
  SmallOptions options = rich_workers(workers);
  options.elapsed_ns = 10'000;
  options.block_ns = 10'000;
  return options;
}

TEST_CASE("ranges are given back, whole ones and the ends of those that run") {
  SmallOptions options = rich_with_elements(2);
  options.throws = 1;
  CHECK(walk({map_of(8)}, options).ranges_given_back > 0);
  CHECK(walk({map_of(3), map_of(3, {0})}, options).ranges_given_back > 0);
  options.workers = 3;
  CHECK(walk({map_of(5)}, options).ranges_given_back > 0);
}

TEST_CASE("a map is released while ranges of it are given back") {
  SmallOptions options = rich_with_elements(2);
  options.release_early = true;
  CHECK(walk({map_of(8)}, options).ranges_given_back > 0);
  CHECK(walk({map_of(4), map_of(4, {0})}, options).ranges_given_back > 0);
}

TEST_CASE("tasks need slices that end together, overlap, or are the whole map") {
  for (const bool release_early : {false, true}) {
    if (release_early && memory_is_watched) break;  // five minutes there
    SmallOptions options = rich_with_elements(2);
    options.throws = 1;
    options.release_early = release_early;
    const SmallWork whole{.slices = {{0, 0, 4}}};
    const SmallWork begin{.slices = {{0, 0, 2}}};
    const SmallWork middle{.slices = {{0, 1, 2}, {0, 2, 2}}};
    walk({map_of(4), whole, begin, middle}, options);
    // A constant of a map, beside an element and a task.
    walk({map_of(3), task(), {.needs = {1, 0}, .elements = 2, .slices = {{0, 1, 2}}}}, options);
  }
}

TEST_CASE("tasks come after tasks, maps and maps of nothing, and take nothing from them") {
  for (const bool release_early : {false, true}) {
    SmallOptions options = rich_with_elements(2);
    options.throws = 1;
    options.release_early = release_early;
    walk({task(), {.after = {0}}, {.needs = {0}, .after = {1}}, {.after = {0, 2}}}, options);
    walk({map_of(3), {.after = {0}}, map_of(1), {.after = {2, 1}}}, options);
    walk({map_of(3), {.slices = {{0, 1, 0}}}, {.elements = 2, .slices = {{0, 2, 0}}}}, options);
    walk({task(), {.needs = {0}, .elements = 0}, {.after = {1}}, {.elements = 2, .after = {2}}},
         options);
  }
}

TEST_CASE("every graph of 4 tasks with order in place of data ends in every order") {
  SmallOptions options = rich_workers(2);
  options.throws = 1;
  std::size_t states = 0;
  for (unsigned set = 0; set < 64; set += graph_stride) {
    std::vector<SmallWork> works(4);
    unsigned bit = 0;
    for (std::size_t later = 1; later < 4; ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier, ++bit) {
        if ((set >> bit & 1) == 0) continue;
        // Every third edge is mere order.
        (bit % 3 == 0 ? works[later].after : works[later].needs).push_back(earlier);
      }
    }
    states += walk_all(works, options).states;
  }
  MESSAGE(states << " states");
}

TEST_CASE("every graph of 4 tasks on three workers ends in every order") {
  SmallOptions options = rich_workers(3);
  options.throws = 1;
  options.long_turns = true;
  SmallEvents events;
  for (unsigned set = 0; set < 64; set += graph_stride) {
    std::vector<SmallWork> works(4);
    unsigned bit = 0;
    for (std::size_t later = 1; later < 4; ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier, ++bit) {
        if ((set >> bit & 1) != 0) works[later].needs.push_back(earlier);
      }
    }
    events += walk_all(works, options).events;
  }
  CHECK(events.tasks_given_back > 0);
}

TEST_CASE("workers pause and go on at any moment, one or both, and everything ends once") {
  SmallOptions options = rich_workers(2);
  options.pauses = 2;
  CHECK(walk({task(), task(), task()}, options).tasks_given_back > 0);
  walk({task(), task({0}), task({0, 1})}, options);
  options.pauses = 1;
  walk({map_of(2), map_of(2, {0})}, options);
  options.throws = 1;
  options.release_early = true;
  walk({task(), task({0}), task()}, options);
}

}  // namespace
}  // namespace tutti::testing
