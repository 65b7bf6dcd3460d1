// Tasks that need more of a worker than a slot.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace tutti::testing {
namespace {

using protocol::Demand;

/// Three workers with four slots: 1 has two GPUs, 2 has one, 3 a license.
struct GivenResources : GivenScheduler {
  GivenResources() : GivenScheduler(0) {
    scheduler.on_worker_joined(1, 4, 1000, {{{"gpu", 2}}, {0, 1}});
    scheduler.on_worker_joined(2, 4, 2000, {{{"gpu", 1}}, {0}});
    scheduler.on_worker_joined(3, 4, 0, {{{"license", 1}}, {}});
  }
  TaskId submit_with(const Demand& demand, std::int16_t priority = 0) {
    TaskSpec spec;
    spec.demand = &demand;
    spec.priority = priority;
    return submit({}, spec);
  }
  std::vector<Assign> assigned() {
    place();
    return sent.take<Assign>(sent.peek<Assign>());
  }
  std::vector<std::int32_t> devices(const Assign& assign) {
    return scheduler.demands().ref_of(assign.claim).devices.to_vector();
  }
};

Demand gpus(double amount) { return {.resources = {{"gpu", amount}}}; }

TEST_CASE("a device is given once, until its worker says that it is free") {
  GivenResources given;
  std::vector<TaskId> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(given.submit_with(gpus(1)));
  const std::vector<Assign> first = given.assigned();
  REQUIRE_EQ(first.size(), 3);
  std::vector<std::pair<int, int>> devices;
  for (const Assign& each : first) devices.emplace_back(each.worker, given.devices(each).at(0));
  std::ranges::sort(devices);
  CHECK(devices == std::vector<std::pair<int, int>>{{1, 0}, {1, 1}, {2, 0}});
  // The result is there, the device not yet.
  given.finish(first[0].worker, first[0].task);
  CHECK(given.assigned().empty());
  given.scheduler.on_claim_ended(first[0].claim);
  const std::vector<Assign> second = given.assigned();
  REQUIRE_EQ(second.size(), 1);
  CHECK_EQ(second[0].task, tasks[3]);
  CHECK_EQ(second[0].worker, first[0].worker);
  CHECK(given.devices(second[0]) == std::vector<std::int32_t>{devices[0].second});
}

TEST_CASE("what was cancelled has its device until it ends") {
  GivenResources given;
  const TaskId first = given.submit_with(gpus(2));
  const std::vector<Assign> running = given.assigned();
  REQUIRE_EQ(running.size(), 1);
  given.cancel(first);
  given.sent.take<Cancel>(1);
  given.sent.take<Failed>(1);
  given.submit_with(gpus(2));
  CHECK(given.assigned().empty());
  given.scheduler.on_claim_ended(running[0].claim);
  CHECK_EQ(given.assigned().size(), 1);
}

TEST_CASE("parts of a device share one, and leave whole ones whole") {
  GivenResources given;
  given.submit_with({.resources = {{"gpu", 0.5}}, .workers = {1}});
  given.submit_with({.resources = {{"gpu", 0.5}}, .workers = {1}});
  const std::vector<Assign> halves = given.assigned();
  REQUIRE_EQ(halves.size(), 2);
  CHECK(given.devices(halves[0]) == given.devices(halves[1]));
  given.submit_with({.resources = {{"gpu", 1}}, .workers = {1}});
  CHECK_EQ(given.assigned().size(), 1);
  given.submit_with({.resources = {{"gpu", 0.5}}, .workers = {1}});
  CHECK(given.assigned().empty());
}

TEST_CASE("tasks go to the workers that they name, or to others when they may") {
  GivenResources given;
  given.submit_with({.workers = {2}});
  CHECK_EQ(given.assigned().at(0).worker, 2);
  // Until worker 2 has its credit.
  for (int i = 0; i < 7; ++i) given.submit_with({.workers = {2}});
  CHECK_EQ(given.assigned().size(), 7);
  const TaskId hard = given.submit_with({.workers = {2}});
  const TaskId soft = given.submit_with({.workers = {2}, .others_too = true});
  const std::vector<Assign> others = given.assigned();
  REQUIRE_EQ(others.size(), 1);
  CHECK_EQ(others[0].task, soft);
  CHECK_NE(others[0].worker, 2);
  CHECK_EQ(given.state(hard), TaskState::ready);
}

TEST_CASE("who waits for much is not starved by those who want little") {
  GivenResources given;
  const TaskId small = given.submit_with({.resources = {{"gpu", 1}}, .workers = {1}});
  Assign last = given.assigned().at(0);
  CHECK_EQ(last.task, small);
  const TaskId large = given.submit_with({.resources = {{"gpu", 2}}, .workers = {1}});
  CHECK(given.assigned().empty());
  // The second device stays free for it.
  given.submit_with({.resources = {{"gpu", 1}}, .workers = {1}});
  CHECK(given.assigned().empty());
  given.finish(1, last.task);
  given.scheduler.on_claim_ended(last.claim);
  CHECK_EQ(given.assigned().at(0).task, large);
}

TEST_CASE("the more urgent demand goes first") {
  GivenResources given;
  given.submit_with({.resources = {{"license", 1}}});
  const Assign running = given.assigned().at(0);
  given.submit_with({.resources = {{"license", 1}}});
  const TaskId urgent = given.submit_with({.cores = 2, .resources = {{"license", 1}}}, 5);
  CHECK(given.assigned().empty());
  given.finish(3, running.task);
  given.scheduler.on_claim_ended(running.claim);
  CHECK_EQ(given.assigned().at(0).task, urgent);
}

TEST_CASE("elements of a map take their resources one by one") {
  GivenResources given;
  const Demand demand{.resources = {{"license", 1}}};
  scheduler::GroupSpec spec;
  spec.function = 7;
  spec.total = 3;
  spec.demand = &demand;
  given.scheduler.submit_group(spec, given.sent.commands());
  for (int i = 0; i < 3; ++i) {
    given.place();
    const auto range = given.sent.take<scheduler::Commands::AssignRange>(1).front();
    CHECK_EQ(range.count, 1);
    CHECK_EQ(range.worker, 3);
    CHECK_NE(range.claim, 0);
    given.finish_range(range);
    given.place();
    given.scheduler.on_claim_ended(range.claim);
  }
  CHECK_EQ(given.scheduler.demands().claims(), 0);
  given.sent.take<GroupDone>(1);
}

TEST_CASE("what nobody has is told, with what there is") {
  const GivenResources given;
  const auto why = [&](const Demand& demand) {
    return given.scheduler.demands().why_unsatisfiable(demand);
  };
  CHECK_EQ(why({.cores = 4}), "");
  CHECK_EQ(why(gpus(2)), "");
  CHECK_NE(why({.cores = 5}).find("5 cores, and the most that one worker has is 4"),
           std::string::npos);
  CHECK_NE(why(gpus(3)).find("the most that one worker has is 2"), std::string::npos);
  CHECK_NE(why({.resources = {{"tape", 1}}}).find("no worker has the resource 'tape'"),
           std::string::npos);
  CHECK_NE(why({.resources = {{"gpu", 2}}, .workers = {2}}).find("on rank 2"), std::string::npos);
  CHECK_NE(why({.resources = {{"gpu", 1}, {"license", 1}}}).find("all at once"), std::string::npos);
  // A worker without a limit takes any result.
  CHECK_EQ(why({.result_bytes = 5000}), "");
  CHECK_NE(why({.workers = {1, 2}, .result_bytes = 5000}).find("on rank 1 or 2"),
           std::string::npos);
}

}  // namespace
}  // namespace tutti::testing
