// Copies of values and stretches: in a tree, beside running tasks, and moves that drop the old one.

#include "support/given_scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace tutti::testing {
namespace {

using scheduler::AvailablePiece;
using scheduler::Holding;
using scheduler::Move;
using scheduler::plan_rebalance;

using Ranks = std::vector<std::int32_t>;

/// A value that the client placed on worker 1.
struct OneValue {
  explicit OneValue(int workers) : given(workers) {
    const std::int32_t holder = 1;
    piece.id = given.scheduler.place_value({&holder, 1}, 100, true);
  }
  Ranks holders() const { return given.scheduler.holders_of(piece); }

  GivenScheduler given;
  Piece piece;
};

TEST_CASE("copies are made in a tree: with each round there are twice as many") {
  OneValue value(8);
  value.given.replicate(value.piece, {1, 2, 3, 4, 5, 6, 7, 8});
  std::size_t rounds = 0;
  for (std::size_t copies = 1; copies < 8; copies *= 2, ++rounds) {
    const auto round = value.given.sent.take<Replicate>(copies);
    for (const Replicate& each : round) {
      const Ranks holders = value.holders();
      CHECK(std::ranges::find(holders, each.source) != holders.end());
    }
    for (const Replicate& each : round) value.given.copied(each);
  }
  CHECK_EQ(rounds, 3);
  CHECK_EQ(value.holders().size(), 8);
  CHECK(!value.given.scheduler.is_replicating(value.piece.id));
  value.given.release(value.piece.id);
  value.given.sent.take<Release>(8);
  value.given.sent.take<Forgotten>(1);
}

TEST_CASE("a value that is released while it is copied goes when the copies are there") {
  OneValue value(4);
  value.given.replicate(value.piece, {2, 3, 4});
  const auto first = value.given.sent.take<Replicate>(1).front();
  value.given.release(value.piece.id);
  CHECK(value.given.sent.empty());
  value.given.copied(first);  // the others are not begun any more
  const auto released = value.given.sent.take<Release>(2);
  CHECK(released[0].id == value.piece.id);
  value.given.sent.take<Forgotten>(1);
}

TEST_CASE("a copy that could not be made leaves everything as it was, and the others are made") {
  OneValue value(3);
  value.given.replicate(value.piece, {2, 3});
  value.given.copied(value.given.sent.take<Replicate>(1).front(), false);
  value.given.copied(value.given.sent.take<Replicate>(1).front());
  CHECK(value.holders() == Ranks{1, 3});
  CHECK(!value.given.scheduler.is_replicating(value.piece.id));
  value.given.release(value.piece.id);
  value.given.sent.take<Release>(2);
  value.given.sent.take<Forgotten>(1);
}

TEST_CASE("a value is moved by a copy, and then the old one is dropped") {
  OneValue value(2);
  value.given.replicate(value.piece, {2}, {1});
  CHECK(value.holders() == Ranks{1});
  value.given.copied(value.given.sent.take<Replicate>(1).front());
  CHECK_EQ(value.given.sent.take<Drop>(1).front().worker, 1);
  CHECK(value.holders() == Ranks{2});
  CHECK_EQ(value.given.locate(1, value.piece.id), 2);
  value.given.release(value.piece.id);
  CHECK_EQ(value.given.sent.take<Release>(1).front().worker, 2);
  value.given.sent.take<Forgotten>(1);
}

TEST_CASE("while a task that needs the value is not done, the old copy stays") {
  OneValue value(2);
  const TaskId task = value.given.submit({{value.piece.id, 0}});
  value.given.place();
  const Assign assigned = value.given.take_assign();
  value.given.replicate(value.piece, {2}, {1});
  value.given.copied(value.given.sent.take<Replicate>(1).front());
  CHECK(value.holders() == Ranks{1, 2});
  value.given.finish(assigned.worker, task);
  // Now it is idle: who asks again for the move gets it without another copy.
  value.given.replicate(value.piece, {2}, {1});
  CHECK_EQ(value.given.sent.take<Drop>(1).front().worker, 1);
  CHECK(value.holders() == Ranks{2});
}

TEST_CASE("a task that a worker fetched the value for in the meantime makes that copy needless") {
  OneValue value(3);
  value.given.replicate(value.piece, {2, 3});
  const Replicate first = value.given.sent.take<Replicate>(1).front();
  value.given.fetched(3, value.piece.id);
  value.given.copied(first);
  CHECK(value.holders() == Ranks{1, 3, 2});
  CHECK(!value.given.scheduler.is_replicating(value.piece.id));
}

TEST_CASE("stretches are copied and moved one by one, and a map of them runs where they are") {
  GivenScheduler given(3);
  const std::array<AvailablePiece, 2> stretches{AvailablePiece{0, 4, 1}, AvailablePiece{4, 4, 1}};
  const TaskId sequence = given.scheduler.place_sequence(stretches, 8, 800);
  given.replicate({sequence, 4}, {2}, {1});
  const Replicate command = given.sent.take<Replicate>(1).front();
  CHECK_EQ(command.count, 4);
  given.copied(command);
  const Drop dropped = given.sent.take<Drop>(1).front();
  CHECK(dropped.piece == Piece{sequence, 4});
  std::vector<protocol::PieceRef> pieces;
  given.scheduler.append_pieces(sequence, 0, 2, 4, pieces);
  REQUIRE_EQ(pieces.size(), 2);
  CHECK_EQ(pieces[0].holder, 1);
  CHECK_EQ(pieces[1].holder, 2);
  given.release(sequence);
  CHECK_EQ(given.sent.take<Release>(2).back().worker, 2);
  given.sent.take<Forgotten>(1);
}

TEST_CASE("memory is evened out, large pieces first, relative to the limits") {
  const auto plan = [](const std::vector<Holding>& workers,
                       const std::vector<std::uint64_t>& sizes) {
    std::vector<Move> movable;
    for (std::uint32_t slot = 0; slot < sizes.size(); ++slot)
      movable.push_back({{TaskId::task(slot, 1), 0}, sizes[slot], 1, -1});
    std::vector<Holding> after = workers;
    for (const Move& move : plan_rebalance(workers, movable)) {
      for (Holding& each : after) {
        each.bytes -= each.worker == move.from ? move.bytes : 0;
        each.bytes += each.worker == move.to ? move.bytes : 0;
      }
    }
    std::vector<std::uint64_t> bytes;
    for (const Holding& each : after) bytes.push_back(each.bytes);
    return bytes;
  };
  using Bytes = std::vector<std::uint64_t>;
  CHECK(plan({{1, 400, 0}, {2, 0, 0}}, {100, 100, 100, 100}) == Bytes{200, 200});
  CHECK(plan({{1, 600, 0}, {2, 0, 0}, {3, 0, 0}}, {300, 200, 100}) == Bytes{200, 300, 100});
  // Twice the room takes twice as much.
  CHECK(plan({{1, 300, 1000}, {2, 0, 2000}}, {100, 100, 100}) == Bytes{100, 200});
  // One piece cannot be evened out, nothing is moved to and fro, and nothing moves without need.
  CHECK(plan({{1, 100, 0}, {2, 0, 0}}, {100}) == Bytes{100, 0});
  CHECK(plan({{1, 100, 0}, {2, 100, 0}}, {50, 50}) == Bytes{100, 100});
  CHECK(plan({{1, 100, 0}}, {50, 50}) == Bytes{100});
}

TEST_CASE("rebalance moves what is idle and leaves what is needed or copied") {
  GivenScheduler given(2);
  const std::int32_t holder = 1;
  std::vector<TaskId> ids;
  for (int number = 0; number < 4; ++number)
    ids.push_back(given.scheduler.place_value({&holder, 1}, 100, true));
  (void)given.submit({{ids[0], 0}});
  given.place();
  given.take_assign();
  const Ranks ranks{1, 2};
  const auto moves = given.scheduler.rebalance(ids, ranks, given.sent.commands());
  CHECK_EQ(moves.size(), 2);
  for (const Move& move : moves) CHECK(move.piece.id != ids[0]);
  for (const Replicate& each : given.sent.take<Replicate>(2)) given.copied(each);
  given.sent.take<Drop>(2);
  CHECK(given.scheduler.rebalance(ids, ranks, given.sent.commands()).empty());
}

TEST_CASE("rebalance leaves what a task on another rank holds: it was told where that is") {
  GivenScheduler given(2);
  std::vector<TaskId> ids{given.scheduler.reserve_task(), given.scheduler.reserve_group()};
  given.scheduler.place_for_task(1, ids[0], 100, 0, true);
  given.scheduler.place_for_task(1, ids[1], 100, 10, true);
  given.scheduler.check_invariants();
  const Ranks ranks{1, 2};
  CHECK(given.scheduler.rebalance(ids, ranks, given.sent.commands()).empty());
}

}  // namespace
}  // namespace tutti::testing
