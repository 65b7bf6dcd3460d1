// Small worlds in every order in which a client cancels what it submitted: all ends, nothing is
// left anywhere, and nothing is read that was freed.

#include "support/small_world.hpp"

#include <doctest/doctest.h>

namespace tutti::testing {
namespace {

TEST_CASE("graphs of three tasks, one of which is cancelled at any moment") {
  const std::vector<std::vector<SmallWork>> graphs{
      {{}, {{0}}, {{1}}}, {{}, {{0}}, {{0}}}, {{}, {}, {{0, 1}}}, {{}, {}, {}}};
  SmallEvents events;
  for (const auto& graph : graphs) {
    for (int workers = 1; workers <= 2; ++workers) {
      events += walk_all(graph, {.workers = workers, .cancels = 1, .submit_at_once = true}).events;
      events += walk_all(graph, {.workers = workers,
                                 .throws = 0,
                                 .release_early = true,
                                 .result_bytes = 1 << 20,
                                 .cancels = 1,
                                 .submit_at_once = true})
                    .events;
    }
  }
  CHECK(events.stopped != 0);
}

TEST_CASE("maps that are cancelled, also with maps and tasks that need them") {
  const std::vector<std::vector<SmallWork>> worlds{
      {{.elements = 3}},
      {{.elements = 2}, {.elements = 2, .sources = {0}}},
      {{.elements = 2}, {.needs = {0}}},
      {{}, {.needs = {0}, .elements = 2}},
  };
  for (const auto& world : worlds) {
    for (int workers = 1; workers <= 2; ++workers)
      walk_all(world, {.workers = workers, .cancels = 1, .submit_at_once = true});
  }
}

TEST_CASE("what is cancelled while workers pause, and while copies are made") {
  SmallEvents events;
  for (const auto& graph : std::vector<std::vector<SmallWork>>{
           {{}, {{0}}}, {{.elements = 2}}, {{}, {.needs = {0}, .elements = 2}}}) {
    SmallOptions options{.workers = 2, .throws = 0, .cancels = 1, .pauses = 1};
    options.submit_at_once = true;
    events += walk_all(graph, options).events;
    options.pauses = 0;
    options.copies = 1;
    options.result_bytes = 1 << 20;
    events += walk_all(graph, options).events;
  }
  CHECK(events.stopped != 0);
  CHECK(events.copied != 0);
}

}  // namespace
}  // namespace tutti::testing
