// Copies that rank 0 wants on this rank.

#include "support/given_worker.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace tutti::worker {
namespace {

using namespace testing;
using Answer = Data::Answer;

WorkerCommands::Replicated take_replicated(GivenWorker& given) {
  REQUIRE_EQ(given.commands.replicated.size(), 1);
  const WorkerCommands::Replicated result = given.commands.replicated.front();
  given.commands.replicated.clear();
  return result;
}

TEST_CASE("a value is fetched, kept however small it is, and reported") {
  GivenWorker given;
  given.state.on_replicate({task(3), 0, 1, 5, 0, 0}, given.commands);
  const auto fetch = given.take_fetch();
  CHECK_EQ(fetch.holder, 5);
  given.state.on_data(fetch.request, Answer::found, sim::make_sim_value(), 8, given.commands);
  const auto told = take_replicated(given);
  CHECK(told.id == task(3));
  CHECK(told.kept);
  CHECK(given.store.contains(task(3)));
  CHECK(given.commands.replicas.empty());
  // Once it is here, it is not fetched again.
  given.state.on_replicate({task(3), 0, 1, 5, 0, 0}, given.commands);
  CHECK(take_replicated(given).kept);
  given.state.on_release(task(3));
  CHECK(given.state.is_idle());
}

TEST_CASE("a stretch is kept in its place, and dropped alone") {
  GivenWorker given;
  for (const std::uint64_t begin : {0u, 10u}) {
    given.state.on_replicate({source, begin, 10, 5, 0, 0}, given.commands);
    const auto fetch = given.take_fetch();
    CHECK(fetch.slice);
    CHECK_EQ(fetch.count, 10);
    given.state.on_data(fetch.request, Answer::found, sim::make_sim_value(), 80, given.commands);
    CHECK_EQ(take_replicated(given).begin, begin);
  }
  given.state.on_drop_stretch(source, 0);
  CHECK(given.store.find_stretch(source, 5) == nullptr);
  CHECK(given.store.find_stretch(source, 15) != nullptr);
  CHECK_EQ(given.store.bytes(), 80);
  given.state.on_drop_stretch(source, 10);
  CHECK_EQ(given.store.size(), 0);
}

TEST_CASE("a fetch that a task waits for serves the copy too") {
  GivenWorker given;
  given.assign(task(1), {{task(3), 0, 1, 5, 0, 0}});
  const auto fetch = given.take_fetch();
  given.state.on_replicate({task(3), 0, 1, 5, 0, 0}, given.commands);
  CHECK(given.commands.fetch.empty());
  given.state.on_data(fetch.request, Answer::found, sim::make_sim_value(), 8, given.commands);
  CHECK(take_replicated(given).kept);
  CHECK(given.state.has_ready());
}

TEST_CASE("what cannot be brought here is reported, and what was moved is looked for") {
  GivenWorker given;
  given.state.on_replicate({task(3), 0, 1, 5, 0, 0}, given.commands);
  given.state.on_data(given.take_fetch().request, Answer::unwritable, {}, 0, given.commands);
  CHECK(!take_replicated(given).kept);
  given.state.on_replicate({task(4), 0, 1, 5, 0, 0}, given.commands);
  given.state.on_data(given.take_fetch().request, Answer::gone, {}, 0, given.commands);
  REQUIRE_EQ(given.commands.locate.size(), 1);
  given.commands.locate.clear();
  given.state.on_located({task(4), 6, 0}, given.commands);
  CHECK_EQ(given.take_fetch().holder, 6);
  given.state.on_located({task(4), -1, 0}, given.commands);
  CHECK(!take_replicated(given).kept);
  given.state.on_replicate({source, 0, 10, 5, 0, 0}, given.commands);
  given.state.on_data(given.take_fetch().request, Answer::gone, {}, 0, given.commands);
  CHECK(!take_replicated(given).kept);
  CHECK(given.state.is_idle());
}

}  // namespace
}  // namespace tutti::worker
