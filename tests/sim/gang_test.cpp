// Every order of what happens in small worlds with gangs.

#include "support/sanitizers.hpp"
#include "support/small_world.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::testing {
namespace {

const SmallWork task{};
const SmallWork pair{.gang = 2};
const SmallWork after_first{.needs = {0}};

SmallEvents walk(const std::vector<std::vector<SmallWork>>& worlds, const SmallOptions& options) {
  SmallWalk sum;
  for (const auto& works : worlds) {
    const SmallWalk walked = walk_all(works, options);
    sum.states += walked.states;
    sum.events += walked.events;
  }
  MESSAGE(sum.states << " states, " << sum.events.members_ended << " members ended, "
                     << sum.events.members_failed << " failed, " << sum.events.gangs_stopped
                     << " told to stop");
  CHECK(sum.states > 100);
  CHECK(sum.events.members_ended > 0);
  return sum.events;
}

const std::vector<std::vector<SmallWork>> gangs_and_tasks{
    {pair},
    {pair, after_first},
    {task, {.needs = {0}, .gang = 2}},
    {pair, task},
    {task, pair, task},
    {pair, pair},
    {task, {.needs = {0}, .gang = 2}, {.needs = {1}}},
};

TEST_CASE("gangs of two end in every order: two workers, one slot, a throw") {
  const SmallEvents events = walk(gangs_and_tasks, {.workers = 2, .slots = 1});
  CHECK(events.members_failed > 0);
  CHECK(events.gangs_stopped > 0);
}

TEST_CASE("gangs of two end in every order: two workers, two slots, two throws") {
  walk(gangs_and_tasks, {.workers = 2, .slots = 2, .throws = 2});
}

TEST_CASE("gangs of two end in every order: three workers") {
  walk(gangs_and_tasks, {.workers = 3, .slots = 1, .throws = 1});
}

TEST_CASE("a gang that fails is tried again when all of its members are back") {
  const std::vector<std::vector<SmallWork>> worlds{
      {{.gang = 2, .retries = 1}},
      {{.gang = 2, .retries = 1}, task},
      {{.gang = 2, .retries = 1}, after_first},
      {task, {.needs = {0}, .gang = 2, .retries = 2}},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 2});
  walk(worlds, {.workers = 2, .slots = 2, .throws = 2});
  walk(worlds, {.workers = 2, .slots = 1, .throws = 2, .long_turns = true});
}

TEST_CASE("a gang is cancelled at any moment") {
  const std::vector<std::vector<SmallWork>> worlds{
      {pair},
      {pair, after_first},
      {task, {.needs = {0}, .gang = 2}},
      {{.gang = 2, .retries = 1}, task},
  };
  CHECK(walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .cancels = 1}).stopped > 0);
  walk(worlds, {.workers = 2, .slots = 2, .throws = 0, .cancels = 2});
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .cancels = 1, .long_turns = true});
}

TEST_CASE("the future of a gang is released at any moment") {
  const std::vector<std::vector<SmallWork>> worlds{
      {pair},
      {pair, after_first},
      {task, {.needs = {0}, .gang = 2}},
      {{.gang = 2, .retries = 1}, task},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .release_early = true});
}

TEST_CASE("workers pause and go on while gangs wait and run") {
  const std::vector<std::vector<SmallWork>> worlds{{pair}, {pair, task}, {pair, pair}};
  walk(worlds, {.workers = 2, .slots = 1, .throws = 0, .pauses = 3});
  walk(worlds, {.workers = 3, .slots = 1, .throws = 0, .pauses = 2});
}

TEST_CASE("large inputs are fetched by all members") {
  const std::vector<std::vector<SmallWork>> worlds{
      {task, {.needs = {0}, .gang = 2}},
      {task, {.needs = {0}, .gang = 2}, {.needs = {0, 1}}},
  };
  CHECK(walk(worlds, {.workers = 2, .slots = 1, .throws = 1, .result_bytes = 10'000}).replicas > 0);
}

TEST_CASE("maps go on beside gangs") {
  const std::vector<std::vector<SmallWork>> worlds{
      {{.needs = {}, .elements = 2, .sources = {}}, pair},
      {pair, {.needs = {0}, .elements = 2, .sources = {}}},
  };
  walk(worlds, {.workers = 2, .slots = 1, .throws = 1});
}

}  // namespace
}  // namespace tutti::testing
