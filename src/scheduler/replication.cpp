// More copies of values and stretches, and moving them: a copy first, then the old one is dropped.

#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace tutti::scheduler {

/// Where it is: who is asked first, then the others.
std::vector<std::int32_t> Scheduler::holders_of(const Piece& piece) const {
  std::vector<std::int32_t> holders;
  const auto add = [&](std::int32_t first, const std::vector<std::int32_t>* more) {
    holders.push_back(first);
    if (more != nullptr) holders.insert(holders.end(), more->begin(), more->end());
  };
  if (piece.id.is_group()) {
    const GroupRecord* group = groups_.find(piece.id);
    if (group == nullptr) return holders;
    const auto chunk = group->chunks.find(piece.begin);
    if (chunk == group->chunks.end()) return holders;
    const auto copies = group->copies.find(piece.begin);
    add(chunk->second.worker, copies == group->copies.end() ? nullptr : &copies->second);
    return holders;
  }
  const TaskRecord* record = tasks_.find(piece.id);
  if (record == nullptr || record->state != TaskState::finished) return holders;
  const auto copies = copies_.find(piece.id.slot());
  add(record->worker, record->has_copies ? &copies->second : nullptr);
  return holders;
}

bool Scheduler::is_replicating(TaskId id) const {
  const auto next = replications_.lower_bound(Piece{id, 0});
  return next != replications_.end() && next->first.id == id;
}

/// Dependents of the value, or of the whole sequence, that are not done; not its own copying.
std::uint32_t Scheduler::users_of(TaskId id) const {
  const std::uint32_t references =
      id.is_group() ? groups_.find(id)->references : tasks_.find(id)->references;
  std::uint32_t copying = 0;
  for (auto each = replications_.lower_bound(Piece{id, 0});
       each != replications_.end() && each->first.id == id; ++each)
    ++copying;
  return references - copying;
}

void Scheduler::replicate(const Piece& piece, std::span<const std::int32_t> targets,
                          std::span<const std::int32_t> leaving, Commands& commands) {
  const std::vector<std::int32_t> holders = holders_of(piece);
  check(!holders.empty(), "what is copied is finished and somewhere");
  const auto [found, is_new] = replications_.try_emplace(piece);
  Replication& replication = found->second;
  if (is_new) {
    // Nobody may be told that it is the last user while others read it.
    check(piece.id.is_group() ? groups_.find(piece.id)->client_holds
                              : tasks_.find(piece.id)->client_holds,
          "what the client has copied is held by it");
    ++(piece.id.is_group() ? groups_.at(piece.id.slot()).references
                           : tasks_.at(piece.id.slot()).references);
    replication.idle_sources.assign(holders.begin(), holders.end());
  }
  for (const std::int32_t target : targets) {
    std::erase(replication.leaving, target);
    const bool comes =
        std::ranges::find(replication.targets, target) != replication.targets.end() ||
        std::ranges::find(replication.under_way, target, &Replication::Copy::target) !=
            replication.under_way.end();
    if (!comes && std::ranges::find(holders, target) == holders.end())
      replication.targets.push_back(target);
  }
  for (const std::int32_t holder : leaving) {
    const bool stays = std::ranges::find(targets, holder) != targets.end();
    if (!stays && std::ranges::find(replication.leaving, holder) == replication.leaving.end())
      replication.leaving.push_back(holder);
  }
  go_on(found->first, commands);
}

/// Every holder that is not sending makes one copy: with each round there are twice as many.
void Scheduler::go_on(Piece piece, Commands& commands) {
  Replication& replication = replications_.at(piece);
  const std::uint64_t count =
      piece.id.is_group() ? groups_.find(piece.id)->chunks.at(piece.begin).count : 1;
  while (!replication.targets.empty() && !replication.idle_sources.empty()) {
    const std::int32_t target = replication.targets.front();
    replication.targets.pop_front();
    // Somebody there may have fetched it since for a task.
    const std::vector<std::int32_t> holders = holders_of(piece);
    if (std::ranges::find(holders, target) != holders.end()) continue;
    const std::int32_t source = replication.idle_sources.front();
    replication.idle_sources.pop_front();
    replication.under_way.push_back({source, target});
    commands.replicate.push_back({piece, count, target, source});
  }
  if (replication.under_way.empty()) end_replication(piece, commands);
}

void Scheduler::on_replicated(int rank, const Piece& piece, bool kept, Commands& commands) {
  const auto found = replications_.find(piece);
  check(found != replications_.end(), "a copy that was asked for is waited for");
  Replication& replication = found->second;
  const auto copy = std::ranges::find(replication.under_way, rank, &Replication::Copy::target);
  check(copy != replication.under_way.end(), "a rank answers once for each copy");
  replication.idle_sources.push_back(copy->source);
  replication.under_way.erase(copy);
  if (kept) {
    add_holder(piece, rank);
    replication.idle_sources.push_back(rank);
  }
  const bool wanted = piece.id.is_group() ? groups_.find(piece.id)->client_holds
                                          : tasks_.find(piece.id)->client_holds;
  if (!wanted && users_of(piece.id) == 0) replication.targets.clear();
  commands.replicated.push_back({piece, rank, kept});
  go_on(piece, commands);
  forget_unneeded(commands);
}

/// All copies are there. Who was to give it up does, unless a task or map that is not done may
/// read it there; then it stays a copy.
void Scheduler::end_replication(Piece piece, Commands& commands) {
  const auto found = replications_.find(piece);
  const bool idle = users_of(piece.id) == 0;
  for (const std::int32_t holder : found->second.leaving) {
    if (idle && holders_of(piece).size() > 1) drop_holder(piece, holder, commands);
  }
  replications_.erase(found);
  drop_reference(piece.id);
}

void Scheduler::add_holder(const Piece& piece, std::int32_t rank) {
  const std::vector<std::int32_t> holders = holders_of(piece);
  if (std::ranges::find(holders, rank) != holders.end()) return;
  if (piece.id.is_group()) {
    groups_.at(piece.id.slot()).copies[piece.begin].push_back(rank);
    return;
  }
  copies_[piece.id.slot()].push_back(rank);
  tasks_.at(piece.id.slot()).has_copies = true;
}

/// It is not the last one.
void Scheduler::drop_holder(const Piece& piece, std::int32_t rank, Commands& commands) {
  std::vector<std::int32_t> holders = holders_of(piece);
  if (std::erase(holders, rank) == 0) return;
  commands.drop.push_back({piece, rank});
  const std::int32_t first = holders.front();
  holders.erase(holders.begin());
  if (piece.id.is_group()) {
    GroupRecord& group = groups_.at(piece.id.slot());
    group.chunks.at(piece.begin).worker = first;
    if (holders.empty()) {
      group.copies.erase(piece.begin);
    } else {
      group.copies[piece.begin] = std::move(holders);
    }
    return;
  }
  TaskRecord& record = tasks_.at(piece.id.slot());
  record.worker = first;
  record.has_copies = !holders.empty();
  if (holders.empty()) {
    copies_.erase(piece.id.slot());
  } else {
    copies_[piece.id.slot()] = std::move(holders);
  }
}

}  // namespace tutti::scheduler
